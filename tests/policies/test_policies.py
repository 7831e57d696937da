"""Each policy against its definition."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrlab.policies import (
    Cosine,
    CosineRestarts,
    Exponential,
    Linear,
    OneCycle,
    Polynomial,
    Range,
    StableDecay,
    Step,
    TorchOneCycle,
    Triangular,
    Warmup,
)
from lrlab.policies.durations import divide
from lrlab.policies.effective import effective_lr
from lrlab.policies.phases import between


def plain_onecycle(total: int, parts: tuple[int, int, int], shape: str) -> list[tuple[float, float]]:
    """The definition, step by step: (lr, momentum) for max-lr 1, min 0.1, final 0.001, momentum 0.85 to 0.95."""
    n_up, n_down, n_final = divide(total, parts)

    def ease(u: float) -> float:
        return u if shape == "linear" else 0.5 - 0.5 * math.cos(math.pi * u)

    found = [(0.1 + 0.9 * ease(k / n_up), 0.95 - 0.1 * ease(k / n_up)) for k in range(n_up)]
    found += [(1.0 - 0.9 * ease(k / n_down), 0.85 + 0.1 * ease(k / n_down)) for k in range(n_down)]
    for k in range(n_final):
        u = 1.0 if n_final == 1 else ease(k / (n_final - 1))
        found.append((0.1 + (0.001 - 0.1) * u, 0.95))
    return found


@given(
    st.integers(3, 400),
    st.tuples(st.integers(1, 50), st.integers(1, 50), st.integers(1, 50)),
    st.sampled_from(["linear", "cosine"]),
)
def test_onecycle_equals_its_definition(total: int, parts: tuple[int, int, int], shape: Any) -> None:
    policy = OneCycle(total=total, max_lr=1.0, parts=parts, shape=shape)
    for step, (lr, momentum) in enumerate(plain_onecycle(total, parts, shape)):
        hyper = policy.at(step)
        assert hyper.lr == pytest.approx(lr, rel=1e-12)
        assert hyper.momentum == pytest.approx(momentum, rel=1e-12)


def test_eighty_steps_are_the_notes_thirty_forty_ten() -> None:
    policy = OneCycle(total=80, max_lr=1.0)
    assert policy.lengths == (30, 40, 10)
    assert [policy.at(i).lr for i in (0, 30, 70, 79)] == [0.1, 1.0, 0.1, 0.001]
    assert [policy.at(i).momentum for i in (0, 30, 70, 79)] == [0.95, 0.85, 0.95, 0.95]
    assert [policy.at(i).phase for i in (0, 29, 30, 69, 70, 79)] == ["up", "up", "down", "down", "final", "final"]


@given(st.integers(3, 400), st.floats(1e-6, 10))
def test_onecycle_has_one_peak_and_falls_on_both_sides_of_it(total: int, peak: float) -> None:
    values = [OneCycle(total=total, max_lr=peak).at(step).lr for step in range(total)]
    top = values.index(peak)
    assert max(values) == peak and values.count(peak) == 1
    assert values[: top + 1] == sorted(set(values[: top + 1]))
    assert values[top:] == sorted(values[top:], reverse=True)


def test_the_final_lr_of_a_cycle_is_given_or_divided() -> None:
    for given_as in ({"final_lr": 0.02}, {"final_div": 5}):
        assert OneCycle(total=9, max_lr=1.0, **given_as).at(8).lr == pytest.approx(0.02)  # type: ignore[arg-type]
    assert OneCycle(total=80, max_lr=1.0, parts=("50it", "20%", 1)).lengths == (50, 16, 14)


def test_a_matched_effective_lr_is_that_of_the_constant_momentum() -> None:
    plain = OneCycle(total=80, max_lr=0.4)
    matched = OneCycle(total=80, max_lr=0.4, own_momentum=0.9, match_effective=True)
    constant = OneCycle(total=80, max_lr=0.4, momentum=None, own_momentum=0.9)
    for step in range(80):
        hyper, steady = matched.at(step), constant.at(step)
        assert hyper.momentum == plain.at(step).momentum
        assert effective_lr(hyper.lr, hyper.momentum, "torch") == pytest.approx(
            effective_lr(steady.lr, 0.9, "torch"), rel=1e-12
        )
    assert matched.at(0).lr == pytest.approx(0.04 * 0.05 / 0.1)  # 1 - 0.95 over 1 - 0.9
    assert matched.at(30).lr == pytest.approx(0.4 * 0.15 / 0.1)
    assert effective_lr(plain.at(30).lr, 0.85, "torch") < 0.7 * effective_lr(constant.at(30).lr, 0.9, "torch")
    for lacking in ({"momentum": None, "own_momentum": 0.9}, {"own_momentum": None}):
        with pytest.raises(ValueError, match="match_effective"):
            OneCycle(total=80, max_lr=0.4, match_effective=True, **lacking)  # type: ignore[arg-type]


def test_rounding_does_not_carry_a_value_past_its_end() -> None:
    start, end, share = 2.109946124455088, 0.17731881275280656, 1 - 1e-12
    assert start + (end - start) * (1 - math.cos(math.pi * share)) / 2 < end  # what the formula gives
    assert between(start, end, share, "cosine") == end


def test_range_hits_both_ends_and_is_geometric() -> None:
    policy = Range(1e-5, 10.0, 100)
    values = [policy.at(i).lr for i in range(100)]
    assert (values[0], values[-1]) == (1e-5, 10.0)
    recorded = {1: 1.149757e-5, 2: 1.321941e-5, 10: 4.037017e-5, 40: 2.656088e-3}
    assert all(values[i] == pytest.approx(lr, rel=1e-6) for i, lr in recorded.items())
    assert Range(1e-5, 10.0, 100, "linear").at(1).lr == pytest.approx(0.10102, rel=1e-4)


def test_a_staircase_holds_each_level() -> None:
    values = [Range(0.1, 1.0, 10, "linear", staircase=4).at(i).lr for i in range(10)]
    assert values == [0.1] * 4 + [pytest.approx(0.55)] * 4 + [1.0] * 2


def test_wsd_warms_up_holds_and_cools_down_by_one_minus_the_root() -> None:
    policy = Warmup(StableDecay(1.0, 90, final_lr=0.01, parts=("59it", "31it")), 10, start=0.1)
    values = [policy.at(i).lr for i in range(100)]
    assert values[:10] == pytest.approx([0.1 + 0.9 * i / 10 for i in range(10)])
    assert values[10:70] == [1.0] * 60
    assert values[69:] == pytest.approx([1 - 0.99 * math.sqrt(k / 30) for k in range(31)])


@pytest.mark.parametrize("t_mult", [1, 2])
def test_restarts_are_periods_and_the_last_ends_with_the_training(t_mult: int) -> None:
    policy = CosineRestarts(1.0, 78, min_lr=0.01, period=19.5, t_mult=t_mult)
    starts = [knot.step for knot in policy.knots() if knot.label != "min-lr"]
    assert (
        starts == {1: [0, 20, 39, 59], 2: [0, 20, 59]}[t_mult]
    )  # a rounded period would end with two steps at the top
    assert all(policy.at(step).lr == 1.0 for step in starts)
    assert policy.at(77).lr == 0.01 and policy.at(19).lr < 0.02
    assert policy.at(10).lr == pytest.approx(0.01 + 0.99 * (1 + math.cos(math.pi * 10 / 20)) / 2)


def test_triangular2_halves_the_height_after_each_cycle_and_momentum_mirrors_it() -> None:
    policy = Triangular(1.0, 40, 5, min_lr=0.2, mode="triangular2", momentum=(0.8, 0.9))
    assert [policy.at(k).lr for k in (0, 5, 10, 15, 25)] == pytest.approx([0.2, 1.0, 0.2, 0.6, 0.4])
    assert [policy.at(k).momentum for k in (0, 5, 10, 15, 25)] == pytest.approx([0.9, 0.8, 0.9, 0.85, 0.875])


def test_a_half_cycle_of_a_fraction_of_a_step_does_not_drift() -> None:
    peaks = [k.step for k in Triangular(1.0, 170, 8.5).knots() if k.label == "peak"]
    assert peaks == [9, 26, 43, 60, 77, 94, 111, 128, 145, 162]


def test_a_warm_up_comes_before_the_policy_and_shifts_it() -> None:
    inner = OneCycle(total=80, max_lr=1.0)
    policy = Warmup(inner, 20, start=0.25)
    assert policy.total == 100
    assert [policy.at(i).lr for i in (0, 10, 20)] == pytest.approx([0.025, 0.0625, 0.1])
    assert {policy.at(i).momentum for i in range(20)} == {0.95}
    assert all(policy.at(20 + i) == inner.at(i) for i in range(90))
    assert [knot.step for knot in policy.knots()] == [0, 20, 50, 90, 99]


@pytest.mark.parametrize(("form", "factor"), [("torch", 10.0), ("ema", 1.0), ("adam", 1.0)])
def test_the_effective_lr_is_the_step_under_a_steady_gradient(form: Any, factor: float) -> None:
    assert effective_lr(0.2, 0.9, form) == pytest.approx(0.2 * factor)
    assert effective_lr(0.2, None, form) == effective_lr(0.2, 0.0, form) == 0.2
    velocity = {"torch": 0.0, "ema": 0.0, "adam": 0.0}[form]
    for _ in range(400):  # gradient 1
        velocity = 0.9 * velocity + (1.0 if form == "torch" else 0.1)
    assert 0.2 * velocity == pytest.approx(effective_lr(0.2, 0.9, form))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: OneCycle(total=2, max_lr=1.0), "at least 3"),
        (lambda: OneCycle(total=9, max_lr=1.0, min_lr=2.0), "min < max"),
        (lambda: OneCycle(total=9, max_lr=1.0, final_lr=0.5), "final <= min"),
        (lambda: OneCycle(total=9, max_lr=1.0, final_lr=0.01, final_div=10), "one of them"),
        (lambda: OneCycle(total=9, max_lr=1.0, parts=("2ep", 1, 1)), "counts epochs"),
        (lambda: Range(1.0, 0.1, 10), "below lr_max"),
        (lambda: Range(0.1, 1.0, 10, staircase=10), "at least 2"),
        (lambda: TorchOneCycle(total=10, max_lr=1.0, pct_start=1.0), "between 0 and 1"),
        (lambda: TorchOneCycle(total=1, max_lr=1.0), "at least 2"),
        (lambda: Cosine(1.0, 1), "at least 2"),
        (lambda: Linear(1.0, 9, 1.0), "final < lr"),
        (lambda: Exponential(1.0, 9, -0.1), "0 < final"),
        (lambda: Polynomial(1.0, 9, power=0), "above 0"),
        (lambda: Step(1.0, 9, (3, 3)), "must rise"),
        (lambda: Step(1.0, 9, (9,)), "must rise and lie between"),
        (lambda: Step(1.0, 9, (3,), gamma=1.0), "between 0 and 1"),
        (lambda: CosineRestarts(1.0, 9, period=0.5), "at least 1 step"),
        (lambda: CosineRestarts(1.0, 9, t_mult=0), "at least 1"),
        (lambda: Triangular(1.0, 9, 0.5), "at least 1"),
        (lambda: Triangular(1.0, 9, 3, min_lr=1.0), "min < max"),
        (lambda: StableDecay(1.0, 1), "at least 2"),
        (lambda: Warmup(Cosine(1.0, 9), 0), "at least 1"),
        (lambda: Warmup(Cosine(1.0, 9), 3, start=0.0), "above 0"),
    ],
)
def test_what_cannot_be_is_refused_with_its_values(make: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()
