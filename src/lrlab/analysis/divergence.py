"""When a rising lr has broken the training, decided one loss at a time."""

import math
from bisect import insort
from collections import deque
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
    TARGET = "target"
    EXHAUSTED = "exhausted"
    INTERRUPTED = "interrupted"


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
        self._count = 0
        self._last: deque[float] = deque(maxlen=WINDOW)
        self._first: list[float] = []
        self._differences: list[float] = []  # absolute, sorted
        self._start = math.nan
        self._best = math.inf

    def update(self, loss: float) -> StopReason | None:
        """Take in the next loss; say whether to stop. Costs a few microseconds."""
        if not math.isfinite(loss):
            return StopReason.NON_FINITE
        if not self._check_rise:
            return None
        if self._last:
            insort(self._differences, abs(loss - self._last[-1]))
        self._last.append(loss)
        self._count += 1
        if self._count <= FIRST:
            self._first.append(loss)
            self._start = _median(sorted(self._first))
        if self._count < WINDOW:
            return None
        recent = sorted(self._last)[WINDOW // 2]
        self._best = min(self._best, recent)
        if self._count <= FIRST:
            return None
        allowed = max(RISE * (self._start - self._best), NOISE * self.noise)
        return StopReason.DIVERGED if recent > self._start + allowed else None

    @property
    def noise(self) -> float:
        """σ of one loss, from the differences so far; 0 before there are two."""
        return MAD_TO_SIGMA * _median(self._differences) / math.sqrt(2) if self._differences else 0.0


def _median(ordered: list[float]) -> float:
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
