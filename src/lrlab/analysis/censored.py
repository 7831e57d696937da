"""Times to a threshold, some of which were not reached before the training stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lrlab.analysis.paired import PairedComparison, compare_paired
from lrlab.analysis.samples import check_share, sample_of

TIE = 1e-9  # two survival probabilities closer than this are the same product of fractions


@dataclass(frozen=True, slots=True)
class Times:
    """A time per seed: when the threshold was reached, or how long a training ran without reaching it.

    Raises:
        ValueError: different lengths, no times, one that is not above 0 or not finite.
    """

    durations: tuple[float, ...]
    reached: tuple[bool, ...]

    def __post_init__(self) -> None:
        sample = sample_of(self.durations, "durations")
        if len(sample) != len(self.reached):
            raise ValueError(f"{len(sample)} durations and {len(self.reached)} in reached: one of each per seed")
        if sample.min() <= 0:
            raise ValueError(f"durations[{int(sample.argmin())}] is {sample.min()}; a time is above 0")

    @classmethod
    def of(cls, times: Sequence[float | None], bound: float) -> "Times":
        """Times where None is not reached within `bound`.

        Raises:
            ValueError: a time beyond the bound, and what `Times` refuses.
        """
        for i, time in enumerate(times):
            if time is not None and time > bound:
                raise ValueError(f"times[{i}] is {time}, beyond the bound {bound} at which the training stopped")
        return cls(tuple(bound if t is None else t for t in times), tuple(t is not None for t in times))

    @property
    def censored(self) -> int:
        """How many were not reached."""
        return len(self.reached) - sum(self.reached)


@dataclass(frozen=True, slots=True)
class TimeQuantile:
    """A quantile of times of which some are only known to be longer.

    Attributes:
        value: None where too few reached the threshold.
        at_least: what the quantile cannot be below, which holds whatever stopped the others; the value where all
            reached.
        reached, n: how many did, of how many.
    """

    value: float | None
    at_least: float
    reached: int
    n: int

    def __str__(self) -> str:
        return f"> {self.at_least:g}" if self.value is None else f"{self.value:g}"


def quantile(times: Times, share: float = 0.5) -> TimeQuantile:
    """The time within which a share of the seeds reach the threshold; the median by default.

    From the Kaplan-Meier curve: where it stands at exactly 1 - share, the middle of that step, so that without
    censoring the median is the ordinary one; None where it does not fall below 1 - share. The curve takes a stop to
    say nothing about when the threshold would have come. A stop chosen by looking at the race says something, and
    then only `at_least` holds.

    Source: Kaplan & Meier 1958; the middle of a step as in R's `survival::quantile.survfit`.

    Raises:
        ValueError: a share outside 0 to 1.
    """
    check_share(share, "share")
    all_reached = Times(times.durations, (True,) * len(times.reached))
    at_least = _kaplan_meier(all_reached, share)
    assert at_least is not None  # the curve of reached times ends at 0
    return TimeQuantile(_kaplan_meier(times, share), at_least, sum(times.reached), len(times.reached))


def _kaplan_meier(times: Times, share: float) -> float | None:
    from scipy.stats import CensoredData, ecdf

    durations, reached = np.asarray(times.durations), np.asarray(times.reached, dtype=bool)
    curve = ecdf(CensoredData(uncensored=durations[reached], right=durations[~reached])).sf
    below = curve.quantiles[curve.probabilities < 1 - share - TIE]
    if not len(below):
        return None
    not_above = curve.quantiles[curve.probabilities <= 1 - share + TIE]
    return float(not_above[0] + below[0]) / 2


def restrict(candidates: Mapping[str, Times]) -> dict[str, tuple[float, ...]]:
    """The times of each candidate, cut for each seed at the shortest of the bounds not reached on that seed.

    Within a seed all times are then known up to the same horizon: nobody is ahead by having been stopped early, and
    no order of two known times is turned round. What lies beyond the horizon counts as equal, so ratios are drawn
    towards 1. A failed training is no slow one: take failures out first, or their early end is everyone's horizon.

    Source: the restricted mean, Royston & Parmar 2013, here with a horizon per pair.

    Raises:
        ValueError: different numbers of seeds.
    """
    counts = {name: len(times.durations) for name, times in candidates.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(f"pairs need the same seeds in all: {', '.join(f'{k} has {v}' for k, v in counts.items())}")
    durations = np.array([times.durations for times in candidates.values()])
    reached = np.array([times.reached for times in candidates.values()], dtype=bool)
    horizon = np.where(reached, np.inf, durations).min(axis=0)
    return dict(zip(candidates, map(tuple, np.minimum(durations, horizon).tolist()), strict=True))


@dataclass(frozen=True, slots=True)
class TimeComparison:
    """A restricted comparison, and how much of it was measured.

    Attributes:
        comparison: ratio of times, value to reference, within the horizon of each pair.
        censored, censored_reference: how many times of either were not reached; with any, the ratio of the true times
            is likely to be farther from 1.
    """

    comparison: PairedComparison
    censored: int
    censored_reference: int


def compare_times(
    values: Times, reference: Times, *, resolution: float = 0.0, confidence: float = 0.95
) -> TimeComparison:
    """Compare times to a threshold, paired and on logs, a time not reached entering as its bound (see `restrict`).

    Args:
        resolution: unit of the times: 1 for steps, or the steps between two looks at the threshold.

    Raises:
        ValueError: different numbers of seeds, and what `compare_paired` refuses.
    """
    cut = restrict({"values": values, "reference": reference})
    found = compare_paired(cut["values"], cut["reference"], log=True, resolution=resolution, confidence=confidence)
    return TimeComparison(found, values.censored, reference.censored)
