"""How large a difference is, beside how sure."""

import math
from collections.abc import Sequence

import numpy as np

from lrlab.analysis.samples import sample_of


def paired_effect(mean: float, spread: float, n: int) -> float | None:
    """d_z, the mean paired difference in units of its spread over the seeds, without its small-sample bias.

    None with fewer than three pairs: the correction for two is 0, no expectation exists.

    Source: Cohen 1988, section 2.3.5; Hedges 1981.
    """
    return hedges_correction(n - 1) * mean / spread if n > 2 else None


def hedges_correction(freedom: int) -> float:
    """J(m) = Γ(m/2) / (√(m/2) Γ((m-1)/2)), about 1 - 3/(4m - 1); the factor that makes d unbiased; 0 at m = 1.

    Source: Hedges 1981.
    """
    if freedom < 2:
        return 0.0
    return math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)


def cliffs_delta(values: Sequence[float], reference: Sequence[float]) -> float:
    """P(value > reference) - P(value < reference) over all couples, from -1 to 1; in O(n log n).

    It asks how far two sets of seeds overlap, whatever the scale, and does not use the pairing.

    Source: Cliff 1993. (1 + delta) / 2 is the common-language effect size of McGraw & Wong 1992, ties as one half.

    Raises:
        ValueError: no values, or one that is not finite.
    """
    sample, other = sample_of(values), np.sort(sample_of(reference, "reference"))
    below = int(np.searchsorted(other, sample, side="left").sum())
    not_above = int(np.searchsorted(other, sample, side="right").sum())
    couples = len(sample) * len(other)
    return (below - (couples - not_above)) / couples
