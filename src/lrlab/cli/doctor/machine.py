"""CPU, CUDA and threads; and whether bf16 pays here. Functions with torch in them import it themselves."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrlab.cli.doctor.check import Check, size
from lrlab.runs.machine import Cpu

if TYPE_CHECKING:
    from lrlab.engine.precision_timing import PrecisionTiming

_GET_TORCH = "https://pytorch.org/get-started/locally/"
_OTHER_DEVICE = "free its memory, or choose another device: --device cpu"


@dataclass(frozen=True, slots=True)
class Gpu:
    """One CUDA device: as torch names it, the product, memory in bytes, compute capability as `9.0`."""

    device: str
    name: str
    memory: int
    capability: str


def cpu_check(cpu: Cpu) -> Check:
    """What CPU there is and how much of it may be used."""
    found = f"{cpu.name}, {cpu.cores} logical cores, bf16 instructions: {', '.join(cpu.bf16) or 'none'}"
    if cpu.usable >= cpu.cores:
        return Check("cpu", "ok", found)
    limits = [f"the affinity allows {cpu.allowed}"] if cpu.allowed < cpu.cores else []
    limits += [f"the control group grants the time of {cpu.quota:.3g}"] if cpu.quota < cpu.cores else []
    return Check("cpu", "note", f"{found}; {', '.join(limits)}", f"use at most --jobs {cpu.usable}")


def gpus() -> list[Gpu]:
    """The CUDA devices that torch can use."""
    import torch

    found = []
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        facts = torch.cuda.get_device_properties(index)
        found.append(Gpu(f"cuda:{index}", facts.name, facts.total_memory, f"{facts.major}.{facts.minor}"))
    return found


def cuda_checks(found: Sequence[Gpu], problem: str, *, in_machine: int) -> list[Check]:
    """Each CUDA device; or why there is none. `in_machine` counts the GPUs that the driver knows."""
    if found:
        return [
            Check(gpu.device, "ok", f"{gpu.name}, {size(gpu.memory)}, compute capability {gpu.capability}")
            for gpu in found
        ]
    if not in_machine:
        return [Check("cuda", "ok", "no NVIDIA GPU here: everything runs on the CPU")]
    there = f"{in_machine} NVIDIA GPU{'s' if in_machine > 1 else ''} here, but {problem}"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and "without CUDA" not in problem:
        return [Check("cuda", "note", there, f"CUDA_VISIBLE_DEVICES={hidden!r} chooses them; unset it")]
    advice = f"install torch for the CUDA version that nvidia-smi shows: {_GET_TORCH}"
    return [Check("cuda", "note", there, advice)]


def thread_check(cpu: Cpu, threads: int, variable: str) -> Check:
    """What torch takes by itself, and how trials share the CPU; `variable` is the environment's OMP_NUM_THREADS."""
    given = f"OMP_NUM_THREADS={variable}" if variable else "OMP_NUM_THREADS unset"
    sweep = f"a trial takes train.threads=1; a sweep fills {_cpus(cpu.usable)} with --jobs {cpu.usable}"
    found = f"torch takes {threads} by itself ({given}); {sweep}"
    if threads <= cpu.usable:
        return Check("threads", "ok", found)
    return Check("threads", "note", found, f"your own scripts run faster with OMP_NUM_THREADS={cpu.usable}")


def precision_check(device: str, timing: "PrecisionTiming") -> Check:
    """Which of the two kinds of machine this is: one where bf16 pays, or one where it costs."""
    from lrlab.engine.precision_timing import FASTER, SLOWER

    topic = f"bf16 on {device}"
    measured = f"{timing.bf16_ms:.3g} ms a batch of a small CNN, fp32 {timing.fp32_ms:.3g} ms"
    if timing.speedup > FASTER:
        pays = "train.precision=bf16 pays for nets of that size; --dry-run times yours"
        return Check(topic, "ok", f"{timing.speedup:.2g} times as fast as fp32 ({measured}): {pays}")
    if timing.speedup < SLOWER:
        found = f"{1 / timing.speedup:.2g} times slower than fp32 ({measured}): this {_kind(device)} has no use for it"
        return Check(topic, "note", found, "stay with train.precision=fp32, the default")
    return Check(topic, "ok", f"as fast as fp32 ({measured}): nothing to gain from train.precision=bf16")


def failed_check(device: str, error: Exception) -> Check:
    """A device that does not compute."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return Check(f"bf16 on {device}", "problem", f"{device} cannot train a small CNN: {reason}", _OTHER_DEVICE)


def _kind(device: str) -> str:
    return "GPU" if device.startswith("cuda") else "CPU"


def _cpus(count: int) -> str:
    return "the CPU" if count == 1 else f"{count} CPUs"
