"""Every class equally often: which sample of a class comes when, as a function of the seed and the epoch alone.

A *draw* is the position of a sample in its split plus `turn·2**40`. The turn tells apart the draws of one sample in one
epoch: crop, flip and cutout take it as part of the sample's name, so that a rare image that comes ten times an epoch
comes in ten versions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lrlab.data.counter import random_words
from lrlab.data.order import derive

_TURN = 1 << 40


def positions_in(draws: Tensor) -> Tensor:
    """The positions in the split that `draws` mean."""
    return draws & (_TURN - 1)


@dataclass(frozen=True, slots=True, eq=False)
class ClassBalance:
    """Draws for an epoch of any length, every class equally often.

    The draws of the whole training are dealt to the classes in turn, so at any time two classes differ by at most one
    draw. Those of a class run through its members in one random order after the other: no member comes again before
    all others have come, across epochs too.

    Attributes:
        members: for each class that has any, the positions of its samples in the split, (n,) int64.
    """

    members: tuple[Tensor, ...]

    @classmethod
    def of(cls, labels: Tensor) -> "ClassBalance":
        """Over the samples of a split, by their labels (N,)."""
        return cls(tuple((labels == label).nonzero().flatten() for label in sorted(set(labels.tolist()))))

    def draws(self, samples: int, seed: int, epoch: int) -> Tensor:
        """The `samples` draws of an epoch, class by class, (samples,) int64 on the CPU."""
        drawn = []
        for number, positions in enumerate(self.members):
            start, end = (self._dealt(draws, number) for draws in (epoch * samples, (epoch + 1) * samples))
            drawn.append(_cycle(positions, start, end, derive(seed, "balance", number)))
        return torch.cat(drawn)

    def _dealt(self, draws: int, number: int) -> int:
        """How many of the first `draws` draws of the training went to class `number`."""
        return -((number - draws) // len(self.members))


def _cycle(positions: Tensor, start: int, end: int, key: int) -> Tensor:
    """Draws `start` to `end` of a class. Pass p over its members is in the order of its members' random words."""
    size = len(positions)
    passes = torch.arange(start // size, -(-end // size))
    if start == end:
        return positions[:0]
    words = random_words(key, passes[:, None] * size + torch.arange(size))
    order = words.argsort(dim=1, stable=True)
    draws = positions[order] + (passes - passes[0])[:, None] * _TURN
    skipped = start % size
    return draws.flatten()[skipped : skipped + end - start]
