"""Who wins, and whether that is sure: by hand, and how often it errs where all are equal."""

import math
import random

import pytest
from planted import Planted, answer, answer_once, timed
from scipy import stats

from lrlab.analysis.multiple import holm
from lrlab.experiments.min_lr.decision import decide, without
from lrlab.experiments.min_lr.race import Entry

UP = 60
REFERENCE = (40, 44, 37, 50, 41)


def entry(ratio: float, counts: tuple[int | None, ...], dropped: str = "") -> Entry:
    return Entry(ratio, dict(enumerate(counts)), dict.fromkeys(range(len(counts)), UP), dropped=dropped)


def by_hand(mine: tuple[int, ...], other: tuple[int, ...]) -> tuple[float, float, float, float]:
    """Ratio, its interval and the p-value: Student-t on the logs of paired ratios, where rounding does not matter."""
    logs = [math.log(a / b) for a, b in zip(mine, other, strict=True)]
    test = stats.ttest_1samp(logs, 0)
    low, high = test.confidence_interval()
    return math.exp(sum(logs) / len(logs)), math.exp(low), math.exp(high), float(test.pvalue)


FAST, MIXED, SLOW = (31, 36, 28, 38, 30), (36, 48, 30, 55, 38), (52, 55, 47, 58, 55)


def test_ratio_interval_and_p_value_are_students_on_paired_logs_and_holm_covers_the_family() -> None:
    arms = {0.126: FAST, 0.159: MIXED, 0.2: SLOW}
    found = decide([entry(0.1, REFERENCE), *(entry(r, c) for r, c in arms.items())], 0.1)
    hands = {ratio: by_hand(counts, REFERENCE) for ratio, counts in arms.items()}
    for (ratio, hand), p in zip(hands.items(), holm([h[3] for h in hands.values()]), strict=True):
        compared = found.compared[ratio]
        assert compared.against is not None and compared.adjusted_p == pytest.approx(p)
        c = compared.against.comparison
        assert (c.estimate, c.low, c.high, c.p_value) == pytest.approx(hand)
    assert (found.winner, found.decisive, found.leader) == (0.126, True, 0.126)
    assert found.compared[0.1].adjusted_p is None and found.compared[0.1].ratio == 1.0


def test_pairing_is_what_decides() -> None:
    """The control: the same counts with the pairs broken up say nothing."""
    assert decide([entry(0.1, REFERENCE), entry(0.2, (37, 41, 34, 46, 38))], 0.1).winner == 0.2
    assert not decide([entry(0.1, REFERENCE), entry(0.2, (46, 37, 41, 38, 34))], 0.1).decisive


def test_more_candidates_ask_for_more() -> None:
    counts = (33, 42, 33, 37, 38)
    p = by_hand(counts, REFERENCE)[3]
    assert 0.05 / 3 < p < 0.05
    assert decide([entry(0.1, REFERENCE), entry(0.2, counts)], 0.1).decisive
    family = [entry(0.1, REFERENCE), entry(0.126, MIXED), entry(0.159, MIXED), entry(0.2, counts)]
    assert not decide(family, 0.1).decisive and decide(family, 0.1).winner == 0.1
    # one that dropped out keeps its place in the family
    gone = [entry(0.1, REFERENCE), *(entry(r, (None,), "slow") for r in (0.126, 0.159)), entry(0.2, counts)]
    assert not decide(gone, 0.1).decisive and decide(gone, 0.1).compared[0.126].times is None


def test_a_count_that_was_not_reached_is_cut_for_both_at_the_bound() -> None:
    found = decide([entry(0.1, (40, 44, None, 50, 41)), entry(0.2, (30, 33, 45, None, 31))], 0.1)
    against = found.compared[0.2].against
    assert against is not None and (against.censored, against.censored_reference) == (1, 1)
    assert against.comparison.estimate == pytest.approx(by_hand((30, 33, 45, 60, 31), (40, 44, 60, 50, 41))[0])


def test_the_next_best_takes_the_place_of_one_that_broke() -> None:
    family = [entry(0.1, REFERENCE), entry(0.159, FAST), entry(0.2, tuple(c - 2 for c in FAST))]
    found = decide(family, 0.1)
    assert found.winner == 0.2
    second = without(found, 0.2, 0.1)
    assert (second.winner, second.decisive) == (0.159, True)
    assert second.compared[0.159].adjusted_p == found.compared[0.159].adjusted_p  # on the same comparisons
    third = without(second, 0.159, 0.1)
    assert (third.winner, third.decisive) == (0.1, False)


def test_an_exact_tie_is_a_tenth_and_says_so() -> None:
    for candidates in ((0.1, 0.2), (0.1, 0.12, 0.14, 0.16, 0.18, 0.2)):
        found = answer(timed(lambda ratio, seed: 30.5 + 3 * seed), ratios=candidates)
        assert not found.decisive and found.ratio == pytest.approx(0.1)
        assert found.verdict == (
            "no candidate reaches the target surely sooner than ratio 0.1: between 0.1 and 0.2 of the max-lr the "
            "choice is within the noise of 5 seeds"
        )
        assert found.headline == "min-lr 0.05 for max-lr 0.5 (a tie: the rule of a tenth)"
        assert found.to_json()["decisive"] is False


def test_what_is_less_than_an_update_is_a_tie() -> None:
    found = answer(timed(lambda ratio, seed: 30.7 - 0.5 * (ratio > 0.15)))
    assert {c.time_ratio for c in found.candidates if c.ratio > 0.1} == {1.0} and not found.decisive
    # the control: five updates, and every seed says so
    assert answer(timed(lambda ratio, seed: 30.7 - 5 * (ratio > 0.15))).decisive


@pytest.mark.parametrize("seeds", [1, 2])
def test_one_seed_decides_nothing_and_two_hardly_anything(seeds: int) -> None:
    found = answer(timed(lambda ratio, seed: 30.5 / (1 + 5 * (ratio - 0.1)) + seed), seeds=seeds)
    assert not found.decisive and found.ratio == pytest.approx(0.1)
    assert ("one seed cannot tell" in found.verdict) == (seeds == 1)


def simulated(candidates: int, factor: float, noise: float, repetitions: int) -> float:
    """Share of searches that are decisive for another candidate or against all; a seed's own effect for all of them."""
    draw = random.Random(f"{candidates} {factor} {noise}")
    ratios = tuple(0.1 * 2 ** (k / (candidates - 1)) for k in range(candidates))
    count = 0
    for _ in range(repetitions):
        seed = [30 * math.exp(draw.gauss(0, 0.15)) for _ in range(5)]
        own = {(round(r, 6), s): math.exp(draw.gauss(0, noise)) for r in ratios for s in range(5)}
        best = {round(ratios[-1], 6): factor}
        planted = Planted(timed(lambda r, s: max(1.5, seed[s] * own[r, s] * best.get(r, 1.0))))  # noqa: B023
        count += answer_once(planted, ratios=ratios).decisive
    return count / repetitions


@pytest.mark.parametrize("candidates", [2, 4])
def test_noisy_ties_are_seldom_decisive_and_a_real_gain_often(candidates: int) -> None:
    """A hundred of the searches that benchmarks/min_lr_simulation.py counts in thousands."""
    assert simulated(candidates, 1.0, 0.1, 60) <= 0.1
    assert simulated(candidates, 0.7, 0.1, 20) >= 0.6  # the control
