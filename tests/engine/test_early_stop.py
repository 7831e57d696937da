"""Early stopping against a plain rule."""

import math

from hypothesis import given
from hypothesis import strategies as st

from lrlab.engine.early_stop import EarlyStop


def plain(values: list[float], patience: int, min_delta: float) -> int | None:
    """The validation after which to stop: the first that is `patience` after the last better one."""
    best, at = -math.inf, -1
    for i, value in enumerate(values):
        if value > best + min_delta:
            best, at = value, i
        if i - at >= patience:
            return i
    return None


@given(
    st.lists(st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 0.9, math.nan, -math.inf]), max_size=20),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.06, 0.5]),
)
def test_it_stops_where_the_plain_rule_does(values: list[float], patience: int, min_delta: float) -> None:
    rule = EarlyStop(patience, min_delta)
    found = next((i for i, value in enumerate(values) if rule.update(value)), None)
    assert found == plain(values, patience, min_delta)


def test_without_patience_it_never_stops() -> None:
    rule = EarlyStop()
    assert not any(rule.update(value) for value in [0.5] + [0.1] * 50)
    assert rule.waited == 50


def test_a_creep_below_min_delta_is_no_progress_until_it_adds_up() -> None:
    rule = EarlyStop(patience=3, min_delta=0.1)
    stops = [rule.update(value) for value in (0.5, 0.56, 0.62, 0.63, 0.64, 0.65)]
    assert stops == [False, False, False, False, False, True]  # 0.62 is better than 0.5 by more than 0.1
