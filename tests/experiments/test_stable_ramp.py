"""The shortest climb that survives: planted lengths, the bisection, and who costs what."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import CHANCE, HOLD, UP, Asked, Curve, Planted, answer, answer_of, answer_once, climbing, reaching

from lrlab.experiments.min_lr.finding import Candidate, MinLrFinding
from lrlab.experiments.min_lr.settings import DEFAULT
from lrlab.experiments.min_lr.stable_ramp import Bisection, literal_count


def surviving(length: dict[float, tuple[int, ...]]) -> Curve:
    """Climbs at least so long survive, by ratio and seed; shorter ones break."""
    return lambda a: reaching(30.0, a.up + a.hold) if a.up >= length[a.ratio][a.seed] else climbing(a)


def row(found: MinLrFinding, ratio: float) -> Candidate:
    return next(c for c in found.candidates if c.ratio == ratio)


LENGTHS = {0.1: (20, 31, 12, 24, 17), 0.126: (25, 35, 13, 30, 20), 0.159: (14, 20, 9, 17, 11), 0.2: (21, 8, 4, 9, 7)}


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 200), st.booleans())
def test_bisection_finds_what_trying_every_length_finds(shortest: int, first: int, longest: int, known: bool) -> None:
    first = min(first, longest)
    search = Bisection(first, longest, survives=longest if known and shortest <= longest else None)
    tries = 0
    while (up := search.next) is not None:
        assert search.fails < up <= longest
        search.update(up, up >= shortest)
        tries += 1
    assert search.survives == next((up for up in range(1, longest + 1) if up >= shortest), None)
    assert tries <= 3 + longest.bit_length()


def test_the_planted_lengths_are_found_and_the_shorter_ramp_wins() -> None:
    found = answer(surviving(LENGTHS), method="stable-ramp")
    assert row(found, 0.1).counts == dict(enumerate(LENGTHS[0.1]))
    assert row(found, 0.159).counts == dict(enumerate(LENGTHS[0.159]))
    assert found.decisive and found.ratio == pytest.approx(0.159)
    assert "survives a climb in 0.6" in found.verdict


def test_a_loser_costs_one_climb_one_update_shorter_than_the_references() -> None:
    runner = Planted(surviving(LENGTHS))
    found = answer_of(runner, method="stable-ramp")
    for ratio in (0.126, 0.2):
        asked = [(a.seed, a.up) for a in map(Asked.of, runner.asked) if a.ratio == ratio]
        assert asked == [(0, LENGTHS[0.1][0] - 1)]
        assert row(found, ratio).dropped == "slow: a climb of 19 updates fails with seed 0"
        assert row(found, ratio).time_ratio is None


def test_all_climbs_have_the_same_number_of_updates() -> None:
    """A short one is not at chance for want of time: nets that need 40 updates to learn show that here."""
    slow = Planted(lambda a: [CHANCE] * 40 + [0.3] * (a.up + a.hold - 40))
    found = answer_of(slow, method="stable-ramp")
    assert {a.up + a.hold for a in map(Asked.of, slow.asked)} == {UP + HOLD}
    assert set(row(found, 0.1).counts.values()) == {1}


def test_where_the_reference_needs_no_climb_nobody_can_win() -> None:
    found = answer(lambda a: reaching(30.0, a.up + a.hold), method="stable-ramp")
    assert all(set(c.counts.values()) == {1} for c in found.candidates)
    assert not found.decisive and found.ratio == pytest.approx(0.1)


def test_a_max_lr_that_no_climb_survives_on_a_later_seed_shuts_the_gate() -> None:
    curve: Curve = lambda a: climbing(a) if a.seed == 4 and a.max_lr > 0.3 else reaching(30.0, a.up + a.hold)  # noqa: E731
    found = answer(curve, method="stable-ramp")
    assert found.min_lr is None and found.passes == 0.25
    assert found.gate.attempts[0].failures[4] == "no climb survives"
    assert answer(curve, method="stable-ramp", auto_shrink=True).max_lr == 0.25


@pytest.mark.parametrize(("seeds", "repetitions", "allowed"), [(5, 60, 4), (20, 5, 0)])
def test_equal_candidates_are_seldom_called_different(seeds: int, repetitions: int, allowed: int) -> None:
    """Lengths of one distribution for all; wins over the incumbent alone must not make a winner, at any n."""
    draw = random.Random(seeds)
    wrong = 0
    for _ in range(repetitions):
        lengths = {ratio: tuple(draw.randint(2, UP - 1) for _ in range(seeds)) for ratio in DEFAULT}
        wrong += answer_once(Planted(surviving(lengths)), method="stable-ramp", seeds=seeds).decisive
    assert wrong <= allowed


@pytest.mark.parametrize(("ratio", "count"), [(0.1, 48), (0.2, 33), (0.5, 15), (1.0, 0)])
def test_the_literal_count_is_a_formula(ratio: float, count: int) -> None:
    lr, steps = ratio, 0
    while lr < 1 - 1e-9:
        lr, steps = lr * 1.05, steps + 1
    assert literal_count(ratio) == steps == count
