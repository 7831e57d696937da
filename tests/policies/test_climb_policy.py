"""The way up to max-lr: its closed form, and that it is the beginning of one cycle."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrlab.policies import Climb, OneCycle

shapes = st.sampled_from(["linear", "cosine"])


@given(st.integers(1, 200), st.integers(1, 60), st.floats(0.01, 1), shapes)
def test_a_climb_equals_its_definition(up: int, hold: int, ratio: float, shape: Any) -> None:
    policy = Climb(up + hold, ratio * 0.5, 0.5, up, shape, (0.85, 0.95))
    for step in range(up + hold):
        share = min(step / up, 1.0)
        eased = share if shape == "linear" else 0.5 - 0.5 * math.cos(math.pi * share)
        found = policy.at(step)
        assert found.lr == pytest.approx(0.5 * (ratio + (1 - ratio) * eased), rel=1e-12)
        assert found.momentum == pytest.approx(0.95 - 0.1 * eased, rel=1e-12)
        assert found.phase == ("up" if step < up else "hold")


@given(st.integers(1, 60), shapes)
def test_it_is_one_cycle_up_to_its_peak(up: int, shape: Any) -> None:
    cycle = OneCycle(3 * up, 1.0, parts=(f"{up}it",) * 3, shape=shape)
    climb = Climb(2 * up, 0.1, 1.0, up, shape, (0.85, 0.95))
    at_peak = [(h.lr, h.momentum) for h in map(cycle.at, range(up + 1))]
    assert [(h.lr, h.momentum) for h in map(climb.at, range(up + 1))] == at_peak
    assert {climb.at(step).lr for step in range(up, 2 * up)} == {1.0}


def test_the_first_update_has_min_lr_and_update_up_is_the_first_at_max_lr() -> None:
    policy = Climb(5, 0.1, 1.0, 3)
    assert [policy.at(step).lr for step in range(5)] == pytest.approx([0.1, 0.4, 0.7, 1.0, 1.0])
    assert [(knot.step, knot.label) for knot in policy.knots()] == [(0, "min-lr"), (3, "max-lr"), (4, "max-lr")]


@given(st.integers(1, 60), st.floats(0.01, 0.9), shapes)
def test_a_higher_start_is_ahead_all_the_way(up: int, ratio: float, shape: Any) -> None:
    low, high = (Climb(up + 3, r, 1.0, up, shape) for r in (ratio, ratio * 1.1))
    assert all(high.at(step).lr > low.at(step).lr for step in range(up))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ((10, 0.2, 0.1, 5), "at most max_lr"),
        ((10, 0.0, 0.1, 5), "above 0"),
        ((10, 0.1, 0.2, 10), "leaves 0 of 10"),
        ((10, 0.1, 0.2, 0), "a climb of 0 steps"),
    ],
)
def test_what_does_not_climb_is_refused(values: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Climb(*values)
