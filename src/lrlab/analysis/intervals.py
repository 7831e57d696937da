"""The mean over seeds, and how far it may be off."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lrlab.analysis.bootstrap import bca
from lrlab.analysis.rounding import mean_error, rounding_error
from lrlab.analysis.samples import Floats, check_share, sample_of

BOOTSTRAP_FROM = 10  # seeds

Method = Literal["none", "student-t", "bca"]


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean over seeds with its interval.

    Attributes:
        low, high: the ends; None with one seed.
        p_value: of a true mean of 0, two-sided; below 1 - confidence exactly where the interval leaves 0 out.
        spread: standard deviation of one value (n - 1), never below what rounding makes.
        method: "student-t", "bca" where the bootstrap had a say, "none" with one seed.
    """

    mean: float
    low: float | None
    high: float | None
    p_value: float
    n: int
    spread: float
    method: Method

    @property
    def half_width(self) -> float | None:
        """Half of the distance between the ends; None with one seed."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


def mean_interval(values: Sequence[float], *, confidence: float = 0.95, resolution: float = 0.0) -> MeanInterval:
    """Mean of one value per seed, with its interval; see `interval_of`.

    Args:
        values: one per seed.
        resolution: unit the values are read in; 0 is the resolution of float32.

    Raises:
        ValueError: no values, one that is not finite, a confidence or resolution that cannot be.
    """
    sample = sample_of(values)
    return interval_of(sample, mean_error(rounding_error(sample, resolution)), confidence)


def interval_of(sample: Floats, rounding: float, confidence: float) -> MeanInterval:
    """The interval, given σ of the rounding error of one value.

    It reaches to each side as far as the farthest of these (and the p-value is the largest of theirs):

    - Student-t, the spread of the values never taken below `rounding`;
    - z `rounding`, z the normal quantile: where the seeds hardly differ all are rounded the same way, an error that
      averaging does not reduce;
    - from 10 seeds on the BCa bootstrap, which knows skewness. Fewer hold no shape to resample, and values that
      differ by no more than rounding makes hold none at any n.

    How often it holds the truth is measured in `docs/statistics.md`.
    """
    check_share(confidence, "confidence")
    n, mean = len(sample), math.fsum(sample) / len(sample)
    if n == 1:
        return MeanInterval(mean, None, None, 1.0, 1, rounding, "none")
    deviation = float(sample.std(ddof=1))
    spread = max(deviation, rounding)
    reaches = [_student_t(mean, spread / math.sqrt(n), n - 1, confidence), _normal(mean, rounding, confidence)]
    method: Method = "bca" if n >= BOOTSTRAP_FROM and deviation > rounding else "student-t"
    if method == "bca":
        low, high, p = bca(sample, confidence)
        reaches.append((float(low), float(high), float(p)))
    lows, highs, p_values = zip(*reaches, strict=True)
    return MeanInterval(mean, min(lows), max(highs), max(p_values), n, spread, method)


def _student_t(mean: float, error: float, freedom: int, confidence: float) -> tuple[float, float, float]:
    """Low, high, and the two-sided p-value of 0."""
    from scipy.special import stdtr, stdtrit

    half = error * float(stdtrit(freedom, (1 + confidence) / 2))
    return mean - half, mean + half, 2 * float(stdtr(freedom, -abs(mean) / error))


def _normal(mean: float, error: float, confidence: float) -> tuple[float, float, float]:
    from scipy.special import ndtr, ndtri

    half = error * float(ndtri((1 + confidence) / 2))
    return mean - half, mean + half, 2 * float(ndtr(-abs(mean) / error))
