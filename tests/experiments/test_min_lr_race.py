"""Time to target: planted times, their order, who drops out, and what it costs."""

import math

import pytest
from planted import HOLD, UP, Asked, Planted, answer, answer_of, plateau, reaching, timed

from lrlab.experiments.min_lr.finding import Candidate, MinLrFinding
from lrlab.experiments.min_lr.settings import DEFAULT

SEED = (0.5, 3.5, -4.2, 1.8, -2.6)  # what a seed adds to all candidates


def times(**factors: float) -> dict[float, float]:
    return dict(zip(DEFAULT, factors.values(), strict=True))


def row(found: MinLrFinding, ratio: float) -> Candidate:
    return next(c for c in found.candidates if c.ratio == ratio)


def planted(factor: dict[float, float]) -> Planted:
    return Planted(timed(lambda ratio, seed: (30.2 + SEED[seed]) * factor[ratio]))


FASTER = dict(zip(DEFAULT, (1.0, 0.9, 0.7, 0.8), strict=True))


def test_the_planted_order_is_found_and_counts_are_exact() -> None:
    found = answer_of(planted(FASTER))
    assert found.decisive and found.min_lr == pytest.approx(0.159 * 0.5)
    assert found.headline == "min-lr 0.0795 for max-lr 0.5 (decisive)"
    for candidate in found.candidates:
        expected = {s: math.ceil((30.2 + SEED[s]) * FASTER[candidate.ratio]) for s in range(5)}
        assert candidate.counts == expected
        assert candidate.median == sorted(expected.values())[2]
        if candidate.ratio != 0.1:
            assert candidate.time_ratio == pytest.approx(FASTER[candidate.ratio], abs=0.03)
            assert candidate.low < candidate.time_ratio < candidate.high and candidate.adjusted_p < 0.05
    assert "ratio 0.159 reaches the target in 0.7" in found.verdict and "5 seeds" in found.verdict
    assert found.snippet == "policy:\n  name: onecycle\n  max_lr: 0.5\n  min_lr: 0.0795\n"


def test_where_all_others_are_slower_a_tenth_is_decisive() -> None:
    found = answer_of(planted(dict(zip(DEFAULT, (1.0, 1.2, 1.25, 1.3), strict=True))))
    assert found.decisive and found.ratio == pytest.approx(0.1)
    assert "sooner than every other candidate" in found.verdict


def test_a_hopeless_candidate_costs_one_capped_climb() -> None:
    runner = planted(dict(zip(DEFAULT, (0.5, 0.4, 1.5, 1.6), strict=True)))
    found = answer_of(runner)
    reference = row(found, 0.1).counts
    for ratio in (0.159, 0.2):
        loser = row(found, ratio)
        assert loser.dropped == f"slow: not there after {math.ceil(1.5 * reference[0])} updates with seed 0"
        assert loser.cost.steps == math.ceil(1.5 * reference[0]) and loser.counts == {0: None}
        assert loser.time_ratio is None and loser.adjusted_p == 1.0
    assert found.decisive and found.ratio == pytest.approx(0.126)
    assert found.saved > 0 and found.cost.steps < 4 * 5 * UP
    climbs = [Asked.of(s) for s in runner.asked if s.target is not None]
    assert [(c.ratio, c.seed) for c in climbs] == [(0.126, 0), (0.159, 0), (0.2, 0), *((0.126, s) for s in range(1, 5))]


def test_one_slow_seed_later_on_drops_a_candidate_too() -> None:
    slow = timed(lambda ratio, seed: 20.5 if ratio == 0.1 else 33.5 if (ratio, seed) == (0.2, 1) else 15.5)
    found = answer(slow)
    assert "with seed 1" in row(found, 0.2).dropped and set(row(found, 0.2).counts) == {0, 1}
    assert not row(found, 0.126).dropped


@pytest.mark.parametrize("bad", [[math.nan], [9.0] * 60], ids=["NaN", "climbing"])
def test_a_failed_seed_disqualifies_its_candidate_however_fast_it_is(bad: list[float]) -> None:
    def curve(a: Asked) -> list[float]:
        if (a.ratio, a.seed) == (0.2, 3):
            return [*reaching(29.0)[:10], *bad]
        return reaching({0.1: 30.5, 0.126: 27.5, 0.159: 25.5, 0.2: 12.5}[a.ratio] + SEED[a.seed] / 4)

    found = answer(curve)
    assert row(found, 0.2).dropped.startswith("failed: ") and 3 in row(found, 0.2).failures
    assert found.decisive and found.ratio == pytest.approx(0.159)


def test_a_climb_that_ends_before_the_target_counts_as_its_whole_length() -> None:
    """The reference is not there within the climb on seed 4; whoever is not there either is equal on it."""
    slow = timed(lambda ratio, seed: 90.5 if seed == 4 else 40.5 if ratio == 0.1 else 30.5)
    found = answer(slow)
    for candidate in found.candidates:
        assert candidate.counts[4] is None and not candidate.dropped
    ratio = (31 / 41) ** (4 / 5)  # four of five pairs, the fifth is 60 to 60
    assert row(found, 0.126).time_ratio == pytest.approx(ratio)
    sooner = answer(timed(lambda ratio, seed: (90.5 if ratio == 0.1 else 45.5) if seed == 4 else 40.5))
    assert row(sooner, 0.126).time_ratio == pytest.approx((46 / UP) ** (1 / 5))


def test_the_hold_does_not_count_towards_the_target() -> None:
    """Seed 0, 1 and 2 are the gate's, and set the target."""
    last = answer(timed(lambda ratio, seed: 30.5 if seed < 3 else UP - 0.5), hold=60)
    late = answer(timed(lambda ratio, seed: 30.5 if seed < 3 else UP + 0.5), hold=60)
    assert row(last, 0.1).counts == {0: 31, 1: 31, 2: 31, 3: UP, 4: UP}
    assert row(late, 0.1).counts == {0: 31, 1: 31, 2: 31, 3: None, 4: None}


def test_a_winner_that_breaks_in_the_hold_makes_room_for_the_next() -> None:
    def curve(a: Asked) -> list[float]:
        losses = reaching({0.1: 30.5, 0.126: 27.5, 0.159: 25.5, 0.2: 20.5}[a.ratio] + SEED[a.seed] / 4)
        return [*losses[:UP], *[math.nan] * HOLD] if a.ratio == 0.2 and a.seed == 1 else losses

    found = answer(curve)
    assert row(found, 0.2).dropped == "failed: non-finite in the hold with seed 1"
    assert found.decisive and found.ratio == pytest.approx(0.159)
    dead = answer(lambda a: [*reaching(20.5)[:UP], *[math.nan] * HOLD] if a.ratio == 0.2 else curve(a))
    assert dead.ratio == pytest.approx(0.159)


def test_all_candidates_run_on_the_same_seeds_and_the_reference_in_full() -> None:
    runner = planted(FASTER)
    answer_of(runner, seeds=4, gate_seeds=2)
    climbs = {(a.ratio, a.seed) for a in map(Asked.of, runner.asked)}
    assert climbs == {(ratio, seed) for ratio in DEFAULT for seed in range(4)}
    assert len({s.id for s in runner.asked}) == len(runner.asked)  # nothing is run twice
    whole = [Asked.of(s) for s in runner.asked if s.target is None and Asked.of(s).ratio == 0.1]
    assert sorted(a.seed for a in whole) == [0, 1, 2, 3]


def test_ones_own_candidates_as_lrs_and_the_reference_nearest_to_a_tenth() -> None:
    found = answer(timed(lambda ratio, seed: 30.5), lrs=(0.2, 0.04, 0.05, 0.2))
    assert [c.ratio for c in found.candidates] == [0.08, 0.1, 0.4] and found.reference == 0.1
    other = answer(timed(lambda ratio, seed: 30.5), ratios=(0.5, 0.25))
    assert other.reference == 0.25 and other.ratio == 0.25 and other.headline.endswith("(not decisive)")


def test_a_candidate_that_only_stands_still_is_slow_and_never_a_winner() -> None:
    found = answer(lambda a: reaching(20.5) if a.ratio < 0.2 else plateau(a))
    assert row(found, 0.2).dropped.startswith("slow") and not found.decisive


@pytest.mark.parametrize(("gain", "kept"), [(-0.02, True), (0.0, False), (0.02, False)])
def test_confirmation_takes_back_a_winner_that_trains_worse(gain: float, kept: bool) -> None:
    def accuracy(ratio: float, seed: int) -> float:
        return 0.9 + 0.001 * SEED[seed] + (gain + 0.0005 * seed) * (ratio > 0.1)

    found = answer(planted(FASTER).curve, accuracy=accuracy, confirm=True)
    assert found.confirmation is not None and found.confirmation.ratio == 0.159
    assert found.confirmation.comparison.estimate == pytest.approx(gain + 0.001)  # type: ignore[union-attr]
    assert found.ratio == pytest.approx(0.1 if kept else 0.159) and found.decisive != kept
    assert [f.code for f in found.flags] == (["CONFIRM_WORSE"] if kept else [])
    if kept:
        assert "trains worse, so 0.1 is kept" in found.verdict
