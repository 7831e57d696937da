"""Is the max-lr usable? A few climbs to it with a hold, before anything is compared.

What kills a training is a max-lr that is too high, and no min-lr rescues it; so that comes first.
"""

import math
import statistics
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from lrlab.analysis.climb import Climbed, judge
from lrlab.analysis.divergence import StopReason
from lrlab.experiments.min_lr.settings import Settings
from lrlab.launch.spec import TrialResult, TrialSpec

HALVINGS = 6
DROP = 0.6  # of the way from chance to the gate's final loss: steep enough there for a crossing to be sharp


@dataclass(frozen=True)
class Attempt:
    """The gate's climbs at one max-lr.

    Attributes:
        failures: seed -> None, or how its climb failed.
    """

    max_lr: float
    failures: dict[int, str | None]

    @property
    def passed(self) -> bool:
        """Whether no climb failed."""
        return not any(self.failures.values())

    @property
    def slow(self) -> bool:
        """Whether each failed climb did nothing worse than stay at chance."""
        return not self.passed and set(self.failures.values()) <= {None, "plateau"}


@dataclass(frozen=True)
class Gate:
    """What the gate found.

    Attributes:
        attempts: at the asked max-lr, then at halves of it.
        climbs: of the attempt that passed, by seed; empty without one.
        chance: loss of the best constant prediction, or the first loss where nobody knows it.
        target: smoothed loss that the candidates race to; NaN where none passed.
        critical_lr: median over the seeds of the first attempt, of `engine.critical`; None without one.
    """

    attempts: tuple[Attempt, ...]
    climbs: dict[int, TrialResult]
    chance: float
    target: float
    critical_lr: float | None

    @property
    def passes(self) -> float | None:
        """The largest tried max-lr that passes."""
        return self.attempts[-1].max_lr if self.attempts[-1].passed else None

    @property
    def no_signal(self) -> bool:
        """At chance after every halving: the net learns too slowly for the climb."""
        return self.passes is None and self.attempts[-1].slow


def run_gate(
    settings: Settings, earlier: Sequence[Attempt] = (), critical: float | None = None
) -> Generator[Sequence[TrialSpec], Sequence[TrialResult], Gate]:
    """Climb at the max-lr; while a climb fails, at half of it, six times at most.

    `earlier` attempts count, and so does the `critical` lr that they measured.
    """
    attempts = list(earlier)
    for halving in range(len(attempts), HALVINGS + 1):
        tried = replace(settings, max_lr=settings.max_lr / 2**halving)
        seeds = tried.all_seeds[: tried.gate_seeds]
        measures = () if halving else ("critical_lr",)
        results = yield [tried.climb(tried.reference, seed, measures=measures) for seed in seeds]
        climbs = dict(zip(seeds, results, strict=True))
        judged = {seed: climbed(result, whole=True) for seed, result in climbs.items()}
        attempts.append(Attempt(tried.max_lr, {seed: found.failure for seed, found in judged.items()}))
        if not halving:
            known = [lr for result in results if (lr := result.metrics.get("critical_lr")) is not None]
            critical = statistics.median(known) if known else None
        if attempts[-1].passed:
            start, chance, final = (
                statistics.median(part)
                for part in zip(*(_levels(climbs[seed], found) for seed, found in judged.items()), strict=True)
            )
            above = min(start, chance)  # a net that starts below chance, a warm start, has that way behind it
            return Gate(tuple(attempts), climbs, chance, above - DROP * (above - final), critical)
    return Gate(tuple(attempts), {}, math.nan, math.nan, critical)


def climbed(result: TrialResult, *, whole: bool) -> Climbed:
    """How a climb went; a trial that failed altogether failed as a climb."""
    if result.status == "failed":
        return Climbed("crashed", math.nan, math.nan, 0)
    if result.reason == StopReason.OVERFLOW.value:
        return Climbed("non-finite", math.nan, math.inf, result.steps)
    return judge(result.series.get("loss", []), chance=result.metrics.get("chance"), whole=whole)


def _levels(result: TrialResult, found: Climbed) -> tuple[float, float, float]:
    """The first loss, the chance level, and the smoothed loss at the end."""
    return found.start, result.metrics.get("chance", found.start), found.final
