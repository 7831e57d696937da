"""Two arms over the same seeds: by how much do they differ, and is it sure?"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lrlab.analysis.effects import paired_effect
from lrlab.analysis.intervals import Method, interval_of
from lrlab.analysis.rounding import mean_error, rounding_error
from lrlab.analysis.samples import pairs_of

MAX_LOG = math.log(sys.float_info.max)  # two seeds, one of them diverged, reach beyond it


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """An arm against a reference, seed by seed.

    Attributes:
        estimate: mean difference, value minus reference; on logs the ratio of the geometric means.
        low, high: the interval, on the same scale; None with one seed.
        p_value: of no difference, two-sided; below 1 - confidence exactly where the interval leaves 0 (or the ratio
            1) out; 1 with one seed.
        n: pairs.
        method: "student-t", "bca" where the bootstrap had a say, "none" with one seed.
        effect: d_z with Hedges' correction, on the scale compared (logs where `log`); None with fewer than three.
        rounding: σ that the resolution gives one difference (of logs where `log`); the spread is never below it.
        log: whether the numbers are ratios.
    """

    estimate: float
    low: float | None
    high: float | None
    p_value: float
    n: int
    method: Method
    effect: float | None
    rounding: float
    confidence: float
    log: bool

    @property
    def decisive(self) -> bool:
        """Whether the arms differ at this confidence; for several candidates ask `multiple.decide` instead."""
        return self.p_value < 1 - self.confidence


def compare_paired(
    values: Sequence[float],
    reference: Sequence[float],
    *,
    log: bool,
    resolution: float = 0.0,
    confidence: float = 0.95,
) -> PairedComparison:
    """Compare an arm with a reference over the same seeds.

    Args:
        values, reference: one number per seed; the i-th of both belong to the same seed.
        log: compare logarithms, for what is positive and scales (times, losses); the answer is a ratio.
        resolution: unit in which the numbers are read, on their own scale: 1 for a count of steps, the steps between
            two evaluations, 1/N for an accuracy over N images; 0 is the resolution of float32.

    Raises:
        ValueError: different lengths, no pairs, a number that is not finite, one without a logarithm where `log`, a
            confidence or resolution that cannot be.
    """
    mine, other = pairs_of(values, reference, log=log)
    rounding = mean_error(rounding_error(mine, resolution, log=log), rounding_error(other, resolution, log=log))
    found = interval_of(np.log(mine) - np.log(other) if log else mine - other, rounding, confidence)
    scale = _ratio if log else float
    return PairedComparison(
        scale(found.mean),
        None if found.low is None else scale(found.low),
        None if found.high is None else scale(found.high),
        found.p_value,
        found.n,
        found.method,
        paired_effect(found.mean, found.spread, found.n),
        rounding,
        confidence,
        log,
    )


def _ratio(log_ratio: float) -> float:
    return math.exp(log_ratio) if log_ratio < MAX_LOG else math.inf
