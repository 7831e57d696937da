"""Kaplan-Meier quantiles against published and hand-computed cases; restricted comparisons."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrlab.analysis.censored import Times, compare_times, quantile, restrict
from lrlab.analysis.paired import compare_paired

# Freireich et al. 1963, weeks in remission; False is still in remission
SIX_MP = Times(
    (6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35), (True,) * 9 + (False,) * 12
)
PLACEBO = Times((1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23), (True,) * 21)


def plain_quantile(times: Times, share: float) -> float | None:
    """The product limit, one event after the other."""
    survival, events = 1.0, sorted({d for d, r in zip(times.durations, times.reached, strict=True) if r})
    first = None
    for event in events:
        at_risk = sum(d >= event for d in times.durations)
        happened = sum(d == event and r for d, r in zip(times.durations, times.reached, strict=True))
        survival *= 1 - happened / at_risk
        if first is None and survival <= 1 - share + 1e-9:
            first = event
        if survival < 1 - share - 1e-9:
            assert first is not None
            return (first + event) / 2
    return None


def test_published_medians() -> None:
    assert quantile(SIX_MP).value == 23
    assert quantile(PLACEBO).value == 8
    assert quantile(SIX_MP, 0.25).value == 13  # survival 0.753 at 10, 0.690 at 13
    assert quantile(SIX_MP, 0.6).value is None


def test_by_hand() -> None:
    """Survival 4/5 at 10, 4/5 · 2/3 = 8/15 at 30, 0.267 at 40."""
    times = Times((10, 20, 30, 40, 50), (True, False, True, True, False))
    assert [quantile(times, share).value for share in (0.1, 0.2, 0.4, 0.5, 0.7, 0.8)] == [10, 20, 30, 40, 40, None]
    assert quantile(times).at_least == 30


def test_without_censoring_it_is_the_ordinary_median() -> None:
    for n in range(1, 12):
        values = np.random.default_rng(n).integers(1, 30, size=n).tolist()
        found = quantile(Times.of(values, 100))
        assert found.value == found.at_least == np.median(values) and str(found) == f"{found.value:g}"


def test_with_half_or_fewer_reached_there_is_a_bound_instead() -> None:
    few = quantile(Times.of([60, None, 50, None, None], 150))
    assert (few.value, few.at_least, few.reached, few.n, str(few)) == (None, 150, 2, 5, "> 150")
    half = quantile(Times.of([50, 60, None, None], 150))
    assert half.value is None and half.at_least == 105  # the middle of 60 and at least 150
    assert quantile(Times.of([None, None], 150)).at_least == 150
    assert quantile(Times.of([50, None, 70], 150)).value == 70


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=12), st.sampled_from([0.25, 0.5, 0.7])
)
def test_equals_the_product_limit_and_keeps_its_bound(rows: list[tuple[int, bool]], share: float) -> None:
    times = Times(*map(tuple, zip(*rows, strict=True)))  # type: ignore[arg-type]
    found = quantile(times, share)
    assert found.value == plain_quantile(times, share)
    assert found.value is None or found.value >= found.at_least


def test_a_time_not_reached_enters_as_its_bound() -> None:
    slow, fast = Times.of([100, None, None], 150), Times.of([50, 60, 70], 150)
    found = compare_times(slow, fast, resolution=1)
    assert found.comparison == compare_paired([100, 150, 150], [50, 60, 70], log=True, resolution=1)
    assert (found.censored, found.censored_reference) == (2, 0)


def test_being_stopped_early_is_no_advantage() -> None:
    stopped, slower = Times((40, 50), (False, True)), Times((60, 60), (True, True))
    assert restrict({"a": stopped, "b": slower}) == {"a": (40, 50), "b": (40, 60)}
    assert compare_times(stopped, slower).comparison.estimate == pytest.approx(math.sqrt(50 / 60))


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99), st.integers(1, 99)), min_size=1, max_size=6))
def test_no_pair_changes_its_order_and_ratios_are_drawn_towards_1(rows: list[tuple[int, int, int]]) -> None:
    def watched(times: list[int], bounds: list[int]) -> Times:
        pairs = list(zip(times, bounds, strict=True))
        return Times(tuple(min(t, b) for t, b in pairs), tuple(t <= b for t, b in pairs))

    true_a, true_b, bounds = map(list, zip(*rows, strict=True))
    cut = restrict({"a": watched(true_a, bounds), "b": watched(true_b, bounds[::-1])})
    for a, b, cut_a, cut_b in zip(true_a, true_b, cut["a"], cut["b"], strict=True):
        assert (cut_a - cut_b) * (a - b) >= 0
        assert abs(math.log(cut_a / cut_b)) <= abs(math.log(a / b)) + 1e-12


def test_nobody_reached_is_a_tie() -> None:
    none = Times.of([None, None, None], 150)
    found = compare_times(none, none, resolution=1)
    assert (found.comparison.estimate, found.comparison.p_value, found.censored) == (1.0, 1.0, 3)


def test_wrong_times_are_named() -> None:
    for durations, reached, message in [
        ((1.0, 2.0), (True,), "2 durations and 1 in reached"),
        ((), (), "durations has shape"),
        ((1.0, 0.0), (True, True), r"durations\[1\] is 0.0"),
        ((math.inf,), (False,), r"durations\[0\] is inf"),
    ]:
        with pytest.raises(ValueError, match=message):
            Times(durations, reached)
    with pytest.raises(ValueError, match=r"times\[0\] is 200, beyond the bound 150"):
        Times.of([200], 150)
    with pytest.raises(ValueError, match="a has 1, b has 2"):
        restrict({"a": Times.of([1], 9), "b": Times.of([1, 2], 9)})
    with pytest.raises(ValueError, match="share is 1"):
        quantile(PLACEBO, 1.0)
