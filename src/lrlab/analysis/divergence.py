"""When a rising lr has broken the training, decided one loss at a time."""

import math
from bisect import insort
from enum import StrEnum

WINDOW = 5  # losses in a running median
FIRST = 10  # losses that make L0; the rise rule is silent until there are more
RISE = 2.0  # how far above L0 is broken, in units of what had been gained
NOISE = 6.0  # ... and never within the noise
MAD_TO_SIGMA = 1.4826  # of a normal distribution


class StopReason(StrEnum):
    """Why a loop ended."""

    END = "end"
    NON_FINITE = "non_finite"
    DIVERGED = "diverged"
    OVERFLOW = "overflow"
    TARGET = "target"
    EARLY_STOP = "early_stop"
    EXHAUSTED = "exhausted"
    INTERRUPTED = "interrupted"


BROKEN = frozenset({StopReason.NON_FINITE, StopReason.OVERFLOW})
"""Ends that leave no numbers to go on with."""


class DivergenceRule:
    """Stops at the first non-finite loss, or when the loss has risen for good.

    It has risen when the median of the last 5 losses exceeds `L0 + max(2 (L0 - best), 6 σ)`: L0 the median of the
    first 10 losses, best the lowest median of 5 so far, σ the noise of one loss: 1.4826 times the median of the
    absolute successive differences, over √2. The differences are taken about zero, not about their median, which
    lets the median be kept incrementally; a drift that matters beside the noise only makes σ larger and the rule
    slower. Never within the first 10 losses. Shifting and scaling the losses changes nothing.

    Args:
        check_rise: False leaves only the non-finite rule.
    """

    def __init__(self, check_rise: bool = True) -> None:
        self._check_rise = check_rise
        self._losses: list[float] = []
        self._start = math.nan  # L0
        self._best = math.inf  # over the windows that end before `_seen`
        self._seen = 0
        self._differences: list[float] = []  # absolute, sorted
        self._quiet = -math.inf  # a window with fewer than three losses above this is no rise
        self._high = (0, 0, 0)  # which losses last stood above that, counted from 1

    def update(self, loss: float) -> StopReason | None:
        """Take in the next loss; say whether to stop.

        Most losses cost an append and a comparison: best only falls, so what the last close look allowed is
        allowed still, and a median of 5 is above it only with three of the 5. Best and σ are caught up then.
        """
        if not math.isfinite(loss):
            return StopReason.NON_FINITE
        self._losses.append(loss)
        count = len(self._losses)
        if loss > self._quiet:
            self._high = (*self._high[1:], count)
        if self._high[0] <= count - WINDOW or count <= FIRST or not self._check_rise:
            return None
        return StopReason.DIVERGED if self._has_risen() else None

    def _has_risen(self) -> bool:
        losses = self._losses
        if math.isnan(self._start):
            self._start = _median(sorted(losses[:FIRST]))
        for end in range(max(self._seen, WINDOW - 1), len(losses)):
            self._best = min(self._best, _middle(losses[end - WINDOW + 1 : end + 1]))
        self._seen = len(losses)
        self._quiet = self._start + RISE * (self._start - self._best)
        recent = _middle(losses[-WINDOW:])
        return recent > self._quiet and recent > self._start + NOISE * self.noise

    @property
    def noise(self) -> float:
        """σ of one loss, from the differences so far; 0 before there are two losses."""
        for left in range(len(self._differences), len(self._losses) - 1):
            insort(self._differences, abs(self._losses[left + 1] - self._losses[left]))
        return MAD_TO_SIGMA * _median(self._differences) / math.sqrt(2) if self._differences else 0.0


def _middle(window: list[float]) -> float:
    return sorted(window)[WINDOW // 2]


def _median(ordered: list[float]) -> float:
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
