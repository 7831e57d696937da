"""Is the max-lr usable? A few climbs to it with a hold, before anything is compared.

What kills a training is a max-lr that is too high, and no min-lr rescues it; so that comes first.
"""

import math
import statistics
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lrlab.analysis.climb import PLATEAU, Climbed, judge, smoothed
from lrlab.analysis.divergence import StopReason
from lrlab.experiments.min_lr.settings import Settings
from lrlab.launch.spec import TrialResult, TrialSpec

HALVINGS = 6
DROP = 0.6  # of the way that the gate's climbs have gone from chance: steep enough there for a crossing to be sharp


@dataclass(frozen=True)
class Attempt:
    """The gate's climbs at one max-lr.

    Attributes:
        failures: seed -> None, or how its climb failed.
        climbs: by seed.
    """

    max_lr: float
    failures: dict[int, str | None]
    climbs: dict[int, TrialResult] = field(default_factory=dict)

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
        chance: loss of the best constant prediction, or the first loss where nobody knows it; NaN where no climb ran.
        target: smoothed loss that the candidates race to; NaN where none passed.
        critical_lr: median over the seeds of the first attempt, of `engine.critical`; None without one.
    """

    attempts: tuple[Attempt, ...]
    chance: float
    target: float
    critical_lr: float | None

    @property
    def climbs(self) -> dict[int, TrialResult]:
        """Of the attempt that passed, by seed; empty without one."""
        return self.attempts[-1].climbs if self.attempts[-1].passed else {}

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
    attempts, chance = list(earlier), math.nan
    for halving in range(len(attempts), HALVINGS + 1):
        tried = replace(settings, max_lr=settings.max_lr / 2**halving)
        seeds = tried.all_seeds[: tried.gate_seeds]
        measures = () if halving else ("critical_lr",)
        results = yield [tried.climb(tried.reference, seed, measures=measures) for seed in seeds]
        climbs = dict(zip(seeds, results, strict=True))
        judged = {seed: climbed(result, whole=True) for seed, result in climbs.items()}
        attempts.append(Attempt(tried.max_lr, {seed: found.failure for seed, found in judged.items()}, climbs))
        if not halving:
            critical = _median(r.metrics["critical_lr"] for r in results if "critical_lr" in r.metrics)
        levels = (climbs[seed].metrics.get("chance", found.start) for seed, found in judged.items())
        known = _median(filter(math.isfinite, levels))
        chance = math.nan if known is None else known
        if attempts[-1].passed:
            return Gate(tuple(attempts), chance, target_of(climbs, judged, chance, settings.up), critical)
    return Gate(tuple(attempts), chance, math.nan, critical)


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return statistics.median(known) if known else None


def target_of(climbs: Mapping[int, TrialResult], judged: Mapping[int, Climbed], chance: float, up: int) -> float:
    """A loss that the median climb of the gate reaches on its way up.

    A net that learns only once it is at max-lr is still at chance there; what it reaches in the hold counts then, and
    every candidate is likely to be censored.
    """
    start = statistics.median(found.start for found in judged.values())
    above = min(start, chance)  # a warm start has some of the way behind it
    below = statistics.median(smoothed(climb.series["loss"])[:up][-1] for climb in climbs.values())
    if below > PLATEAU * above:
        below = statistics.median(found.final for found in judged.values())
    return above - DROP * (above - below)


def climbed(result: TrialResult, *, whole: bool) -> Climbed:
    """How a climb went; a trial that failed altogether failed as a climb."""
    if result.status == "failed":
        return Climbed("crashed", math.nan, math.nan, 0)
    if result.reason == StopReason.OVERFLOW.value:
        return Climbed("non-finite", math.nan, math.inf, result.steps)
    return judge(result.series.get("loss", []), chance=result.metrics.get("chance"), whole=whole)
