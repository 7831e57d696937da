"""Running out of memory, said in words."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from lrlab.errors import ResourceError

_GIB = 2**30


@contextmanager
def memory_explained(device: torch.device, batch_size: int) -> Iterator[None]:
    """Turn torch's report of a failed allocation in the block into a sentence with advice.

    Args:
        device: where the block computes.
        batch_size: images per forward pass.

    Raises:
        ResourceError: instead of `torch.OutOfMemoryError`, and of what the CPU's allocator raises.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        named = isinstance(error, torch.OutOfMemoryError | MemoryError)
        if not named and "can't allocate memory" not in str(error):  # the CPU's allocator has no exception of its own
            raise
        raise ResourceError(
            f"out of memory on {device} with batches of {batch_size} images; {_peak(device)}",
            hint="lower data.batch_size, and raise train.accumulate by the same factor to keep the update; or use "
            "train.precision=bf16, or a smaller model",
        ) from error


def _peak(device: torch.device) -> str:
    if device.type == "cuda":
        peak, total = torch.cuda.max_memory_allocated(device), torch.cuda.mem_get_info(device)[1]
        return f"the peak was {peak / _GIB:.2f} of {total / _GIB:.2f} GiB"
    try:
        import resource  # not on Windows
    except ImportError:
        return "the peak is not known"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return f"this process had {peak / _GIB:.2f} GiB at its peak"
