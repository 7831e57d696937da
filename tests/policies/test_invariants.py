"""What holds for every policy, whatever its values."""

import json
import math
from itertools import pairwise, zip_longest
from typing import Any

import pytest
from drawn_policies import KINDS, any_policy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lrlab.policies import Climb, OneCycle, Policy, Step, Warmup, from_spec, to_spec
from lrlab.policies.phases import Phased
from lrlab.registry import POLICIES

relaxed = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
each_kind = pytest.mark.parametrize("kind", KINDS)


def test_every_registered_policy_is_among_those_drawn() -> None:
    assert set(KINDS) == set(POLICIES)


@each_kind
@relaxed
@given(st.data())
def test_pure_clamped_and_never_before_the_start(kind: str, data: st.DataObject) -> None:
    policy = data.draw(KINDS[kind])
    forwards = [policy.at(step) for step in range(policy.total)]
    assert [policy.at(step) for step in reversed(range(policy.total))] == forwards[::-1]
    assert policy.at(policy.total) == policy.at(policy.total + 10**6) == forwards[-1]
    with pytest.raises(ValueError, match="before the start"):
        policy.at(-1)


@each_kind
@relaxed
@given(st.data())
def test_lr_is_positive_and_within_the_values_at_the_knots(kind: str, data: st.DataObject) -> None:
    policy = data.draw(KINDS[kind])
    values = [policy.at(step).lr for step in range(policy.total)]
    limits = limits_of(policy)
    assert min(values) > 0
    assert limits[0] <= min(values) and max(values) <= limits[1]


@each_kind
@relaxed
@given(st.data())
def test_knots_lie_on_the_policy_in_order_from_the_first_step_to_the_last(kind: str, data: st.DataObject) -> None:
    policy = data.draw(KINDS[kind])
    knots = policy.knots()
    steps = [knot.step for knot in knots]
    assert steps == sorted(set(steps)) and steps[0] == 0 and steps[-1] == policy.total - 1
    for knot in knots:
        hyper = policy.at(knot.step)
        assert (knot.lr, knot.momentum) == (pytest.approx(hyper.lr, rel=1e-12), hyper.momentum)


@relaxed
@given(any_policy)
def test_every_phase_has_a_step_and_together_they_cover_the_total(policy: Policy) -> None:
    inner = policy.policy if isinstance(policy, Warmup) else policy
    while isinstance(inner, Warmup):
        inner = inner.policy
    if isinstance(inner, Phased):
        lengths = [phase.steps for phase in inner.phases]
        assert min(lengths) >= 1
        assert sum(lengths) == inner.total if inner.closes else sum(lengths[:-1]) < inner.total <= sum(lengths)


@relaxed
@given(st.one_of(*(KINDS[kind] for kind in ("onecycle", "climb", "cosine", "linear", "triangular", "cosine_restarts"))))
def test_lr_moves_no_faster_than_the_slope_of_its_phase(policy: Any) -> None:
    """Also across the border to the next phase, unless that one starts elsewhere (a restart)."""
    assume(getattr(policy, "mode", "") != "exp_range")
    start = 0
    for phase, after in zip_longest(policy.phases, policy.phases[1:]):
        only_the_end = policy.closes and after is policy.phases[-1] and after.steps == 1  # its start value is left out
        joins = after is not None and after.lr[0] == phase.lr[1] and not only_the_end
        end = min(start + phase.steps + joins, policy.total)
        span = max(1, phase.steps - (policy.closes and after is None))
        slope = abs(phase.lr[1] - phase.lr[0]) / span * {"linear": 1.0, "cosine": math.pi / 2}[phase.shape]
        values = [policy.at(step).lr for step in range(start, end)]
        assert all(abs(b - a) <= slope * (1 + 1e-9) + 1e-14 * max(phase.lr) for a, b in pairwise(values))
        start += phase.steps


@given(st.integers(1, 12), st.sampled_from(["linear", "cosine"]))
def test_stretching_the_total_stretches_the_policy(k: int, shape: Any) -> None:
    short, long = (OneCycle(total=80 * n, max_lr=1.0, shape=shape) for n in (1, k))
    assert all(long.at(k * step).lr == pytest.approx(short.at(step).lr, abs=1e-12) for step in range(71))
    # the last phase is closed, so it stretches by (10 k - 1) / 9: one step of its slope at most
    assert all(abs(long.at(k * step).lr - short.at(step).lr) <= 0.1 * math.pi / 2 / 9 for step in range(71, 80))


@relaxed
@given(any_policy)
def test_a_policy_survives_json_and_is_the_same_function(policy: Policy) -> None:
    back = from_spec(json.loads(json.dumps(to_spec(policy))))
    assert back == policy
    assert [back.at(step) for step in range(policy.total)] == [policy.at(step) for step in range(policy.total)]


@pytest.mark.parametrize(
    ("spec", "says"),
    [({"kind": "Nope"}, "not one of lrlab's"), ({}, "not one of"), ({"kind": "Cosine", "speed": 1}, "no speed")],
)
def test_a_spec_that_is_none_is_refused(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        from_spec(spec)


def limits_of(policy: Any) -> tuple[float, float]:
    """The lowest and the highest lr that the policy's own settings allow."""
    if isinstance(policy, Warmup):
        low, high = limits_of(policy.policy)
        return min(low, policy.start * policy.policy.at(0).lr), high
    named = {name: getattr(policy, name, None) for name in ("lr", "max_lr", "lr_max", "low", "last", "lr_min")}
    high = max(v for v in (named["lr"], named["max_lr"], named["lr_max"]) if v is not None)
    if isinstance(policy, OneCycle):
        return policy.lrs[2], high
    if isinstance(policy, Climb):
        return policy.min_lr, high
    if isinstance(policy, Step):
        return policy.lr * policy.gamma ** len(policy.milestones), high
    if type(policy).__name__ == "TorchOneCycle":
        return policy.max_lr / policy.div_factor / policy.final_div_factor, high
    found = [v for v in (named["low"], named["last"], named["lr_min"]) if v is not None]
    return min(found, default=high), high
