"""Policies against closed forms, a slow plain twin, their invariants, and torch."""

import math
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lrlab.errors import UsageError
from lrlab.policies.base import Policy
from lrlab.policies.build import build_policy
from lrlab.policies.constant import Constant
from lrlab.policies.onecycle import OneCycle
from lrlab.policies.phases import divide
from lrlab.policies.range import Range
from lrlab.policies.torch_onecycle import TorchOneCycle

totals = st.integers(3, 400)
lrs = st.floats(1e-6, 10)


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
    totals, st.tuples(st.integers(1, 50), st.integers(1, 50), st.integers(1, 50)), st.sampled_from(["linear", "cosine"])
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


@given(totals, lrs)
def test_onecycle_stays_in_bounds_with_one_peak(total: int, peak: float) -> None:
    policy = OneCycle(total=total, max_lr=peak)
    values = [policy.at(step).lr for step in range(total)]
    assert 0 < min(values) == values[-1]
    assert max(values) == peak and values.count(peak) == 1
    top = values.index(peak)
    assert all(a < b for a, b in pairwise(values[: top + 1]))
    assert all(a >= b for a, b in pairwise(values[top:]))


@given(st.integers(1, 12))
def test_stretching_the_total_stretches_the_policy(k: int) -> None:
    short, long = OneCycle(total=80, max_lr=1.0), OneCycle(total=80 * k, max_lr=1.0)
    assert all(long.at(k * step).lr == pytest.approx(short.at(step).lr, abs=1e-12) for step in range(71))


@given(st.integers(3, 10_000), st.lists(st.integers(1, 1000), min_size=1, max_size=3))
def test_parts_add_up_and_none_is_empty(total: int, parts: list[int]) -> None:
    lengths = divide(total, parts)
    assert sum(lengths) == total and min(lengths) >= 1
    exact = [total * part / sum(parts) for part in parts]
    if min(exact) >= 1:
        assert all(abs(length - share) < 1 for length, share in zip(lengths, exact, strict=True))


POLICIES: list[Policy] = [
    Constant(0.1, 7),
    Range(1e-6, 10.0, 50),
    Range(0.1, 1.0, 50, "linear", staircase=3),
    OneCycle(total=20, max_lr=0.5),
    OneCycle(total=3, max_lr=0.5, shape="cosine"),
    TorchOneCycle(total=20, max_lr=0.5),
]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: type(p).__name__)
def test_contract_pure_clamped_and_never_before_the_start(policy: Policy) -> None:
    forwards = [policy.at(step) for step in range(policy.total)]
    assert [policy.at(step) for step in reversed(range(policy.total))] == forwards[::-1]
    assert policy.at(policy.total) == policy.at(policy.total + 10**6) == forwards[-1]
    with pytest.raises(ValueError, match="before the start"):
        policy.at(-1)
    for knot in policy.knots():
        assert knot.lr == pytest.approx(policy.at(knot.step).lr, rel=1e-12) or "torch" in type(policy).__module__
    assert policy.knots()[0].step == 0 and policy.knots()[-1].step == policy.total - 1


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


@pytest.mark.parametrize("total", [2, 3, 5, 10, 50, 333])
@pytest.mark.parametrize("pct", [0.1, 0.3, 0.55])
@pytest.mark.parametrize("shape", ["cosine", "linear"])
def test_the_torch_preset_equals_torch(total: int, pct: float, shape: Any) -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    strategy = {"cosine": "cos", "linear": "linear"}[shape]
    if pct * total - 1 <= 0:
        pytest.skip("torch divides by a phase of no length, or a negative one, here")
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 2.0, total_steps=total, pct_start=pct, anneal_strategy=strategy
    )
    ours = TorchOneCycle(total=total, max_lr=2.0, pct_start=pct, shape=shape)
    for step in range(total):
        group = optimizer.param_groups[0]
        assert ours.at(step).lr == pytest.approx(group["lr"], abs=2e-12)
        assert ours.at(step).momentum == pytest.approx(group["momentum"], abs=1e-12)
        optimizer.step()
        if step < total - 1:
            theirs.step()


def test_past_the_end_torch_goes_negative_and_ours_does_not() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=100, anneal_strategy="linear")
    for _ in range(100):  # the documented loop: one step() per batch
        optimizer.step()
        theirs.step()
    assert optimizer.param_groups[0]["lr"] < 0
    ours = TorchOneCycle(total=100, max_lr=1.0, shape="linear")
    assert ours.at(100).lr == ours.at(99).lr == pytest.approx(1 / 25 / 1e4)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: OneCycle(total=2, max_lr=1.0), "at least 3"),
        (lambda: OneCycle(total=9, max_lr=1.0, min_lr=2.0), "min < max"),
        (lambda: OneCycle(total=9, max_lr=1.0, final_lr=0.5), "final <= min"),
        (lambda: Range(1.0, 0.1, 10), "below lr_max"),
        (lambda: Range(0.1, 1.0, 10, staircase=10), "at least 2"),
        (lambda: TorchOneCycle(total=10, max_lr=1.0, pct_start=1.0), "between 0 and 1"),
        (lambda: TorchOneCycle(total=1, max_lr=1.0), "at least 2"),
    ],
)
def test_what_cannot_be_is_refused_with_its_values(make: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_building_takes_the_optimizers_lr_and_momentum() -> None:
    from lrlab.config.sections import policy as sections

    for section in (sections.Constant(), sections.OneCycle(), sections.TorchOneCycle()):
        policy = build_policy(section, total=80, lr=0.3, momentum=0.9)
        assert max(policy.at(i).lr for i in range(80)) == pytest.approx(0.3, rel=1e-2)
    still = build_policy(sections.OneCycle(cycle_momentum=False), total=80, lr=0.3, momentum=0.8)
    assert {still.at(i).momentum for i in range(80)} == {0.8}
    none = build_policy(sections.OneCycle(), total=80, lr=0.3, momentum=None)
    assert {none.at(i).momentum for i in range(80)} == {None}  # nothing to cycle, and nothing enabled silently
    with pytest.raises(UsageError, match="there are: constant"):
        build_policy(SimpleNamespace(name="nope"), total=9, lr=0.1, momentum=None)
