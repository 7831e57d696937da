"""Phases: the stretches most policies are made of, and how a value moves within one."""

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import ClassVar, Literal

from lrlab.policies.base import Hyper, Knot, check_step

Shape = Literal["linear", "cosine", "exponential", "1-sqrt", "polynomial"]
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Phase:
    """A half-open stretch of steps in which lr and momentum move from one value to another.

    Attributes:
        name: what the phase does.
        label: what its first value is called, for knots.
        steps: how many.
        lr: at its first step, and where the next phase begins.
        momentum: likewise; None leaves it alone.
        shape: how they move; momentum moves linearly where lr moves by another shape than `cosine`.
        power: of the shape `polynomial`.
    """

    name: str
    label: str
    steps: int
    lr: Pair
    momentum: Pair | None = None
    shape: Shape = "linear"
    power: float = 1.0

    def at(self, share: float, own_momentum: float | None) -> Hyper:
        """The values at `share` in [0, 1] of the way; `own_momentum` where momentum is left alone."""
        lr = between(self.lr[0], self.lr[1], share, self.shape, self.power)
        if self.momentum is None:
            return Hyper(lr, own_momentum, self.name)
        shape: Shape = "cosine" if self.shape == "cosine" else "linear"
        return Hyper(lr, between(self.momentum[0], self.momentum[1], share, shape), self.name)


class Phased(ABC):
    """A policy made of phases. A subclass is a frozen dataclass that says `total`, `own_momentum` and `phases`.

    The first step of a phase has its start value. Where `closes` is set, the last step of all has the last
    phase's end value (which wins in a last phase of one step).
    """

    total: int
    own_momentum: float | None
    closes: ClassVar[bool] = True
    end_label: ClassVar[str] = "final-lr"

    @property
    @abstractmethod
    def phases(self) -> tuple[Phase, ...]:
        """In order; together at least `total` steps long."""

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        return tuple(accumulate((phase.steps for phase in self.phases[:-1]), initial=0))

    def at(self, step: int) -> Hyper:
        """What update `step` uses; past the end, what the last one uses."""
        if step < 0:
            check_step(step)
        if step >= self.total:
            step = self.total - 1
        phases, starts = self.phases, self._starts
        index = bisect_right(starts, step) - 1
        phase, span = phases[index], phases[index].steps
        if self.closes and index == len(phases) - 1:
            span -= 1
        return phase.at((step - starts[index]) / span if span else 1.0, self.own_momentum)

    def knots(self) -> tuple[Knot, ...]:
        """The first step of each phase, and the last step of all."""
        last = self.total - 1
        turns = [(start, phase.label) for start, phase in zip(self._starts, self.phases, strict=True) if start < last]
        return tuple(
            Knot(step, (hyper := self.at(step)).lr, hyper.momentum, label)
            for step, label in (*turns, (last, self.end_label))
        )


def between(start: float, end: float, share: float, shape: Shape = "linear", power: float = 1.0) -> float:
    """The value at `share` in [0, 1] of the way from `start` to `end`; exact at both ends and never beyond them.

    `1-sqrt` is start - (start - end) √share (Hägele et al. 2024, arXiv:2405.18392), `polynomial` is
    end + (start - end) (1 - share)^power, `exponential` start (end / start)^share.
    """
    if share <= 0:
        return start
    if share >= 1:
        return end
    if shape == "linear":
        value = start + (end - start) * share
    elif shape == "exponential":
        value = start * float((end / start) ** share)
    else:
        value = start + (end - start) * _eased(share, shape, power)
    low, high = (start, end) if start <= end else (end, start)
    return low if value < low else high if value > high else value  # rounding must not leave the range


def _eased(share: float, shape: Shape, power: float) -> float:
    if shape == "cosine":
        return (1 - math.cos(math.pi * share)) / 2
    return math.sqrt(share) if shape == "1-sqrt" else 1 - float((1 - share) ** power)
