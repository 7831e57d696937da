"""A pass over a split in eval mode."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from lrlab.engine.batches import EpochSource, batch_size
from lrlab.engine.records import EvalRecord
from lrlab.engine.task import Task


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
    """Mean loss per sample and accuracy over the whole of `source`; the host waits once, at the end.

    The loss is the task's `eval_loss`, without label smoothing; the precision is the training's.
    """
    sums = torch.zeros(2, dtype=torch.float64, device=task.device)
    samples = 0
    with eval_mode(task):
        for batch in source.batches(0):
            outputs, targets = task.forward(batch)
            count = batch_size(batch)
            sums[0] += task.eval_loss(outputs, targets) * count
            if task.correct_fn is not None:
                sums[1] += task.correct_fn(outputs, targets)
            samples += count
    loss, correct = (sums / max(samples, 1)).tolist()
    return EvalRecord(split, step, epoch, loss, correct if task.correct_fn is not None else None)
