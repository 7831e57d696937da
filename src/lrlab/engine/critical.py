"""The critical lr: the smallest at which one plain gradient step raises the loss of its own batch."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

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
    the optimizer holds of the model, and its groups keep their lr ratios: η is the first group's lr.

    Momentum, weight decay, clipping and adaptive scaling are left out, and all is done in fp32: it is the loss
    surface's own number, near 2/λ_max where the gradient points along the sharpest direction. Every pass begins with
    the same buffers, counters and generators, so dropout draws the same masks; and all is left as it was.

    Source: Kalra & Barkeshli 2024, arXiv:2406.09405, section 4.
    """
    task = replace(task, precision="fp32")  # half precision rounds a small step away, or up
    moved = _moved(task)
    with _as_found(task), torch.enable_grad():
        loss = _loss(task, batch)
        gradients = torch.autograd.grad(loss, [parameter for parameter, _ in moved], allow_unused=True)
    start = loss.item()

    def rises(lr: float) -> bool:
        with _as_found(task), torch.no_grad():
            for (parameter, ratio), gradient in zip(moved, gradients, strict=True):
                if gradient is not None:
                    parameter.sub_(gradient, alpha=lr * ratio)
            return not _loss(task, batch).item() <= start + ROUNDING * abs(start)  # NaN is a rise

    return _first_rise(rises) if math.isfinite(start) else 0.0


@contextmanager
def _as_found(task: Task) -> Iterator[None]:
    """Leave the model, and a loss that is a module, as they were."""
    with isolated(task.model), isolated(task.loss_fn if isinstance(task.loss_fn, nn.Module) else None):
        yield


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


def _moved(task: Task) -> list[tuple[Tensor, float]]:
    """The model's parameters that the optimizer moves, with the ratio of their group's lr to the first group's."""
    own = {id(parameter) for parameter in task.model.parameters() if parameter.requires_grad}
    ratios = HyperSetter(task.optimizer).ratios
    return [
        (parameter, ratio)
        for group, ratio in zip(task.optimizer.param_groups, ratios, strict=True)
        for parameter in group["params"]
        if id(parameter) in own
    ]


def _loss(task: Task, batch: Any) -> Tensor:
    """The training loss of the batch; the generators begin anew."""
    seed_everything(0)
    task.model.train()
    outputs, targets = task.forward(batch)
    return task.loss_fn(outputs, targets)
