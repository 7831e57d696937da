"""The critical lr against its closed form, and that it leaves nothing behind."""

import copy
import math
import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lrlab.engine import critical
from lrlab.engine.critical import critical_lr
from lrlab.engine.task import Task

FOUR_PERCENT = 2 ** (1 / 16)  # what four bisections of a factor of two leave
CPU = torch.device("cpu")
F = torch.nn.functional


class Point(nn.Module):
    """A model that is its own parameter."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.w = nn.Parameter(values)

    def forward(self, x: Tensor) -> Tensor:
        return self.w


def quadratic(hessian: Tensor, start: Tensor, slope: Tensor, *, scale: float = 1.0) -> tuple[Task, Any]:
    """A task whose loss is scale (½ w·Hw + slope·w) + 3."""

    def loss(w: Tensor, _: Tensor) -> Tensor:
        return scale * (0.5 * w @ hessian @ w + slope @ w) + 3

    model = Point(start.clone())
    return Task(model, torch.optim.SGD(model.parameters(), lr=0.1), loss, CPU), (torch.zeros(1), torch.zeros(1))


def drawn(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    w, slope = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    return a @ a.T + 0.1 * torch.eye(6, dtype=torch.float64), w, slope


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e7])  # at 1e7 the very first step is too long
def test_on_a_quadratic_it_is_2_gg_over_ghg(seed: int, scale: float) -> None:
    hessian, w, slope = drawn(seed)
    g = hessian @ w + slope
    exact = float(2 * (g @ g) / (g @ hessian @ g)) / scale
    found = critical_lr(*quadratic(hessian, w, slope, scale=scale))
    assert exact * (1 - 1e-3) <= found <= exact * FOUR_PERCENT * (1 + 1e-2)
    assert exact > 1e-6 or scale == 1e7


def test_along_the_sharpest_direction_it_is_2_over_its_curvature() -> None:
    hessian, _, _ = drawn(0)
    values, vectors = torch.linalg.eigh(hessian)
    found = critical_lr(*quadratic(hessian, vectors[:, -1], torch.zeros(6, dtype=torch.float64)))
    assert found == pytest.approx(2 / float(values[-1]), rel=0.05)


def test_groups_keep_their_ratios() -> None:
    """With g = Hw and groups at lr and 10 lr the step is D g: the critical lr is 2 g·Dg / (Dg·HDg)."""
    first, second = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(1.0))
    model = nn.Module()
    model.first, model.second = first, second
    model.forward = lambda x: torch.stack([first, second])
    optimizer = torch.optim.SGD([{"params": [first]}, {"params": [second], "lr": 1.0}], lr=0.1)
    task = Task(model, optimizer, lambda w, _: 0.5 * (4 * w[0] ** 2 + w[1] ** 2), CPU)
    exact = 2 * (16 + 10) / (4 * 16 + 100)
    assert critical_lr(task, (torch.zeros(1), torch.zeros(1))) == pytest.approx(exact, rel=0.05)


def test_what_the_optimizer_does_not_hold_stays_where_it_is() -> None:
    """Head alone: the curvature of the rest does not count."""
    model = nn.Module()
    model.head, model.rest = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(1.0))
    model.forward = lambda x: torch.stack([model.head, model.rest])
    task = Task(model, torch.optim.SGD([model.head], lr=0.1), lambda w, _: w[0] ** 2 + 1e4 * w[1] ** 2, CPU)
    assert critical_lr(task, (torch.zeros(1), torch.zeros(1))) == pytest.approx(1.0, rel=0.05)


def one_number(loss: Any, at: float = 1.0) -> float:
    model = Point(torch.tensor(at, dtype=torch.float64))
    task = Task(model, torch.optim.SGD(model.parameters(), lr=0.1), lambda w, _: loss(w), CPU)
    return critical_lr(task, (torch.zeros(1), torch.zeros(1)))


def test_a_loss_that_falls_for_ever_has_none() -> None:
    assert one_number(lambda w: 2 * w) == math.inf


def test_nan_is_a_rise() -> None:
    """-log w falls from w = 1 on; √(2 - w) is not a number beyond w = 2, where the step of 1 ends."""
    assert one_number(lambda w: (2 - w).sqrt() * 0 - w, at=1.0) == pytest.approx(1.0, rel=0.05)


def test_where_no_step_is_short_enough_it_is_0() -> None:
    assert one_number(lambda w: 1e14 * w * w) == 0
    assert one_number(lambda w: w * math.nan) == 0


def test_rounding_is_no_rise() -> None:
    """A step of 1e-6 moves this loss by less than fp32 resolves, in either direction."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    batch = (torch.randn(512, 64), 100 + torch.randn(512, 1))

    def far(outputs: Tensor, targets: Tensor) -> Tensor:
        return 1e-7 * F.mse_loss(outputs, targets) + 1

    found = critical_lr(Task(model, torch.optim.SGD(model.parameters(), lr=0.1), far, CPU), batch)
    assert found > 1e3


class Restless(Point):
    """A counter makes each pass worse than the one before."""

    def __init__(self) -> None:
        super().__init__(torch.tensor(1.0))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.w * 1.1**self.calls


def test_what_a_model_counts_is_no_rise() -> None:
    model = Restless()
    task = Task(model, torch.optim.SGD(model.parameters(), lr=0.1), lambda w, _: w**2, CPU)
    assert critical_lr(task, (torch.zeros(1), torch.zeros(1))) == pytest.approx(1 / 1.1**2, rel=0.05)


class Net(nn.Module):
    """BatchNorm, dropout, numpy noise, and a plain counter."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 3))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.inner(x) + 0.1 * float(np.random.rand()) * x[:, :3] + 0.1 * random.random() * x[:, 3:6]


def net_task() -> tuple[Task, Any]:
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    model = Net()
    batch = (torch.randn(64, 8), torch.randint(3, (64,)))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    F.cross_entropy(model(batch[0]), batch[1]).backward()
    optimizer.step()  # state in the optimizer, and gradients left behind
    model.inner[1].eval()  # a frozen part
    return Task(model, optimizer, F.cross_entropy, CPU), batch


def everything(task: Task) -> list[Any]:
    """All that a training would notice."""
    model, optimizer = task.model, task.optimizer
    return [
        *(v.clone() for v in model.state_dict().values()),
        *(p.grad.clone() for p in model.parameters() if p.grad is not None),
        *(v.clone() for state in optimizer.state.values() for v in state.values()),
        [m.training for m in model.modules()], model.calls, copy.deepcopy(optimizer.param_groups[0]["betas"]),
        torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate(),
    ]  # fmt: skip


def same(before: list[Any], after: list[Any]) -> bool:
    pairs = zip(before, after, strict=True)
    return all(torch.equal(a, b) if isinstance(a, Tensor) else a == b for a, b in pairs)


def test_it_leaves_everything_as_it_was() -> None:
    task, batch = net_task()
    before = everything(task)
    assert any(isinstance(value, Tensor) and value.numel() > 100 for value in before)
    assert 0 < critical_lr(task, batch) < math.inf
    assert same(before, everything(task))


def test_also_after_an_exception() -> None:
    task, batch = net_task()
    before, calls = everything(task), 0

    def fails(outputs: Tensor, targets: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise RuntimeError("cable pulled")
        return F.cross_entropy(outputs, targets)

    task.loss_fn = fails
    with pytest.raises(RuntimeError, match="cable pulled"):
        critical_lr(task, batch)
    assert calls == 5 and same(before, everything(task))


def test_negative_control_without_isolation_it_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    monkeypatch.setattr(critical, "_as_found", lambda _: nullcontext())
    task, batch = net_task()
    before = everything(task)
    critical_lr(task, batch)
    assert not same(before, everything(task))


def test_dropout_and_noise_are_the_same_in_every_pass() -> None:
    """The number is a function of the batch, not of the generators; without seeding it is not."""
    task, batch = net_task()
    first = critical_lr(task, batch)
    torch.manual_seed(7)
    np.random.seed(7)
    assert critical_lr(task, batch) == first


def test_negative_control_without_seeding_they_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(critical, "seed_everything", lambda seed: None)
    task, batch = net_task()
    found = set()
    for seed in range(6):
        torch.manual_seed(seed)
        found.add(critical_lr(task, batch))
    assert len(found) > 1


def test_half_precision_is_left_out() -> None:
    task, batch = net_task()
    low = Task(task.model, task.optimizer, task.loss_fn, CPU, precision="bf16")
    assert critical_lr(low, batch) == critical_lr(task, batch)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: the critical lr on CUDA is not run")
def test_on_cuda_it_is_the_same_number_and_fp16_does_not_matter() -> None:
    task, (x, y) = net_task()
    task.model.inner[3].p = 0.0  # other generators, other masks
    on_cpu = critical_lr(task, (x, y))
    device = torch.device("cuda")
    model = copy.deepcopy(task.model).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    before = torch.cuda.get_rng_state()
    found = [
        critical_lr(Task(model, optimizer, F.cross_entropy, device, precision=precision), (x, y))
        for precision in ("fp32", "fp16", "bf16")
    ]
    assert found[0] == pytest.approx(on_cpu, rel=0.05) and found[1] == found[0] == found[2]
    assert torch.equal(torch.cuda.get_rng_state(), before)
