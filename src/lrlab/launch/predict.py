"""What a trial will cost, from what its parts cost."""

import math
from dataclasses import dataclass

from lrlab.launch.assemble import Trial
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


def predict(rehearsal: Rehearsal) -> Prediction:
    """Time a few steps, an evaluation and a checkpoint, and count how many there will be."""
    trial, sizes = rehearsal.trial, rehearsal.sizes
    step = time_step(trial)
    steps = step.times(trial.policy.total)
    if trial.train is None or trial.spec.sweep:
        return Prediction(step, steps)
    per_epoch = max(1, sizes.batches // trial.task.accumulate)
    validations = _count(trial.train.validate_every or per_epoch, trial) if sizes.val else 0
    images = time_image(trial).times(validations * sizes.val + sizes.test)
    save, regular, weights = time_checkpoint(trial)
    settings = trial.train.checkpoint
    saves = _count(settings.every or per_epoch, trial)
    kept = min(settings.keep, saves) * regular + (1 + bool(validations) + len(settings.snapshots)) * weights
    return Prediction(step, steps + images + save.times(saves + validations + 1), kept)


def total(one: Cost, trials: int, jobs: int, *, cpu_threads: int | None) -> Cost:
    """Of so many trials, `jobs` at once; never more at once than the CPUs can feed, where they do the work."""
    at_once = min(jobs, trials)
    if cpu_threads is not None:
        at_once = min(at_once, max(1, allowed_cpus() // cpu_threads))
    return Cost(one.seconds * math.ceil(trials / max(1, at_once)), one.cpu_seconds * trials)


def _count(every: int, trial: Trial) -> int:
    """How often something happens that is due every so many steps and at the last one."""
    return math.ceil(trial.policy.total / every)
