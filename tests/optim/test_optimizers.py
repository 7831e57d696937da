from timeit import repeat
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from lrlab.errors import UsageError
from lrlab.optim import EMASGD, HyperSetter, build_optimizer, split_weight_decay
from lrlab.registry import OPTIMIZERS

SGD = {"lr": 0.1, "momentum": 0.9, "momentum_form": "torch", "nesterov": False, "weight_decay": 5e-4}
ADAM = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-2}
ARMS = {"sgd": SGD, "adam": ADAM, "adamw": ADAM}


def section(name: str, **values: object) -> SimpleNamespace:
    return SimpleNamespace(**{"name": name, **ARMS[name], **values})


class Net(nn.Module):
    """Weights, norms of several kinds, a bare vector, a bare matrix, a shared weight, a frozen layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.batch = nn.BatchNorm2d(8)
        self.group = nn.GroupNorm(2, 8)
        self.layer = nn.LayerNorm((8, 2, 2))
        self.scale = nn.Parameter(torch.ones(8))
        self.table = nn.Parameter(torch.ones(8, 8))
        self.head = nn.Linear(8, 5)
        self.tied = nn.Linear(8, 5)
        self.tied.weight = self.head.weight
        self.frozen = nn.Linear(4, 4).requires_grad_(False)


def test_decay_falls_on_weights_alone() -> None:
    model = Net()
    names = {parameter: name for name, parameter in model.named_parameters()}
    decay, plain = split_weight_decay(model, 0.3)
    assert (decay["weight_decay"], plain["weight_decay"]) == (0.3, 0.0)
    assert {names[p] for p in decay["params"]} == {"conv.weight", "table", "head.weight"}
    assert {names[p] for p in plain["params"]} == {
        "conv.bias", "batch.weight", "batch.bias", "group.weight", "group.bias", "layer.weight", "layer.bias",
        "scale", "head.bias", "tied.bias",
    }  # fmt: skip


def test_an_empty_group_is_left_out() -> None:
    assert len(split_weight_decay(nn.Linear(3, 3, bias=False), 0.1)) == 1


def test_the_suite_covers_the_registry() -> None:
    assert set(ARMS) == set(OPTIMIZERS)


@pytest.mark.parametrize(
    ("cfg", "kind", "expected"),
    [
        (section("sgd"), torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": False, "dampening": 0}),
        (section("sgd", nesterov=True), torch.optim.SGD, {"nesterov": True}),
        (section("sgd", momentum_form="ema", momentum=0.8), EMASGD, {"lr": 0.1, "momentum": 0.8}),
        (section("adam", beta1=0.7), torch.optim.Adam, {"lr": 1e-3, "betas": (0.7, 0.999), "eps": 1e-8}),
        (section("adamw", eps=1e-6), torch.optim.AdamW, {"betas": (0.9, 0.999), "eps": 1e-6}),
    ],
)
def test_sections_become_optimizers(cfg: SimpleNamespace, kind: type, expected: dict[str, object]) -> None:
    optimizer = build_optimizer(cfg, Net())
    assert type(optimizer) is kind
    for group, decay in zip(optimizer.param_groups, (cfg.weight_decay, 0.0), strict=True):
        assert {key: group[key] for key in expected} == expected
        assert group["weight_decay"] == decay


@pytest.mark.parametrize("name", [*ARMS, "ema"])
def test_every_optimizer_lowers_a_loss(name: str) -> None:
    torch.manual_seed(0)
    model, images = nn.Linear(6, 3), torch.randn(32, 6)
    targets = images[:, :3].argmax(1)
    cfg = section("sgd", momentum_form="ema", lr=1.0) if name == "ema" else section(name)
    optimizer, losses = build_optimizer(cfg, model), []
    for _ in range(30):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.01


def test_nothing_to_train_is_an_error() -> None:
    with pytest.raises(UsageError, match="no parameters that need a gradient"):
        build_optimizer(section("sgd"), nn.Linear(2, 2).requires_grad_(False))


def groups(lrs: list[object]) -> list[dict[str, object]]:
    return [{"params": [nn.Parameter(torch.ones(2))], "lr": lr} for lr in lrs]


def test_the_setter_keeps_the_ratios_of_the_groups() -> None:
    optimizer = torch.optim.SGD(groups([0.1, 0.01, 0.0]), lr=1.0, momentum=0.9)
    setter = HyperSetter(optimizer)
    assert setter.momentum() == 0.9
    for lr, momentum in ((0.4, 0.95), (2.0, 0.85)):
        setter.set(lr, momentum)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([lr, lr / 10, 0.0])
        assert [group["momentum"] for group in optimizer.param_groups] == [momentum] * 3
        assert setter.momentum() == momentum
    setter.set(1.0, None)
    assert [group["momentum"] for group in optimizer.param_groups] == [0.85] * 3


def test_the_lr_written_is_exactly_the_lr_given() -> None:
    optimizer = torch.optim.SGD(groups([0.3, 0.3]), lr=1.0)
    HyperSetter(optimizer).set(0.1234567890123, None)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1234567890123] * 2


def test_adams_momentum_is_beta1() -> None:
    optimizer = torch.optim.Adam(groups([1e-3, 1e-3]), betas=(0.9, 0.99))
    setter = HyperSetter(optimizer)
    assert setter.momentum() == 0.9
    untouched = optimizer.param_groups[0]["betas"]
    setter.set(0.1, None)
    assert optimizer.param_groups[0]["betas"] is untouched
    setter.set(0.1, 0.85)
    assert [group["betas"] for group in optimizer.param_groups] == [(0.85, 0.99)] * 2


def test_a_tensor_lr_is_filled_in_place() -> None:
    lr = torch.tensor(0.1)
    optimizer = torch.optim.Adam(groups([lr]), lr=lr)
    HyperSetter(optimizer).set(0.5, None)
    assert optimizer.param_groups[0]["lr"] is lr
    assert lr.item() == 0.5


def test_the_setter_survives_load_state_dict() -> None:
    optimizer = torch.optim.SGD(groups([0.1, 0.2]), lr=1.0, momentum=0.9)
    setter = HyperSetter(optimizer)
    optimizer.load_state_dict(optimizer.state_dict())  # replaces the group dicts
    setter.set(0.5, 0.8)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 1.0]


def test_a_first_group_at_zero_is_an_error() -> None:
    with pytest.raises(UsageError, match="first parameter group's lr is 0"):
        HyperSetter(torch.optim.SGD(groups([0.0, 0.1]), lr=1.0))


def test_a_momentum_for_an_optimizer_without_one_is_an_error() -> None:
    optimizer = torch.optim.Adagrad(groups([0.1]), lr=0.1)
    setter = HyperSetter(optimizer)
    assert setter.momentum() is None
    setter.set(0.2, None)
    with pytest.raises(UsageError, match="Adagrad has no momentum"):
        setter.set(0.2, 0.9)


def test_setting_is_cheap_next_to_the_scheduler_it_replaces() -> None:
    optimizer = torch.optim.SGD(groups([0.1, 0.1]), lr=0.1, momentum=0.9)
    setter = HyperSetter(optimizer)
    ours = min(repeat(lambda: setter.set(0.2, 0.9), number=2000, repeat=5))
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=10**6)
    optimizer.step()
    theirs = min(repeat(scheduler.step, number=2000, repeat=5))
    assert ours < theirs
