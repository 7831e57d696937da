"""How fast bf16 is against fp32 on a device: measured, since no list of processors stays true.

A small CNN is trained in turn in either precision; the answer is the median over rounds of the ratio of both, so that
a machine that is busy in between slows down both sides of a ratio.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from lrlab.engine.precision import Precision, lowered
from lrlab.models.convnet import ConvNet

FASTER, SLOWER = 1.2, 1 / 1.2  # between them the two are as good as equal
_LEAST, _MOST = 3, 25  # rounds
_SHAPE, _CLASSES, _SEED = (3, 32, 32), 10, 0
_CPU, _CUDA = (32, 1), (256, 20)  # images in a batch; updates in a turn
Turn = Callable[[], float]


@dataclass(frozen=True, slots=True)
class PrecisionTiming:
    """What was measured.

    Attributes:
        fp32_ms: milliseconds of forward and backward of one batch, the median; of the CPU's or of the GPU's time.
        bf16_ms: likewise.
        speedup: median over rounds of fp32/bf16; above 1 bf16 is the faster.
        rounds: how many there were.
    """

    fp32_ms: float
    bf16_ms: float
    speedup: float
    rounds: int


def time_precisions(device: torch.device, *, seconds: float = 1.5) -> PrecisionTiming:
    """Time fp32 and bf16 on `device` for about so many seconds, on a CPU with one thread, as trials have it.

    Generators and the number of threads are left as they were.
    """
    generators = [device.index or 0] if device.type == "cuda" else []
    with _one_thread(), torch.random.fork_rng(devices=generators):
        torch.manual_seed(_SEED)
        return alternate(_turn(device, "fp32"), _turn(device, "bf16"), seconds=seconds)


def alternate(
    fp32: Turn, bf16: Turn, *, seconds: float, now: Callable[[], float] = time.perf_counter
) -> PrecisionTiming:
    """Take turns until the time is up, who begins changing each round; at least 3 rounds, 25 at most.

    Args:
        fp32: does a piece of work and returns its cost in milliseconds; the first one, which warms up, is not counted.
        bf16_ms: likewise.
        seconds: on the clock `now`.
    """
    fp32(), bf16()
    began = now()
    costs: list[tuple[float, float]] = []
    while len(costs) < _LEAST or (len(costs) < _MOST and now() - began < seconds):
        if len(costs) % 2:
            second, first = bf16(), fp32()
        else:
            first, second = fp32(), bf16()
        costs.append((first, second))
    whole, half = zip(*costs, strict=True)
    return PrecisionTiming(median(whole), median(half), median(a / b for a, b in costs), len(costs))


def _turn(device: torch.device, precision: Precision) -> Turn:
    """Forward and backward of a batch, a few times over; costs are those of one."""
    images, updates = _CUDA if device.type == "cuda" else _CPU
    model = ConvNet(_SHAPE, _CLASSES, stages=(1, 1, 1), pools=3, width=32, norm="batch", activation="relu").to(device)
    pixels = torch.randn(images, *_SHAPE).to(device, memory_format=torch.channels_last)
    labels = torch.randint(_CLASSES, (images,)).to(device)
    forward = lowered(model, precision, device)

    def work() -> None:
        for _ in range(updates):
            model.zero_grad()
            loss: Any = cross_entropy(forward(pixels), labels)
            loss.backward()

    return lambda: (_on_cuda(work, device) if device.type == "cuda" else _on_cpu(work)) / updates


def _on_cpu(work: Callable[[], None]) -> float:
    """Milliseconds of CPU time, which other processes do not add to."""
    began = time.process_time()
    work()
    return 1e3 * (time.process_time() - began)


def _on_cuda(work: Callable[[], None], device: torch.device) -> float:
    """Milliseconds between two events around what was queued."""
    event: Any = torch.cuda.Event
    start, end = event(enable_timing=True), event(enable_timing=True)
    stream = torch.cuda.current_stream(device)
    start.record(stream)
    work()
    end.record(stream)
    end.synchronize()
    return float(start.elapsed_time(end))


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
