"""What a trial will cost, from what its parts cost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from heapq import heapreplace

from lrlab.launch.cadence import steps_between
from lrlab.launch.stand_in import Rehearsal
from lrlab.launch.timing import Cost, time_checkpoint, time_image, time_step
from lrlab.runs.machine import allowed_cpus


@dataclass(frozen=True, slots=True)
class Prediction:
    """Of one trial, at most: a sweep ends when it diverges, a training when it reaches its target.

    Attributes:
        step: of one update.
        trial: of all updates, evaluations and checkpoints.
        checkpoint_bytes: on disk afterwards.
    """

    step: Cost
    trial: Cost
    checkpoint_bytes: int = 0


class Predictor:
    """What trials of one kind cost, whatever their length: the parts are timed once, then counted."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._trial, self._sizes = rehearsal.trial, rehearsal.sizes
        self._step = time_step(self._trial)
        self._trains = self._trial.train is not None and not self._trial.spec.sweep
        if self._trains:
            self._image = time_image(self._trial)
            self._save, self._regular, self._weights = time_checkpoint(self._trial)

    def of(self, steps: int) -> Prediction:
        """A trial of so many updates."""
        train = self._trial.train
        if train is None or not self._trains:
            return Prediction(self._step, self._step.times(steps))
        per_epoch = Fraction(self._sizes.batches, self._trial.task.accumulate)
        often = partial(steps_between, total=steps, steps_per_epoch=per_epoch)
        validations = math.ceil(steps / often(train.validate_every)) if self._sizes.val else 0
        saves = math.ceil(steps / often(train.checkpoint.every))
        evaluations = self._image.times(validations * self._sizes.val + self._sizes.test)
        whole = self._step.times(steps) + evaluations + self._save.times(saves + validations + 1)
        few = min(train.checkpoint.keep, saves)
        once = 1 + bool(validations) + len(train.checkpoint.snapshots)
        return Prediction(self._step, whole, few * self._regular + once * self._weights)


def total(trials: Sequence[Cost], jobs: int, *, cpu_threads: int | None) -> Cost:
    """Of these trials, in this order, `jobs` at once; never more than the CPUs can feed, where they do the work."""
    at_once = min(jobs, len(trials))
    if cpu_threads is not None:
        at_once = min(at_once, max(1, allowed_cpus() // cpu_threads))
    busy = [0.0] * max(1, at_once)  # seconds until each is free: a heap
    for trial in trials:
        heapreplace(busy, busy[0] + trial.seconds)
    return Cost(max(busy), sum(trial.cpu_seconds for trial in trials))
