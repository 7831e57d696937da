"""Policies against torch's schedulers: equal at every step of a training, and better behaved after it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from lrlab.policies import (
    Cosine,
    CosineRestarts,
    Exponential,
    Linear,
    OneCycle,
    Policy,
    Polynomial,
    Step,
    TorchOneCycle,
    Triangular,
    Warmup,
)

PEAK = 2.0
Scheduler = Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]


def sgd() -> torch.optim.SGD:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK, momentum=0.9)


def torchs(make: Scheduler, steps: int) -> list[tuple[float, float]]:
    """(lr, momentum) of each update in the documented loop."""
    optimizer = sgd()
    scheduler = make(optimizer)
    found = []
    for step in range(steps):
        found.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))
        optimizer.step()
        if step < steps - 1:
            scheduler.step()
    return found


def differ(policy: Policy, make: Scheduler, steps: int | None = None) -> float:
    """The largest difference in lr, as a share of the peak, and in momentum where the policy has one."""
    theirs = torchs(make, steps or policy.total)
    ours = [policy.at(step) for step in range(steps or policy.total)]
    lr = max(abs(a.lr - b[0]) / PEAK for a, b in zip(ours, theirs, strict=True))
    momentum = max(abs(a.momentum - b[1]) if a.momentum is not None else 0 for a, b in zip(ours, theirs, strict=True))
    return max(lr, momentum)


N = 97
CASES: dict[str, tuple[Policy, Scheduler]] = {
    "ExponentialLR": (
        Exponential(PEAK, N, PEAK * 0.97 ** (N - 1)), lambda o: lr_scheduler.ExponentialLR(o, 0.97)
    ),
    "CosineAnnealingLR": (
        Cosine(PEAK, N, 0.01), lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=N - 1, eta_min=0.01)
    ),
    "CosineAnnealingLR to 0": (
        Cosine(PEAK, N, 1e-300), lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=N - 1)
    ),
    "LinearLR": (
        Linear(PEAK, N, PEAK * 0.05), lambda o: lr_scheduler.LinearLR(o, 1.0, 0.05, total_iters=N - 1)
    ),
    "PolynomialLR": (
        Polynomial(PEAK, N, 1e-300, power=2.5), lambda o: lr_scheduler.PolynomialLR(o, total_iters=N - 1, power=2.5)
    ),
    "PolynomialLR 0.9": (
        Polynomial(PEAK, N, 1e-300), lambda o: lr_scheduler.PolynomialLR(o, total_iters=N - 1, power=0.9)
    ),
    "StepLR": (
        Step(PEAK, N, (30, 60, 90), gamma=0.3), lambda o: lr_scheduler.StepLR(o, step_size=30, gamma=0.3)
    ),
    "MultiStepLR": (
        Step(PEAK, N, (10, 11, 70)), lambda o: lr_scheduler.MultiStepLR(o, milestones=[10, 11, 70])
    ),
    "CosineAnnealingWarmRestarts": (
        CosineRestarts(PEAK, N, 0.01, period=13, t_mult=2),  # 13 + 26 + 52; the last period of ours is cut to its end
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=13, T_mult=2, eta_min=0.01),
    ),
    "LinearLR, then CosineAnnealingLR": (
        Warmup(Cosine(PEAK, N - 10, 0.01), 10, start=0.1),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, 0.1, 1.0, total_iters=10),
                lr_scheduler.CosineAnnealingLR(o, T_max=N - 11, eta_min=0.01),
            ],
            milestones=[10],
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_step_equals_torchs(name: str) -> None:
    policy, make = CASES[name]
    steps = 39 if "Restarts" in name else N
    assert differ(policy, make, steps) < 1e-12


def test_the_comparison_sees_a_knot_one_step_off() -> None:
    _, make = CASES["CosineAnnealingLR"]
    assert differ(Cosine(PEAK, N + 1, 0.01), make, N) > 1e-4  # T_max = total, not total - 1


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
@pytest.mark.parametrize("halves", [(10, None), (7, 12), (1, 1)])
def test_clr_equals_cyclic_lr_with_its_momentum(mode: Any, halves: tuple[int, int | None]) -> None:
    up, down = halves
    policy = Triangular(PEAK, N, up, down, 0.1, mode, 0.99, momentum=(0.8, 0.9))
    assert differ(policy, lambda o: lr_scheduler.CyclicLR(o, 0.1, PEAK, up, down, mode, gamma=0.99)) < 1e-12


@pytest.mark.parametrize("total", [10, 50, 333])
@pytest.mark.parametrize("pct", [0.15, 0.3, 0.55, 0.95])
@pytest.mark.parametrize("shape", ["cosine", "linear"])
def test_the_torch_preset_equals_one_cycle_lr(total: int, pct: float, shape: Any) -> None:
    strategy = {"cosine": "cos", "linear": "linear"}[shape]
    policy = TorchOneCycle(total=total, max_lr=PEAK, pct_start=pct, shape=shape)
    assert (
        differ(policy, lambda o: lr_scheduler.OneCycleLR(o, PEAK, total, pct_start=pct, anneal_strategy=strategy))
        < 1e-12
    )


def after(make: Scheduler, steps: int) -> float:
    """The lr that the documented loop leaves: `optimizer.step(); scheduler.step()`, once per batch."""
    optimizer = sgd()
    scheduler = make(optimizer)
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
    return float(optimizer.param_groups[0]["lr"])


def test_after_the_documented_loop_torchs_one_cycle_has_a_negative_lr_and_ours_stays() -> None:
    assert after(lambda o: lr_scheduler.OneCycleLR(o, PEAK, 100, anneal_strategy="linear"), 100) < 0
    for ours in (TorchOneCycle(total=100, max_lr=PEAK, shape="linear"), OneCycle(total=100, max_lr=PEAK)):
        assert ours.at(100) == ours.at(10**6) == ours.at(99) and ours.at(100).lr > 0
    with pytest.raises(ValueError, match="Tried to step"):
        after(lambda o: lr_scheduler.OneCycleLR(o, PEAK, 100), 102)


def test_past_its_end_torchs_cosine_rises_again_and_ours_stays() -> None:
    assert after(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=99), 150) > 0.4 * PEAK
    assert Cosine(PEAK, 100, 1e-6).at(150).lr == 1e-6


def test_torch_cannot_give_three_phases_of_free_length_and_ours_can() -> None:
    """`three_phase=True` makes the way down as long as the way up, whatever was asked for."""
    lrs = [
        lr for lr, _ in torchs(lambda o: lr_scheduler.OneCycleLR(o, PEAK, 80, pct_start=30 / 80, three_phase=True), 80)
    ]
    top = lrs.index(max(lrs))
    back = min(range(top, 80), key=lambda step: abs(lrs[step] - lrs[0]))
    assert (top, back) == (29, 58)
    assert [knot.step for knot in OneCycle(total=80, max_lr=PEAK).knots()] == [0, 30, 70, 79]


def test_torch_switches_momentum_on_and_chains_a_warm_up_wrongly() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.0)
    lr_scheduler.OneCycleLR(optimizer, 1.0, 100)
    assert optimizer.param_groups[0]["momentum"] == 0.95
    chained = torchs(
        lambda o: lr_scheduler.ChainedScheduler(
            [lr_scheduler.LinearLR(o, 0.1, total_iters=30), lr_scheduler.CosineAnnealingLR(o, T_max=99)]
        ),
        100,
    )
    assert max(lr for lr, _ in chained) < 0.9 * PEAK  # the product of the two never reaches the peak
    assert Warmup(Cosine(PEAK, 70), 30).at(30).lr == PEAK
