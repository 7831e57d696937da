"""Whether a climb to max-lr went well, decided one loss at a time and at its end.

The losses are smoothed with a bias-corrected average that remembers ten of them: a rule that must speak while the
training runs cannot look ahead, and all candidates carry the same lag.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from lrlab.analysis.divergence import StopReason
from lrlab.analysis.noise import noise_of
from lrlab.analysis.rounding import FLOAT32
from lrlab.analysis.smoothing import Average, ema

BETA = 0.9  # of the average; it remembers 1 / (1 - β) = 10 losses
NOISE = 6.0  # a rise within so many σ of one loss is none, as in `divergence`
FIRST = 20  # losses that tell the noise; nothing is a rise before
STAY = 10  # updates above the start that are no stumbling any more: one memory of the average
LOST = 0.1  # of what was gained: a climb whose loss stands so far above its best at the end is undoing it
PLATEAU = 0.95  # of the chance level: dead nets with BatchNorm end just above it, and none below


def smoothed(losses: Sequence[float]) -> list[float]:
    """The running average after each loss, up to the first that is not finite."""
    levels: list[float] = ema([*takewhile(math.isfinite, losses)], BETA).tolist()
    return levels


class ClimbRule:
    """Stops a climb at a non-finite loss, at one that has climbed above the start and stays, or at its target.

    It has climbed when the smoothed loss stood above the first one for 10 updates in a row and is more than 6 σ above
    it, σ the noise of one loss; never within the first 20 losses, which tell the noise too badly. The first loss is
    taken before any update, so it is the start whatever the lr does after it.

    Args:
        target: smoothed loss that is low enough; None never is.
    """

    def __init__(self, target: float | None = None) -> None:
        self._target, self._average = target, Average(BETA)
        self._losses: list[float] = []
        self._above = 0

    def update(self, loss: float) -> StopReason | None:
        """Take in the next loss; say whether to stop."""
        if not math.isfinite(loss):
            return StopReason.NON_FINITE
        self._losses.append(loss)
        level = self._average.update(loss)
        self._above = self._above + 1 if level > self._losses[0] else 0
        if self._above >= STAY and len(self._losses) >= FIRST and level > self._losses[0] + NOISE * self._noise():
            return StopReason.DIVERGED
        return StopReason.TARGET if self._target is not None and level <= self._target else None

    def _noise(self) -> float:
        """σ of one loss, not below what float32 resolves: a loss that never moves has not climbed by rounding."""
        return max(noise_of(np.asarray(self._losses)), FLOAT32 * abs(self._losses[0]))


@dataclass(frozen=True, slots=True)
class Climbed:
    """How a climb went.

    Attributes:
        failure: None, `non-finite`, `climbed` above the start and stayed, `plateau`: at chance to the end, or
            `lost ground`: at the end the loss has come back up by a tenth of what it had gained, and by more than
            noise explains.
        start, final: the first loss, and the smoothed one at the end; NaN without any.
        steps: updates done.
    """

    failure: str | None
    start: float
    final: float
    steps: int


def judge(losses: Sequence[float], *, chance: float | None, whole: bool) -> Climbed:
    """Judge a climb by its losses.

    Args:
        losses: of each update.
        chance: loss of the best constant prediction; where nobody knows it, the first loss stands in for it.
        whole: whether the climb and the hold are complete; one that was cut short is not asked for a plateau.
    """
    start = losses[0] if losses else math.nan
    reason = next(filter(None, map(ClimbRule().update, losses)), None)
    levels = smoothed(losses)
    if reason is StopReason.NON_FINITE or not levels:
        return Climbed("non-finite", start, math.inf, len(losses))
    final, best = levels[-1], min(levels)
    if reason is StopReason.DIVERGED:
        return Climbed("climbed", start, final, len(losses))
    level = start if chance is None else chance
    if whole and (final > PLATEAU * level if level > 0 else final >= level):
        return Climbed("plateau", start, final, len(losses))
    lost = whole and final - best > max(LOST * (min(start, level) - best), NOISE * _average_noise(losses))
    return Climbed("lost ground" if lost else None, start, final, len(losses))


def _average_noise(losses: Sequence[float]) -> float:
    """σ of the smoothed loss: of one loss, times √((1-β)/(1+β)) for an average of independent ones."""
    return noise_of(np.asarray(losses)) * math.sqrt((1 - BETA) / (1 + BETA))


def reached(losses: Sequence[float], target: float) -> int | None:
    """Updates until the smoothed loss is at or below `target`; None if it never is."""
    return next((done for done, level in enumerate(smoothed(losses), start=1) if level <= target), None)
