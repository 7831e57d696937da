"""BCa against scipy, and against its definition written out; the p-value against the interval it turns round."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lrlab.analysis.bootstrap import RESAMPLES, SEED, bca

SAMPLES = [
    np.random.default_rng(0).normal(0.4, 1, size=10),
    np.random.default_rng(1).exponential(size=20) - 0.3,
    -np.random.default_rng(2).exponential(size=15),
    np.array([0.0] * 9 + [1.0]),  # ties
    np.array([1.0, 2, 2, 3, 3, 3, 4, 4, 5, -3, -1, 0]),
]


def definition(sample: np.ndarray, confidence: float) -> tuple[float, float]:
    """Efron & Tibshirani 1993, equations 14.10, 14.14 and 14.15, jackknife and all, one resample at a time."""
    n = len(sample)
    index = np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))
    means = sorted(math.fsum(sample[i] for i in row) / n for row in index.tolist())
    mean = math.fsum(sample) / n
    bias = stats.norm.ppf((sum(m < mean for m in means) + sum(m <= mean for m in means)) / (2 * RESAMPLES))
    left_out = [math.fsum(np.delete(sample, i)) / (n - 1) for i in range(n)]
    middle = math.fsum(left_out) / n
    cubes, squares = (math.fsum((middle - x) ** k for x in left_out) for k in (3, 2))
    acceleration = cubes / (6 * squares**1.5)
    ends = []
    for share in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + stats.norm.ppf(share)
        ends.append(float(np.quantile(means, stats.norm.cdf(bias + z / (1 - acceleration * z)))))
    return ends[0], ends[1]


@pytest.mark.parametrize("sample", SAMPLES)
def test_equals_its_definition(sample: np.ndarray) -> None:
    low, high, _ = bca(sample, 0.9)
    assert (float(low), float(high)) == pytest.approx(definition(sample, 0.9), rel=1e-9)
    assert (float(low), float(high)) != pytest.approx(definition(sample, 0.5), rel=1e-9)


def test_equals_scipy_s_interval_and_rows_are_as_samples_alone() -> None:
    sample = SAMPLES[1]
    plain = stats.bootstrap((sample,), np.mean, rng=np.random.default_rng(SEED)).confidence_interval
    assert np.array(bca(sample, 0.95)[:2]) == pytest.approx(np.array(plain), rel=1e-9)
    rows = bca(np.stack([sample, 2 - 3 * sample]), 0.95)
    for i, row in enumerate((sample, 2 - 3 * sample)):
        assert [float(part[i]) for part in rows] == pytest.approx([float(part) for part in bca(row, 0.95)])


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_p_value_is_the_confidence_at_which_an_end_falls_on_0(sample: np.ndarray) -> None:
    p = float(bca(sample, 0.95)[2])
    if p == 0:  # no resample gets there, so no interval does
        assert float(bca(sample, 0.9999)[0]) > 0 or float(bca(sample, 0.9999)[1]) < 0
        return
    inside, outside = 1.0 - 1e-6, 1e-6  # bisection over the interval itself
    for _ in range(40):
        middle = (inside + outside) / 2
        low, high, _ = bca(sample, middle)
        inside, outside = (middle, outside) if low <= 0 <= high else (inside, middle)
    assert p == pytest.approx(1 - inside, abs=1e-6)


def test_no_p_below_the_mean_itself_and_none_beyond_the_resamples() -> None:
    assert float(bca(np.array([-1.0, 1, -2, 2, 0, 0, 3, -3, 4, -4]), 0.95)[2]) == 1.0
    assert float(bca(np.arange(10) + 1.0, 0.95)[2]) == 0.0


def test_equal_values_cannot_be_resampled() -> None:
    with pytest.raises(ValueError, match="equal"):
        bca(np.full(10, 0.3), 0.95)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=10, max_size=25).filter(lambda x: len(set(x)) > 1), st.floats(0.01, 100))
def test_sign_and_unit_change_the_interval_alike_ties_included(values: list[int], unit: float) -> None:
    sample = np.array(values, dtype=float)
    low, high, p = bca(sample, 0.95)
    other_low, other_high, other_p = bca(-unit * sample, 0.95)
    assert (-unit * high, -unit * low) == pytest.approx((other_low, other_high), abs=1e-6 * unit)
    assert p == pytest.approx(other_p, abs=1e-7)


def test_ties_of_resampled_means_do_not_hang_on_the_rounding_of_sums() -> None:
    whole = np.array([-5.0, 1.0, -3.0, -3.0, 3.0, 3.0, 5.0, 0.0, 0.0, 5.0])  # sums exact; tenths are not
    assert np.array(bca(whole / 10, 0.95)) == pytest.approx(np.array(bca(whole, 0.95)) / [10, 10, 1], abs=1e-9)

    def raw(sample: np.ndarray) -> np.ndarray:
        return np.array(stats.bootstrap((sample,), np.mean, rng=np.random.default_rng(SEED)).confidence_interval)

    assert raw(whole / 10) != pytest.approx(raw(whole) / 10, abs=1e-3)  # the control: what scipy says of the plain mean
