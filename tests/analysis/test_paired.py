"""Paired comparisons against closed forms and scipy's t-test; floors; degenerate and wrong input; invariances."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from lrlab.analysis.intervals import interval_of, mean_interval
from lrlab.analysis.paired import PairedComparison, compare_paired
from lrlab.analysis.rounding import FLOAT32

SLEEP = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]  # Student 1908: extra hours, paired differences
RES = 1 / math.sqrt(6)  # σ of a difference of two readings in whole units


def difference(values: Sequence[float], resolution: float = 0.0, confidence: float = 0.95) -> PairedComparison:
    return compare_paired(values, [0.0] * len(values), log=False, resolution=resolution, confidence=confidence)


def test_three_seeds_by_hand() -> None:
    found = difference([1, 2, 3])  # mean 2, spread 1, t(0.975, 2) = 4.302653
    assert (found.low, found.high) == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))
    t = 2 * math.sqrt(3)  # with two degrees of freedom P(|T| > t) = 1 - t / √(2 + t²)
    assert found.p_value == pytest.approx(1 - t / math.sqrt(2 + t * t))
    assert (found.estimate, found.n, found.method, found.decisive) == (2.0, 3, "student-t", False)
    ratio = compare_paired([math.e, math.e**2, math.e**3], [1, 1, 1], log=True)
    assert (ratio.estimate, ratio.low, ratio.high) == pytest.approx((math.e**2, *np.exp([found.low, found.high])))
    assert ratio.p_value == pytest.approx(found.p_value)


@pytest.mark.parametrize("n", [2, 5, 9])
def test_below_ten_seeds_it_is_the_t_test(n: int) -> None:
    x, y = np.random.default_rng(n).normal(size=(2, n))
    found, plain = compare_paired(x, y, log=False, confidence=0.9), stats.ttest_rel(x, y)
    assert found.p_value == pytest.approx(plain.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(plain.confidence_interval(0.9)))


def test_from_ten_seeds_the_bootstrap_widens_the_t_interval_where_it_is_skewed() -> None:
    found = difference(SLEEP)
    assert found.method == "bca" and found.low == pytest.approx(0.7001, abs=1e-4)  # t: 0.70 to 2.46, p 0.00283
    assert found.high is not None and found.high > 2.4599 + 0.1  # the long tail is on this side
    assert found.p_value == pytest.approx(0.00283, abs=1e-5)
    assert difference(SLEEP[:9]).method == "student-t"


def test_a_seed_alone_is_never_decisive() -> None:
    found = compare_paired([100.0], [1.0], log=True)
    assert (found.low, found.high, found.p_value, found.effect, found.method) == (None, None, 1.0, None, "none")
    assert found.estimate == pytest.approx(100) and not found.decisive


@pytest.mark.parametrize("n", [2, 3, 5, 12])
def test_ties_have_the_width_of_their_rounding_and_p_1(n: int) -> None:
    found = difference([0.0] * n, resolution=1)
    t_half, shared = stats.t.ppf(0.975, n - 1) * RES / math.sqrt(n), stats.norm.ppf(0.975) * RES
    assert found.high == pytest.approx(max(t_half, shared)) and found.low == -found.high
    assert (found.p_value, found.effect or 0.0, found.method) == (1.0, 0.0, "student-t")
    assert found.rounding == pytest.approx(RES)
    same = compare_paired([57] * n, [57] * n, log=True, resolution=1)
    assert math.log(same.high or 0) == pytest.approx((found.high or 0) / 57)
    assert same.estimate == 1 and same.p_value == 1


def test_a_constant_difference_below_the_resolution_is_not_decisive() -> None:
    for n in (3, 9, 30):
        one = difference([0.7] * n, resolution=1)
        assert one.p_value > 0.05 and one.low is not None and one.low < 0
        assert difference([0.7] * n, resolution=0.1).decisive
    assert difference([3.0] * 5, resolution=1).decisive
    assert difference([3.0] * 3, resolution=1).effect == pytest.approx(3 / RES * math.gamma(1) / math.gamma(0.5))


def test_an_interval_is_never_without_width() -> None:
    for values in ([0.0, 0.0], [0.3] * 4, [5e8] * 20):
        found = difference(values)
        assert found.low is not None and found.high is not None and found.low < found.estimate < found.high
    assert difference([0.3] * 4).decisive  # declared as read in float32: equal to 1e-7


def test_the_floor_of_a_ratio_is_the_resolution_over_the_value() -> None:
    found = compare_paired([10, 20], [40, 50], log=True, resolution=2)
    errors = [2**2 / 12 * (1 / x**2 + 1 / y**2) for x, y in ((10, 40), (20, 50))]
    assert found.rounding == pytest.approx(math.sqrt(np.mean(errors)))
    assert compare_paired([10, 20], [40, 50], log=True).rounding == pytest.approx(FLOAT32 / math.sqrt(6))


def test_a_wide_ratio_does_not_overflow() -> None:
    found = compare_paired([1.0, 1e300], [1.0, 1.0], log=True)
    assert found.high == math.inf and found.low == 0.0 and not found.decisive


@pytest.mark.parametrize(
    ("values", "reference", "log", "message"),
    [
        ([1, 2], [1], False, r"2 values and 1 in reference"),
        ([], [], False, r"values has shape \(0,\)"),
        ([[1.0]], [1.0], False, r"values has shape \(1, 1\)"),
        ([1, math.nan], [1, 2], False, r"values\[1\] is nan"),
        ([1, 2], [math.inf, 2], False, r"reference\[0\] is inf"),
        ([1, 0], [1, 2], True, r"values\[1\] is 0.0, which has no logarithm"),
        ([1, 1], [1, -2], True, r"reference\[1\] is -2.0"),
    ],
)
def test_wrong_numbers_are_named(values: list[float], reference: list[float], log: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare_paired(values, reference, log=log)


def test_wrong_settings_are_named() -> None:
    for confidence in (0.0, 1.0, 95.0, math.nan):
        with pytest.raises(ValueError, match="confidence is"):
            difference([1, 2], confidence=confidence)
    for resolution in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="resolution is"):
            difference([1, 2], resolution=resolution)


def test_the_mean_of_seeds_has_the_rounding_of_one_reading() -> None:
    assert mean_interval([0.5]).low is None and mean_interval([0.5]).half_width is None
    found = mean_interval([0.5] * 4, resolution=0.01)
    t_half = stats.t.ppf(0.975, 3) * 0.01 / math.sqrt(12) / 2
    assert found.half_width == pytest.approx(max(t_half, 1.959964 * 0.01 / math.sqrt(12)))
    five = [0.91, 0.93, 0.92, 0.95, 0.9]
    plain = stats.ttest_1samp(five, 0).confidence_interval()
    assert (mean_interval(five).low, mean_interval(five).high) == pytest.approx(tuple(plain))


arms = st.integers(1, 14).flatmap(
    lambda n: st.tuples(*[st.lists(st.floats(0.01, 100) | st.integers(1, 6), min_size=n, max_size=n)] * 2)
)
resolutions = st.sampled_from([0.0, 0.5, 1.0])


@settings(max_examples=80, deadline=None)
@given(arms, resolutions, st.floats(0.001, 1000))
def test_scaling_both_arms_and_the_resolution_leaves_a_ratio_alone(
    both: tuple[list[float], list[float]], resolution: float, scale: float
) -> None:
    one = compare_paired(*both, log=True, resolution=resolution)
    other = compare_paired(*([scale * x for x in arm] for arm in both), log=True, resolution=scale * resolution)
    assert one.estimate == pytest.approx(other.estimate, rel=1e-9)
    assert one.n == 1 or (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-6)
    assert one.p_value == pytest.approx(other.p_value, abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(arms, resolutions, st.booleans())
def test_swapping_the_arms_turns_the_answer_round(
    both: tuple[list[float], list[float]], resolution: float, log: bool
) -> None:
    one = compare_paired(*both, log=log, resolution=resolution)
    other = compare_paired(*reversed(both), log=log, resolution=resolution)
    turned = (lambda x: 1 / x) if log else (lambda x: -x)
    assert one.p_value == pytest.approx(other.p_value, abs=1e-9)
    assert one.estimate == pytest.approx(turned(other.estimate), rel=1e-9, abs=1e-12)
    if one.low and one.high and one.low > 1e-12 and math.isfinite(one.high) and other.high:
        assert one.low == pytest.approx(turned(other.high), rel=1e-9)


@settings(max_examples=150, deadline=None)
@given(arms, resolutions, st.booleans(), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_holds_the_estimate_and_leaves_out_no_difference_exactly_when_p_says_so(
    both: tuple[list[float], list[float]], resolution: float, log: bool, confidence: float
) -> None:
    found = compare_paired(*both, log=log, resolution=resolution, confidence=confidence)
    assume(found.n > 1 and abs(found.p_value - (1 - confidence)) > 1e-9)
    assert found.low is not None and found.high is not None
    assert found.low < found.estimate < found.high
    none = 1.0 if log else 0.0
    assert (not found.low <= none <= found.high) == found.decisive


def test_the_spread_of_more_than_the_rounding_is_the_sample_s() -> None:
    found = interval_of(np.array([1.0, 2.0, 4.0]), 0.1, 0.95)
    assert found.spread == pytest.approx(np.std([1, 2, 4], ddof=1))
    assert interval_of(np.array([1.0, 2.0, 4.0]), 5.0, 0.95).spread == 5.0
