"""Rules for a climb: against their definitions in slow plain code, and on curves whose verdict is known."""

import math
import random
import statistics
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrlab.analysis.climb import BETA, FIRST, NOISE, STAY, ClimbRule, judge, reached
from lrlab.analysis.divergence import StopReason
from lrlab.analysis.smoothing import Average

CHANCE = math.log(10)
curves = st.lists(st.floats(0.01, 20), min_size=1, max_size=60)


def plain_average(losses: list[float]) -> float:
    """The weights written out: β^k for the loss k updates ago, divided by their sum."""
    weights = [BETA**age for age in reversed(range(len(losses)))]
    return sum(w * loss for w, loss in zip(weights, losses, strict=True)) / sum(weights)


def plain_stop(losses: list[float]) -> int | None:
    """After how many updates the rise rule stops, from its sentence."""
    for n in range(FIRST, len(losses) + 1):
        levels = [plain_average(losses[:k]) for k in range(n - STAY + 1, n + 1)]
        jumps = [abs(b - a) for a, b in pairwise(losses[:n])]
        noise = max(1.4826 * statistics.median(jumps) / math.sqrt(2), 2.0**-23 * abs(losses[0]))
        if min(levels) > losses[0] and levels[-1] > losses[0] + NOISE * noise:
            return n
    return None


def stop(losses: list[float], target: float | None = None) -> tuple[int, StopReason] | None:
    rule = ClimbRule(target)
    return next(((n, r) for n, loss in enumerate(losses, 1) if (r := rule.update(loss)) is not None), None)


@given(curves)
def test_smoothing_is_the_weighted_mean_it_claims_to_be(losses: list[float]) -> None:
    smoothed = Average(BETA)
    for n, loss in enumerate(losses, 1):
        assert smoothed.update(loss) == pytest.approx(plain_average(losses[:n]), rel=1e-9)


def test_a_constant_is_not_moved_and_the_first_loss_is_the_first_average() -> None:
    smoothed = Average(BETA)
    assert [smoothed.update(3.0) for _ in range(50)] == pytest.approx([3.0] * 50, rel=1e-12)


rising = st.builds(
    lambda flat, rate, noise, seed: [
        2.0 + rate * max(0, k - flat) + noise * random.Random(f"{seed} {k}").gauss(0, 1) for k in range(60)
    ],
    st.integers(0, 40), st.floats(-0.05, 0.5), st.floats(0.001, 0.5), st.integers(0, 10**6),
)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(st.one_of(curves, rising))
def test_it_stops_where_its_definition_stops(losses: list[float]) -> None:
    expected = plain_stop(losses)
    assert stop(losses) == (None if expected is None else (expected, StopReason.DIVERGED))


def test_a_step_up_is_called_after_ten_updates_above_the_start() -> None:
    assert stop([1.0] * 20 + [5.0] * 20) == (20 + STAY, StopReason.DIVERGED)
    assert stop([1.0] * 20 + [5.0] * (STAY - 1)) is None  # not before
    assert stop([0.7] * 400) is None and plain_average([0.7] * 40) != 0.7  # rounding is no rise


def test_a_bump_that_comes_down_again_is_forgiven() -> None:
    assert stop([1.0] * 5 + [2.0] * 3 + [0.2] * 40) is None


@given(rising, st.integers(-20, 20))
def test_scale_changes_nothing(losses: list[float], power: int) -> None:
    assert stop([loss * 2.0**power for loss in losses]) == stop(losses)


@pytest.mark.parametrize("shift", [-10.0, 100.0])
def test_shift_changes_nothing(shift: float) -> None:
    for seed in range(20):
        draw = random.Random(seed)
        losses = [1.0 + max(0, k - 20) * 0.2 * (seed % 2) + 0.1 * draw.gauss(0, 1) for k in range(60)]
        assert stop([loss + shift for loss in losses]) == stop(losses)
        assert (stop(losses) is not None) == bool(seed % 2)


@pytest.mark.parametrize("tails", ["normal", "exponential"])
def test_noise_alone_is_no_climb(tails: str) -> None:
    """In one of 500 curves that stay at their start, at most; a rise of one σ an update is one in all of them."""

    def noise(seed: int) -> list[float]:
        draw = random.Random(seed)
        return [2.3 + 0.1 * (draw.gauss(0, 1) if tails == "normal" else draw.expovariate(1)) for _ in range(75)]

    assert sum(stop(noise(seed)) is not None for seed in range(500)) <= 1
    assert all(stop([loss + 0.1 * k * (k > 30) for k, loss in enumerate(noise(seed))]) for seed in range(50))


def test_an_immediate_explosion_is_called_once_the_noise_is_known() -> None:
    assert stop([1.0 * 1.3**k for k in range(75)]) == (FIRST, StopReason.DIVERGED)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_stops_at_once_and_fails(bad: float) -> None:
    assert stop([2.0, 1.0, bad]) == (3, StopReason.NON_FINITE)
    assert judge([2.0, 1.0, bad], chance=CHANCE, whole=False).failure == "non-finite"
    assert judge([bad], chance=None, whole=True).failure == "non-finite"
    assert judge([], chance=None, whole=True).failure == "non-finite"


@given(curves, st.floats(0.01, 20))
def test_the_target_is_reached_where_the_average_first_is_at_or_below_it(losses: list[float], target: float) -> None:
    levels = [plain_average(losses[:n]) for n in range(1, len(losses) + 1)]
    if any(abs(level - target) < 1e-9 for level in levels):
        return  # on the edge rounding decides
    expected = next((n for n, level in enumerate(levels, 1) if level <= target), None)
    assert reached(losses, target) == expected
    risen = stop(losses)
    if expected is not None and (risen is None or expected < risen[0]):
        assert stop(losses, target) == (expected, StopReason.TARGET)


def test_a_first_loss_at_the_target_has_reached_it() -> None:
    assert reached([1.0, 5.0], 1.0) == 1 and reached([1.0001], 1.0) is None


def test_dead_nets_stand_just_above_chance_and_fail_wherever_they_started() -> None:
    for start in (-0.0001, 0.4, 3.0):  # Kaiming weights start above chance: a fall to it is no learning
        dead = [CHANCE + 0.01 * math.sin(3 * k * k) + start * 0.7**k for k in range(75)]
        assert judge(dead, chance=CHANCE, whole=True).failure == "plateau"
        assert judge(dead, chance=CHANCE, whole=False).failure is None
    # the control: the first loss as reference would let the fallen one through
    assert judge(dead, chance=None, whole=True).failure is None


@pytest.mark.parametrize(("share", "failure"), [(0.94, None), (0.96, "plateau"), (1.02, "plateau"), (0.1, None)])
def test_the_plateau_is_at_ninety_five_hundredths_of_chance(share: float, failure: str | None) -> None:
    assert judge([1.05 * CHANCE, *[share * CHANCE] * 200], chance=CHANCE, whole=True).failure == failure


@pytest.mark.parametrize("level", [0.0, -1.0])
def test_a_loss_whose_chance_is_not_above_zero_must_fall_below_it(level: float) -> None:
    assert judge([level] * 50, chance=level, whole=True).failure == "plateau"
    assert judge([level] + [level - 0.5] * 50, chance=level, whole=True).failure is None


def test_what_came_after_the_stop_changes_no_verdict() -> None:
    """Where the host reads behind the device, a loss or two follow the one that stopped the climb."""
    risen = [1.0] * 20 + [5.0] * STAY
    for more in ([], [5.0], [math.nan]):
        assert judge(risen + more, chance=CHANCE, whole=False).failure == "climbed"
    assert judge([1.0, math.nan, 0.5], chance=CHANCE, whole=True).failure == "non-finite"


def test_start_end_and_length_are_told() -> None:
    found = judge([3.0, 2.0, 1.0], chance=CHANCE, whole=False)
    assert (found.start, found.steps) == (3.0, 3) and found.final == pytest.approx(plain_average([3.0, 2.0, 1.0]))


def lost(by: float, noise: float = 0.0, seed: int = 0) -> str | None:
    """Down from 2.3 to 0.3, stay, then up again by a share of what was gained."""
    draw = random.Random(seed)
    course = [2.3 - 2.0 * min(1.0, k / 40) + (2.0 * by if k >= 80 else 0.0) for k in range(120)]
    return judge([loss + noise * draw.gauss(0, 1) for loss in course], chance=CHANCE, whole=True).failure


def test_a_climb_that_undoes_what_it_learned_has_lost_ground() -> None:
    assert [lost(share) for share in (0.0, 0.05, 0.2, 0.6)] == [None, None, "lost ground", "lost ground"]


def test_noise_alone_loses_no_ground_and_a_climb_cut_short_is_not_asked() -> None:
    assert [lost(0.0, noise=0.6, seed=seed) for seed in range(50)] == [None] * 50
    risen = [2.3 - 2.0 * min(1.0, k / 40) for k in range(80)] + [1.2] * 15
    assert judge(risen, chance=CHANCE, whole=False).failure is None
    assert judge(risen, chance=CHANCE, whole=True).failure == "lost ground"
