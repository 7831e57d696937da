"""What the slots of a pool see of the machine: threads, and a GPU each."""

import os


def environments(device: str, threads: int, gpus: int) -> list[dict[str, str]]:
    """Variables for each slot, to be set before torch is imported; slot i takes number i modulo their count.

    With `device` cuda or auto and `gpus` GPUs, jobs are spread over them in turn, so that twice as many jobs as
    GPUs are two on each. A device with a number (`cuda:1`) is meant: all jobs share it. `threads` is the config's,
    whatever the number of jobs, since results depend on it.
    """
    common = {"OMP_NUM_THREADS": str(threads)}
    if device not in ("auto", "cuda"):
        return [common]
    return [{**common, "CUDA_VISIBLE_DEVICES": name} for name in _names(gpus)] or [common]


def _names(count: int) -> list[str]:
    """The names of `count` GPUs as CUDA_VISIBLE_DEVICES gives them to this process."""
    listed = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return listed[:count] or [str(index) for index in range(count)]
