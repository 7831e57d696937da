"""The critical lr: the smallest at which one plain gradient step raises the loss of its own batch."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from lrlab.engine.task import Task

START = 1e-6
DOUBLINGS = 40  # up to 1e6
BISECTIONS = 4  # of the last factor of two, in the log: to 4 %


def critical_lr(task: Task, batch: Any) -> float:
    """Smallest η with L(θ - η g) > L(θ), L and its gradient g those of `batch`; infinite if 1e6 still lowers it.

    Doubled from 1e-6 until the loss rises, then bisected on the log axis: about 25 forward passes and a backward.
    Momentum, weight decay and adaptive scaling are left out: it is the loss surface's own number, near 2/λ_max where
    the gradient points along the sharpest direction. Parameters, buffers, gradients and generators stay as they were.

    Source: Kalra & Barkeshli 2024, arXiv:2406.09405, section 4.
    """
    parameters = [p for p in task.model.parameters() if p.requires_grad]
    with _untouched(task):
        start, gradients = _loss_and_gradients(task, batch, parameters)
        pairs = [(p, p.detach().clone(), g) for p, g in zip(parameters, gradients, strict=True) if g is not None]

        def rises(lr: float) -> bool:
            with torch.no_grad():
                for parameter, value, gradient in pairs:
                    parameter.copy_(value).sub_(gradient, alpha=lr)
                return not _loss(task, batch).item() <= start  # NaN is a rise

        try:
            return _first_rise(rises)
        finally:
            with torch.no_grad():
                for parameter, value, _ in pairs:
                    parameter.copy_(value)


def _first_rise(rises: Any) -> float:
    low, high = 0.0, START
    for _ in range(DOUBLINGS):
        if rises(high):
            break
        low, high = high, 2 * high
    else:
        return math.inf
    for _ in range(BISECTIONS if low else 0):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if rises(middle) else (middle, high)
    return high


def _loss_and_gradients(task: Task, batch: Any, parameters: Sequence[Tensor]) -> tuple[float, Sequence[Tensor | None]]:
    with torch.enable_grad():
        loss = _loss(task, batch)
    return loss.item(), torch.autograd.grad(loss, list(parameters), allow_unused=True)


def _loss(task: Task, batch: Any) -> Tensor:
    """The training loss of the batch; dropout draws the same mask each time."""
    torch.manual_seed(0)
    outputs, targets = task.forward(batch)
    return task.loss_fn(outputs, targets)


@contextmanager
def _untouched(task: Task) -> Iterator[None]:
    buffers = [(buffer, buffer.detach().clone()) for buffer in task.model.buffers()]
    training = task.model.training
    devices = [task.device] if task.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        task.model.train()
        try:
            yield
        finally:
            task.model.train(training)
            with torch.no_grad():
                for buffer, value in buffers:
                    buffer.copy_(value)
