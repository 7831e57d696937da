"""Durations against their definition: exact where a unit says so, shared by largest remainder where parts do."""

import re
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lrlab.config.sections.duration import Duration as ConfigDuration
from lrlab.config.sections.duration import Length
from lrlab.policies.durations import divide, in_steps

totals = st.integers(3, 5000)
phases = st.lists(st.integers(1, 60), min_size=1, max_size=6)


@given(totals, phases)
def test_parts_fill_the_total_and_miss_their_share_by_less_than_a_step(total: int, parts: list[int]) -> None:
    assume(total >= len(parts))
    lengths = divide(total, parts)
    assert sum(lengths) == total and min(lengths) >= 1
    exact = [total * part / sum(parts) for part in parts]
    if min(exact) >= 1:
        assert all(abs(length - share) < 1 for length, share in zip(lengths, exact, strict=True))


@given(totals)
def test_shares_equal_the_parts_they_stand_for(total: int) -> None:
    assert divide(total, ["37.5%", "50%", "12.5%"]) == divide(total, [30, 40, 10]) == divide(total, [0.375, 0.5, 0.125])


@given(totals, phases)
def test_dividing_what_was_divided_changes_nothing(total: int, parts: list[int]) -> None:
    assume(total >= len(parts))
    lengths = divide(total, parts)
    assert divide(total, lengths) == divide(total, [f"{n}it" for n in lengths]) == lengths


@pytest.mark.parametrize(
    ("total", "durations", "per_epoch", "lengths"),
    [
        (80, [30, 40, 10], None, (30, 40, 10)),
        (100, ["20it", 40, "10%"], None, (20, 70, 10)),
        (100, ["20it", 3, 1], None, (20, 60, 20)),
        (400, ["5ep", "10%", 1], 40, (200, 40, 160)),
        (20, ["3ep", "3ep"], Fraction(10, 3), (10, 10)),  # ten batches, three to an update
        (17, ["2ep", "3ep"], Fraction(7, 2), (7, 10)),  # the half update at the end is never done
        (10, ["0.1%", 1], None, (1, 9)),  # too short for a step, and gets one
        (10, ["8it", "1%", 1], None, (8, 1, 1)),
        (1000, ["33.3%", "33.3%", "33.4%"], None, (333, 333, 334)),
    ],
)
def test_what_has_a_unit_comes_first(
    total: int, durations: list[int | str], per_epoch: Fraction | None, lengths: tuple[int, ...]
) -> None:
    assert divide(total, durations, steps_per_epoch=per_epoch) == lengths


@settings(deadline=None)
@given(totals, st.lists(st.one_of(st.integers(1, 50), st.integers(1, 30).map("{}%".format)), min_size=1, max_size=5))
def test_a_division_fills_the_total_or_is_refused(total: int, durations: list[int | str]) -> None:
    try:
        lengths = divide(total, durations)
    except ValueError as error:
        taken = sum(float(d[:-1]) for d in durations if isinstance(d, str))
        assert str(total) in str(error) and (taken > 80 or all(isinstance(d, str) for d in durations) or total < 20)
        return
    assert sum(lengths) == total and min(lengths) >= 1


@pytest.mark.parametrize(
    ("total", "durations", "says"),
    [
        (2, [30, 40, 10], ["2 steps cannot hold 3 phases"]),
        (100, ["90it", "10%", 1], ["up=90it", "down=10% (10 steps)", "final=1", "100 of 100"]),
        (100, ["50it", "20%", "20%"], ["up=50it", "down=20%", "final=20%", "come to 90 steps, not 100"]),
        (100, ["50it", "50%", "20%"], ["come to 120 steps, not 100"]),
        (100, [0, 1, 1], ["parts must be above 0", "up=0"]),
    ],
)
def test_what_does_not_fit_is_refused_with_all_values(total: int, durations: list[int | str], says: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        divide(total, durations, names=("up", "down", "final"))
    assert all(word in str(caught.value) for word in says), str(caught.value)


def test_epochs_need_to_know_how_long_they_are() -> None:
    assert in_steps("2.5ep", 1000, 40) == 100
    with pytest.raises(ValueError, match="5ep counts epochs, and how many steps an epoch has is not known here"):
        in_steps("5ep", 1000)


written = st.one_of(
    st.from_regex(r"\A[0-9]{1,3}(\.[0-9]{1,2})?(it|ep|%)\Z"),
    st.text(max_size=6),
    st.sampled_from(["5ep\n", "٣it", "1e2it"]),
)  # fmt: skip


@settings(deadline=None)
@given(written)
def test_configs_and_policies_agree_on_what_a_duration_is(text: str) -> None:
    """Two rooms that may not import each other read the same texts."""
    try:
        in_steps(text, 100, 10)
        understood = True
    except ValueError:
        understood = False
    for kind in (Length, ConfigDuration):
        try:
            TypeAdapter(kind).validate_python(text)
            assert understood, text
        except ValidationError:
            too_much = re.fullmatch(r"[\d.]+%", text) is not None and float(text[:-1]) > 100
            assert not understood or too_much, text
