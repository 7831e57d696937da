"""From a config's policy section to a policy: durations resolved once, the optimizer's lr and momentum taken."""

import json
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from lrlab.config.sections.policy import PolicyConfig
from lrlab.errors import UsageError
from lrlab.policies import Policy
from lrlab.policies.build import build_policy
from lrlab.registry import POLICIES


def section_of(**section: Any) -> Any:
    return TypeAdapter(PolicyConfig).validate_json(json.dumps(section), strict=True)


def build(total: int = 80, per_epoch: Any = None, momentum: float | None = 0.9, **section: Any) -> Policy:
    spec = section_of(**section)
    return build_policy(spec, total=total, lr=0.3, momentum=momentum, steps_per_epoch=per_epoch)


def turns(policy: Policy) -> list[int]:
    return [knot.step for knot in policy.knots()]


def refusal(*, total: int = 80, **section: Any) -> str:
    spec = section_of(**section)
    with pytest.raises(ValueError) as caught:
        build_policy(spec, total=total, lr=0.3, momentum=0.9)
    return str(caught.value)


def test_every_registered_policy_has_a_section_and_every_section_a_policy() -> None:
    sections = {arm.model_fields["name"].default for arm in get_args(get_args(PolicyConfig)[0])}
    assert sections == set(POLICIES)


@pytest.mark.parametrize("name", [name for name in POLICIES if name != "range"])
def test_the_peak_is_the_optimizers_lr_unless_the_section_says_so(name: str) -> None:
    policy = build(name=name)
    assert policy.total == 80
    assert max(policy.at(i).lr for i in range(80)) == pytest.approx(0.3, rel=1e-2)
    key = "max_lr" if name in ("onecycle", "torch", "triangular", "cosine_restarts", "climb") else "lr"
    assert max(build(name=name, **{key: 7.0}).at(i).lr for i in range(80)) == pytest.approx(7.0, rel=1e-2)


@pytest.mark.parametrize("name", [name for name in POLICIES if name not in ("range", "climb")])
def test_a_warm_up_goes_before_any_policy_within_the_same_total(name: str) -> None:
    plain, warmed = build(72, name=name, warmup=None), build(name=name, warmup="10%", warmup_from=0.5)
    if name == "wsd":  # its cooldown is 20 % of the whole, warm-up included
        plain = build(72, name=name, warmup=None, cooldown="16it")
    if name == "triangular":
        plain = build(72, name=name, half_cycle="8it")
    if name == "cosine_restarts":
        plain = build(72, name=name, period="20it")
    if name == "step":
        plain = build(72, name=name, milestones=["32it", "52it"])
    assert warmed.total == 80 and warmed.at(0).lr == pytest.approx(warmed.at(8).lr / 2)
    assert [warmed.at(8 + i) for i in range(72)] == [plain.at(i) for i in range(72)]


def test_no_warm_up_unless_asked_for_but_in_wsd() -> None:
    assert {name for name in POLICIES if build(name=name).knots()[0].label == "warm-up"} == {"wsd"}
    assert turns(build(200, name="wsd")) == [0, 10, 160, 199]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"name": "onecycle"}, [0, 150, 350, 399]),
        ({"name": "onecycle", "up": "37.5%", "down": "50%", "final": "12.5%"}, [0, 150, 350, 399]),
        ({"name": "onecycle", "up": "2ep", "down": 3, "final": "40it"}, [0, 80, 360, 399]),
        ({"name": "onecycle", "warmup": "1ep", "up": "2ep", "down": 3, "final": "40it"}, [0, 40, 120, 360, 399]),
        ({"name": "step", "milestones": ["3ep", "50%", "399it"]}, [0, 120, 200]),
        ({"name": "step", "every": "2.5ep"}, [0, 100, 200, 300, 399]),
        ({"name": "step", "every": "2.5ep", "warmup": "1ep"}, [0, 40, 100, 200, 300, 399]),
        ({"name": "cosine_restarts", "period": "2ep", "t_mult": 2}, [0, 80, 240, 399]),
        ({"name": "triangular", "half_cycle": "2ep", "half_cycle_down": "25%"}, [0, 80, 180, 260, 360, 399]),
        ({"name": "wsd", "warmup": "20it", "stable": "5ep", "cooldown": 1}, [0, 20, 220, 399]),
        ({"name": "wsd", "warmup": None, "stable": 3, "cooldown": 1}, [0, 300, 399]),
        ({"name": "climb"}, [0, 320, 399]),
        ({"name": "climb", "up": "2ep", "hold": 1}, [0, 80, 399]),
    ],
)
def test_durations_become_steps_once(section: dict[str, Any], expected: list[int]) -> None:
    found = turns(build(400, 40, **section))
    assert found[: len(expected)] == expected and found[-1] == 399


def test_an_epoch_is_counted_in_updates_also_where_batches_are_accumulated() -> None:
    policy = build(33, Fraction(10, 3), name="step", every="1ep")
    assert turns(policy)[:6] == [0, 3, 7, 10, 13, 17]  # 3.3, 6.7, 10, ...: rounding does not add up


def test_epochs_that_fill_the_training_fit_also_where_its_last_update_is_not_whole() -> None:
    """Five epochs of seven batches, two to an update: 17.5 updates, of which 17 are done."""
    policy = build(17, Fraction(7, 2), name="onecycle", warmup="1ep", up="2ep", down="1ep", final="1ep")
    assert policy.total == 17 and turns(policy) == [0, 3, 10, 14, 16]


@pytest.mark.parametrize(("every", "per_epoch"), [("1it", None), ("1ep", 20), ("25%", None)])
def test_exponential_falls_by_gamma_per_stretch(every: str, per_epoch: int | None) -> None:
    policy = build(80, per_epoch, name="exponential", gamma=0.9, every=every)
    stretch = 1 if every == "1it" else 20
    assert [policy.at(k * stretch).lr for k in range(3)] == pytest.approx([0.3, 0.27, 0.243], rel=1e-12)


def test_the_final_lr_of_one_cycle_may_be_a_divisor() -> None:
    assert build(name="onecycle", final_div=4).at(79).lr == pytest.approx(0.3 / 10 / 4)
    assert build(name="onecycle", min_lr=0.1, final_lr=0.02).at(79).lr == 0.02


def test_the_torch_preset_takes_its_shape_and_its_divisors() -> None:
    line = build(name="torch", shape="linear", pct_start=0.5, div_factor=3, final_div_factor=10)
    assert [line.at(i).lr for i in (0, 39, 79)] == pytest.approx([0.1, 0.3, 0.01])
    assert line.at(13).lr == pytest.approx(0.1 + 0.2 * 13 / 39)


@pytest.mark.parametrize("name", ["onecycle", "torch", "triangular", "climb"])
def test_momentum_is_cycled_where_there_is_one_and_never_switched_on(name: str) -> None:
    def momenta(**more: Any) -> set[float | None]:
        policy = build(name=name, **more)
        return {policy.at(i).momentum for i in range(80)}

    assert {0.85, 0.95} <= {round(m, 2) for m in momenta(cycle_momentum=True) if m is not None}
    assert momenta(cycle_momentum=False, momentum=0.8) == {0.8}
    assert momenta(cycle_momentum=True, momentum=None) == {None}
    with pytest.raises(ValueError, match="momentum is 0, which leaves nothing to cycle"):
        build(name=name, cycle_momentum=True, momentum=0.0)
    if name == "triangular":
        assert momenta() == {0.9}  # off unless asked for


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"name": "onecycle", "up": "5ep"}, ["policy.up=5ep counts epochs"]),
        ({"name": "cosine", "warmup": "5ep"}, ["policy.warmup=5ep counts epochs"]),
        ({"name": "cosine", "warmup": "80it"}, ["policy.warmup=80it (80 steps)", "80 steps"]),
        ({"name": "onecycle", "up": "72it", "down": "10%"}, ["up=72it", "down=10% (8 steps)", "policy.final=10"]),
        ({"name": "onecycle", "warmup": "50%", "up": "50%"}, ["policy.warmup (50%)=40it", "policy.up=50% (40 steps)"]),
        ({"name": "wsd", "stable": "10%"}, ["warmup (5%)=4it", "policy.stable=10%", "policy.cooldown=20%", "28 steps"]),
        ({"name": "step", "milestones": ["10it", "90it"]}, ["policy.milestones=90it", "step 90", "past the 80 steps"]),
        ({"name": "step", "every": "10it", "warmup": "20it"}, ["every=10it", "step 10", "within the warm-up of 20"]),
        ({"name": "step", "milestones": ["20it", "10it"]}, ["milestones must rise", "20, 10"]),
        ({"name": "exponential", "gamma": 0.1}, ["policy.gamma=0.1", "every 1it", "79"]),
        ({"name": "onecycle", "warmup": "78it"}, ["policy.warmup=78it", "policy.up=30"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_names_the_keys_and_their_values(section: dict[str, Any], says: list[str]) -> None:
    message = refusal(**section)
    assert all(word in message for word in says), message


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="there are: constant"):
        build_policy(SimpleNamespace(name="nope"), total=9, lr=0.1, momentum=None)
