"""What a step, an evaluation and a checkpoint cost here and now; for predictions."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from lrlab.engine.batches import EpochSource, batch_size
from lrlab.engine.checkpoint import CheckpointStore
from lrlab.engine.evaluate import evaluate
from lrlab.engine.loop import run_loop
from lrlab.engine.state import Progress, capture_state, weights
from lrlab.launch.assemble import Trial
from lrlab.launch.recording import CurveRecorder
from lrlab.launch.sweep import run_sweep
from lrlab.policies.base import Hyper, Knot, Policy

_ENOUGH = 0.5  # seconds of steps that make a mean
_MOST = 256  # steps


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds on the clock and of the CPU."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)

    def times(self, factor: float) -> "Cost":
        """So many of it."""
        return Cost(self.seconds * factor, self.cpu_seconds * factor)


def time_step(trial: Trial) -> Cost:
    """Of one update, by the loop that will run: the mean of a few after the first two, which are slower."""
    _steps(trial, 2)
    size = 2
    while True:
        size = min(2 * size, trial.policy.total)
        cost = _timed(trial, partial(_steps, trial, size))
        if cost.seconds > _ENOUGH or size >= min(_MOST, trial.policy.total):
            return cost.times(1 / size)


def time_image(trial: Trial) -> Cost:
    """Of one image of a validation or test split."""
    source = trial.test or trial.val
    if source is None:
        return Cost()
    few = _Few(source)
    measure = partial(evaluate, trial.task, few, split="test", step=0, epoch=0)
    measure()
    return _timed(trial, measure).times(1 / sum(map(batch_size, few.batches(0))))


def time_checkpoint(trial: Trial) -> tuple[Cost, int, int]:
    """Of one regular checkpoint, written, hashed and synced as in a run; its bytes, and those of weights alone."""
    with tempfile.TemporaryDirectory() as folder:
        store = CheckpointStore(Path(folder))
        initial = store.save_initial(weights(trial.task))
        cost = _timed(trial, lambda: store.save_step(1, capture_state(trial.task, Progress())))
        return cost, _bytes(store.steps()[-1]), _bytes(initial)


@dataclass(frozen=True)
class _Beginning:
    """The first updates of a policy."""

    policy: Policy
    total: int

    def at(self, step: int) -> Hyper:
        return self.policy.at(step)

    def knots(self) -> tuple[Knot, ...]:
        return ()


@dataclass
class _Few:
    """The first two batches of a source."""

    source: EpochSource
    steps_per_epoch: int = 2

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        return islice(self.source.batches(epoch, start), self.steps_per_epoch)


def _steps(trial: Trial, size: int) -> None:
    beginning = _Beginning(trial.policy, size)
    if trial.spec.sweep:
        run_sweep(replace(trial, policy=beginning, spec=replace(trial.spec, stop_on_rise=False)))
    else:
        run_loop(trial.task, beginning, trial.stream, observers=[CurveRecorder()])


def _timed(trial: Trial, do: Callable[[], object]) -> Cost:
    cuda = trial.task.device.type == "cuda"
    began, cpu = time.perf_counter(), time.process_time()
    do()
    if cuda:
        torch.cuda.synchronize(trial.task.device)
    return Cost(time.perf_counter() - began, time.process_time() - cpu)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
