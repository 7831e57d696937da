"""The chance level of a live loader: the loss of the best constant prediction, counted from its targets."""

import math
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from lrlab.analysis.chance import chance_loss
from lrlab.data.order import derive
from lrlab.engine.isolation import isolated
from lrlab.engine.seeding import seed_everything
from lrlab.engine.task import LossFn
from lrlab.launch.live import LiveParts, seed_generators

BATCHES = 100  # at most; of 64 samples they give an entropy to a hundredth


class Tally(Protocol):
    """Takes targets in, batch by batch."""

    def add(self, targets: Tensor) -> None:
        """Count a batch.

        Raises:
            ValueError: such targets have no chance level that this tally knows.
        """

    def chance(self) -> float | None:
        """The loss of the best constant prediction; None without a target."""


class ClassTally(Tally):
    """Class frequencies, from class numbers of any shape or from probabilities with the classes in dimension 1.

    Their entropy is the least cross-entropy of a constant. Negative numbers and `ignored` are left out.
    """

    def __init__(self, ignored: int = -100) -> None:
        self._ignored = ignored
        self._counts = torch.zeros(0, dtype=torch.float64)

    def add(self, targets: Tensor) -> None:
        """Count them."""
        if targets.is_floating_point():
            if targets.ndim < 2:
                raise ValueError("probabilities without a batch")
            counts = targets.double().transpose(0, 1).flatten(1).sum(1)
        else:
            counted = targets[(targets >= 0) & (targets != self._ignored)].long()
            counts = torch.bincount(counted, minlength=len(self._counts)).double()
        longer = torch.zeros(max(len(counts), len(self._counts)), dtype=torch.float64)
        longer[: len(counts)] += counts
        longer[: len(self._counts)] += self._counts
        self._counts = longer

    def chance(self) -> float | None:
        """The entropy, in nats."""
        counts = self._counts.tolist()
        return chance_loss(counts) if sum(counts) > 0 else None


class VarianceTally(Tally):
    """The variance of each component of the targets, averaged: the least squared error of a constant.

    Source: Chan, Golub & LeVeque 1983, doi:10.1080/00031305.1983.10483115 (batches put together without cancellation).
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean = self._squares = torch.zeros(())

    def add(self, targets: Tensor) -> None:
        """Count them."""
        values = targets.double()
        count, mean = len(values), values.mean(0)
        if self._count and mean.shape != self._mean.shape:
            raise ValueError("targets of several shapes")
        away, total = mean - self._mean, self._count + count
        between = away**2 * (self._count * count / total)
        self._squares = self._squares + (values - mean).square().sum(0) + (between if self._count else 0)
        self._mean = self._mean + away * (count / total) if self._count else mean
        self._count = total

    def chance(self) -> float | None:
        """The mean of the variances."""
        value = float((self._squares / self._count).mean()) if self._count else math.nan
        return value if math.isfinite(value) else None


def measured_chance(parts: LiveParts, seed: int) -> float | None:
    """The chance level from the first hundred batches; None where it cannot be known.

    Known are cross-entropy and mean squared error as torch has them, without weights or label smoothing. An iterator
    would be used up by looking, so nothing is counted there. The loader and the generators come back as they were.
    """
    tally = _tally_for(parts.loss_fn)
    if tally is None or isinstance(parts.loader, Iterator):
        return None
    with isolated(None, None, parts.loader):
        seed_everything(derive(seed, "order"))
        seed_generators([parts.loader], seed)
        try:
            for batch in islice(parts.loader, BATCHES):
                targets = parts.batch_fn(batch)[1]
                if not isinstance(targets, Tensor) or targets.ndim == 0:
                    return None
                tally.add(targets.detach().cpu())
        except ValueError:
            return None
    return tally.chance()


def _tally_for(loss_fn: LossFn) -> Tally | None:
    if loss_fn is functional.cross_entropy:
        return ClassTally()
    if loss_fn is functional.mse_loss or (type(loss_fn) is nn.MSELoss and loss_fn.reduction == "mean"):
        return VarianceTally()
    if type(loss_fn) is nn.CrossEntropyLoss and loss_fn.reduction == "mean":
        plain = loss_fn.weight is None and loss_fn.label_smoothing == 0
        return ClassTally(loss_fn.ignore_index) if plain else None
    return None
