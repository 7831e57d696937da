"""The critical lr: the smallest at which one plain gradient step raises the loss of its own batch."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from lrlab.engine.isolation import isolated
from lrlab.engine.seeding import seed_everything
from lrlab.engine.task import Task
from lrlab.optim.hyper import HyperSetter

START = 1e-6
LOWEST, HIGHEST = 1e-12, 1e6
BISECTIONS = 4  # of the last factor of two, in the log: to 4 %
ROUNDING = 1e-6  # of the loss: a mean over a batch in fp32 is no more exact, and a tiny step moves it by less


def critical_lr(task: Task, batch: Any) -> float:
    """Smallest η with L(θ - η g) > L(θ), L and its gradient g those of `batch`; infinite if 1e6 still lowers it.

    Doubled from 1e-6 until the loss rises (halved, where it rises there already), then bisected on the log axis: about
    25 forward passes and a backward. A loss that is not a number has risen; 0 where even 1e-12 raises it. θ is what
    the optimizer holds, and its groups keep their lr ratios: η is the first group's lr.

    Momentum, weight decay, clipping and adaptive scaling are left out, and all is done in fp32: it is the loss
    surface's own number, near 2/λ_max where the gradient points along the sharpest direction. Dropout draws the same
    masks each time. Everything is left as it was: parameters, buffers, gradients, flags, counters, generators.

    Source: Kalra & Barkeshli 2024, arXiv:2406.09405, section 4.
    """
    task = replace(task, precision="fp32")  # half precision rounds a small step away, or up
    ratios = HyperSetter(task.optimizer).ratios
    moved = [
        (parameter, ratio)
        for group, ratio in zip(task.optimizer.param_groups, ratios, strict=True)
        for parameter in group["params"]
        if parameter.requires_grad
    ]
    with isolated(task.model):
        task.model.train()
        start, gradients = _loss_and_gradients(task, batch, [parameter for parameter, _ in moved])
        steps = [
            (parameter, parameter.detach().clone(), gradient, ratio)
            for (parameter, ratio), gradient in zip(moved, gradients, strict=True)
            if gradient is not None
        ]

        def rises(lr: float) -> bool:
            with torch.no_grad():
                for parameter, value, gradient, ratio in steps:
                    parameter.copy_(value).sub_(gradient, alpha=lr * ratio)
                return not _loss(task, batch).item() <= start + ROUNDING * abs(start)  # NaN is a rise

        try:
            return _first_rise(rises) if math.isfinite(start) else 0.0
        finally:  # `isolated` knows the model's parameters; a loss may have some of its own
            with torch.no_grad():
                for parameter, value, _, _ in steps:
                    parameter.copy_(value)


def _first_rise(rises: Callable[[float], bool]) -> float:
    low, high = START / 2, START
    if rises(high):
        while rises(low):
            if low < LOWEST:
                return 0.0
            low, high = low / 2, low
    else:
        while not rises(2 * high):
            high *= 2
            if high > HIGHEST:
                return math.inf
        low, high = high, 2 * high
    for _ in range(BISECTIONS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if rises(middle) else (middle, high)
    return high


def _loss_and_gradients(task: Task, batch: Any, parameters: list[Tensor]) -> tuple[float, tuple[Tensor | None, ...]]:
    with torch.enable_grad():
        loss = _loss(task, batch)
    return loss.item(), torch.autograd.grad(loss, parameters, allow_unused=True)


def _loss(task: Task, batch: Any) -> Tensor:
    """The training loss of the batch, the same each time: every generator begins anew."""
    seed_everything(0)
    outputs, targets = task.forward(batch)
    return task.loss_fn(outputs, targets)
