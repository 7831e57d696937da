"""The stop rule against its definition in numpy, and its invariances."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrlab.analysis.divergence import DivergenceRule, StopReason

Curve = list[float]


def plain_stop(losses: Curve) -> int | None:
    """The definition, recomputed from scratch at every point: index of the loss it stops at."""
    for i, loss in enumerate(losses):
        if not math.isfinite(loss):
            return i
        seen = np.array(losses[: i + 1])
        if len(seen) <= 10:
            continue
        start = np.median(seen[:10])
        best = min(np.median(seen[k - 5 : k]) for k in range(5, len(seen) + 1))
        sigma = 1.4826 * np.median(np.abs(np.diff(seen))) / math.sqrt(2)
        if np.median(seen[-5:]) > start + max(2 * (start - best), 6 * sigma):
            return i
    return None


def stop(losses: Curve) -> int | None:
    rule = DivergenceRule()
    return next((i for i, loss in enumerate(losses) if rule.update(loss) is not None), None)


def sweep(seed: int, noise: float, drop: float, blow: float) -> Curve:
    rng, x = np.random.default_rng(seed), np.linspace(-6, 1, 100)
    return list(
        2.3 - drop / (1 + np.exp(-3 * (x + 2))) + np.exp(blow * (x + 0.2)) - 1e-9 + noise * rng.normal(size=100)
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 0.5), st.floats(0, 2), st.floats(0.5, 8))
def test_equals_the_definition_on_sweeps(seed: int, noise: float, drop: float, blow: float) -> None:
    losses = sweep(seed, noise, drop, blow)
    assert stop(losses) == plain_stop(losses)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, 2.1, 5.0, 50.0, -3.0]), min_size=5, max_size=60))
def test_equals_the_definition_on_anything(losses: Curve) -> None:
    assert stop(losses) == plain_stop(losses)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(-50, 50), st.floats(0.01, 100))
def test_shift_and_scale_change_nothing(seed: int, shift: float, scale: float) -> None:
    losses = sweep(seed, 0.05, 1.5, 4)
    assert stop([scale * loss + shift for loss in losses]) == stop(losses) is not None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("at", [0, 4, 11])
def test_the_first_non_finite_loss_stops(bad: float, at: int) -> None:
    for check in (True, False):
        rule = DivergenceRule(check_rise=check)
        assert [rule.update(1.0) for _ in range(at)] == [None] * at
        assert rule.update(bad) is StopReason.NON_FINITE


def test_never_within_the_first_ten_points_and_never_when_switched_off() -> None:
    rising = [10.0**i for i in range(10)]
    rule = DivergenceRule()
    assert [rule.update(loss) for loss in rising] == [None] * 10
    off = DivergenceRule(check_rise=False)
    assert [off.update(loss) for loss in [*rising, 1e20, 1e30]] == [None] * 12


def test_pure_noise_never_stops() -> None:
    rng = np.random.default_rng(0)
    assert all(stop(list(2.3 + 0.1 * rng.normal(size=100))) is None for _ in range(200))
