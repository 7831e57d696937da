"""Effect sizes against closed forms, quadratic definitions and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lrlab.analysis.effects import cliffs_delta, hedges_correction, paired_effect
from lrlab.analysis.paired import compare_paired


def test_hedges_correction_on_its_closed_form_and_approximation() -> None:
    assert hedges_correction(2) == pytest.approx(1 / math.sqrt(math.pi))  # Γ(1) / (√1 Γ(1/2))
    assert hedges_correction(4) == pytest.approx(math.sqrt(2 / math.pi))  # Γ(2) / (√2 Γ(3/2))
    assert hedges_correction(1) == 0.0
    for freedom in (10, 50, 400):
        assert hedges_correction(freedom) == pytest.approx(1 - 3 / (4 * freedom - 1), rel=1e-3)


def test_the_corrected_effect_is_unbiased() -> None:
    d = np.random.default_rng(0).normal(0.8, 1, size=(100_000, 5))
    raw = d.mean(axis=1) / d.std(axis=1, ddof=1)
    assert raw.mean() > 0.95  # the control: the bias is a quarter
    assert hedges_correction(4) * raw.mean() == pytest.approx(0.8, abs=0.01)


def test_of_a_comparison() -> None:
    found = compare_paired([2, 4, 6], [1, 2, 3], log=False)  # differences 1, 2, 3
    assert found.effect == pytest.approx(2 / math.sqrt(math.pi))
    assert compare_paired([2, 4], [1, 2], log=False).effect is None and paired_effect(1, 1, 1) is None


numbers = st.lists(st.integers(0, 6), min_size=1, max_size=10)


@given(numbers, numbers)
def test_cliffs_delta_equals_the_count_of_couples(values: list[int], reference: list[int]) -> None:
    couples = [(x > y) - (x < y) for x in values for y in reference]
    delta = cliffs_delta(values, reference)
    assert delta == pytest.approx(sum(couples) / len(couples)) == pytest.approx(-cliffs_delta(reference, values))
    u = (
        stats.mannwhitneyu(values, reference, method="asymptotic").statistic
        if len(set(values + reference)) > 1
        else None
    )
    assert u is None or delta == pytest.approx(2 * u / len(couples) - 1)


def test_cliffs_delta_refuses_what_is_not_a_number() -> None:
    with pytest.raises(ValueError, match=r"reference\[0\] is nan"):
        cliffs_delta([1.0], [math.nan])
