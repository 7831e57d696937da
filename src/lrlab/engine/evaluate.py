"""A pass over a split in eval mode, and the action that makes one at the scheduled steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from lrlab.analysis.divergence import StopReason
from lrlab.engine.batches import EpochSource
from lrlab.engine.records import EvalRecord
from lrlab.engine.task import Task, batch_size


@contextmanager
def eval_mode(task: Task) -> Iterator[None]:
    """Eval mode without gradients; each module's own flag is put back."""
    flags = [(module, module.training) for module in task.model.modules()]
    task.model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in flags:
            module.training = training


def evaluate(task: Task, source: EpochSource, *, split: str, step: int, epoch: int) -> EvalRecord:
    """Mean loss per sample and accuracy over the whole of `source`; the host waits once, at the end."""
    sums = torch.zeros(2, dtype=torch.float64, device=task.device)
    samples = 0
    with eval_mode(task):
        for batch in source.batches(0):
            outputs, targets = task.forward(batch)
            count = batch_size(batch)
            sums[0] += task.loss_fn(outputs, targets) * count
            if task.correct_fn is not None:
                sums[1] += task.correct_fn(outputs, targets)
            samples += count
    loss, correct = (sums / max(samples, 1)).tolist()
    return EvalRecord(split, step, epoch, loss, correct if task.correct_fn is not None else None)


@dataclass
class Every:
    """Due at every n-th step and at the last one."""

    n: int
    total: int

    def due(self, step: int) -> bool:
        """Whether `step` updates done is such a moment."""
        return step % self.n == 0 or step == self.total


@dataclass
class EvaluateAction:
    """Evaluate when `schedule` says so; stop once the accuracy reaches `target`."""

    schedule: Every
    run: Callable[[int], EvalRecord]
    target: float | None = None

    def due(self, step: int) -> bool:
        """Whether the schedule names this step."""
        return self.schedule.due(step)

    def __call__(self, step: int) -> StopReason | None:
        """Evaluate, and say whether that is enough."""
        accuracy = self.run(step).accuracy
        reached = self.target is not None and accuracy is not None and accuracy >= self.target
        return StopReason.TARGET if reached else None
