"""Holm against its definition and a published example; decisions over several candidates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrlab.analysis.multiple import best_of, decide, holm
from lrlab.analysis.paired import compare_paired


def plain_holm(p_values: list[float], alpha: float) -> list[bool]:
    """Holm 1979: go up from the smallest, stop at the first that is too large."""
    rejected = [False] * len(p_values)
    left = len(p_values)
    for i in sorted(range(len(p_values)), key=p_values.__getitem__):
        if p_values[i] * left > alpha:
            break
        rejected[i] = True
        left -= 1
    return rejected


def test_a_published_example() -> None:
    """Documented by pingouin's `multicomp`."""
    assert holm([0.50, 0.003, 0.32, 0.054, 0.0003]) == pytest.approx((0.64, 0.012, 0.64, 0.162, 0.0015))


@given(
    st.lists(st.floats(0, 1) | st.sampled_from([0.01, 0.0125, 0.05]), max_size=8), st.sampled_from([0.01, 0.05, 0.2])
)
def test_equals_the_step_down_definition(p_values: list[float], alpha: float) -> None:
    assert [p <= alpha for p in holm(p_values)] == plain_holm(p_values, alpha)


def test_adjusting_is_never_less_strict_and_alone_it_changes_nothing() -> None:
    assert holm([]) == () and holm([0.03]) == (0.03,)
    assert holm([0.03, 0.03, 0.9]) == pytest.approx((0.09, 0.09, 0.9))
    for bad in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"p_values\[1\]"):
            holm([0.1, bad])


def near(shift: float, seed: int, n: int = 5) -> list[float]:
    return (
        shift + np.random.default_rng(0).normal(size=n) + 0.05 * np.random.default_rng(seed).normal(size=n)
    ).tolist()


def test_decisions_are_taken_over_the_family() -> None:
    reference = near(0, 1)
    family = {f"c{i}": compare_paired(near(shift, i + 2), reference, log=False) for i, shift in enumerate((0, 0.16, 1))}
    decisions = decide(family)
    assert {name: d.differs for name, d in decisions.items()} == {"c0": False, "c1": False, "c2": True}
    assert family["c1"].decisive  # alone it would be
    assert decisions["c1"].adjusted_p == pytest.approx(2 * family["c1"].p_value)
    assert decide({"c1": family["c1"]})["c1"].differs
    with pytest.raises(ValueError, match="alpha"):
        decide(family, alpha=5)


def test_the_winner_must_beat_every_other() -> None:
    arms = {"a": near(1, 2), "b": near(0, 3), "c": near(2, 4)}
    sure = best_of(arms, log=False)
    assert (sure.name, sure.decisive, sure.tied, list(sure.against)) == ("b", True, (), ["a", "c"])
    assert all(d.comparison.estimate > 0 for d in sure.against.values())
    assert best_of(arms, log=False, largest=True).name == "c"
    tie = best_of({**arms, "d": near(0.01, 5)}, log=False)
    assert not tie.decisive and tie.tied == (("d",) if tie.name == "b" else ("b",))


def test_the_best_of_ratios_is_the_smallest_geometric_mean() -> None:
    arms = {"mean 3, geometric 1.73": [1.0, 1.0, 5.2], "mean 2, geometric 2": [2.0, 2.0, 2.0]}
    assert best_of(arms, log=True).name.startswith("mean 3")
    assert best_of(arms, log=False).name.startswith("mean 2")


def test_one_candidate_or_one_seed_or_all_equal_is_no_decisive_winner() -> None:
    assert not best_of({"a": [1.0, 2.0]}, log=False).decisive
    assert not best_of({"a": [1.0], "b": [9.0]}, log=False).decisive
    equal = best_of({"a": [5, 5, 5], "b": [5, 5, 5]}, log=True, resolution=1)
    assert (equal.name, equal.decisive, equal.tied) == ("a", False, ("b",))
    with pytest.raises(ValueError, match="no candidates"):
        best_of({}, log=False)
    with pytest.raises(ValueError, match="same seeds"):
        best_of({"a": [1.0, 2.0], "b": [1.0]}, log=False)
