"""Plain nets of 30 layers and more: signal and gradient reach both ends, and they learn."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

import lrlab.init
from lrlab.models import build_model

PLAIN: dict[str, dict[str, Any]] = {
    "convnet": {"width": 16, "norm": "none", "dropout": 0.0},
    "mlp": {"width": 64, "norm": "none", "dropout": 0.0},
}


def deep(name: str, depth: int, side: int, *, activation: str, scheme: str, **values: object) -> nn.Module:
    cfg = SimpleNamespace(**{"name": name, "depth": depth, "activation": activation, **PLAIN[name], **values})
    model = build_model(cfg, shape=(1, side, side), classes=10)
    return lrlab.init.apply(model, scheme, activation=activation, generator=torch.Generator().manual_seed(0))


def before_activations(model: nn.Module, images: Tensor) -> list[float]:
    """Root mean square of what each activation is given, in order."""
    sizes: list[float] = []
    for module in model.modules():
        if isinstance(module, nn.ReLU | nn.Tanh):
            module.register_forward_pre_hook(lambda _, given: sizes.append(given[0].square().mean().sqrt().item()))
    with torch.no_grad():
        model(images)
    return sizes


@pytest.mark.parametrize("side", [8, 28])
@pytest.mark.parametrize("depth", [30, 50])
@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_kaiming_reaches_both_ends_of_a_deep_plain_net(name: str, depth: int, side: int, activation: str) -> None:
    images = torch.randn(16, 1, side, side, generator=torch.Generator().manual_seed(1))
    model = deep(name, depth, side, activation=activation, scheme="kaiming_normal")
    sizes = before_activations(model, images)
    assert len(sizes) == depth
    # zero padding takes its share of small maps: 0.76 of the second moment stays in each layer of 4x4
    least = 1e-3 if name == "convnet" else 0.05
    assert all(least < size < 10 for size in sizes)
    nn.functional.cross_entropy(model(images), torch.arange(16) % 10).backward()
    for key, parameter in model.named_parameters():
        norm = parameter.grad.norm()
        assert norm.isfinite() and norm > 1e-6, key


@pytest.mark.parametrize("name", PLAIN)
def test_xavier_loses_the_signal_of_a_deep_relu_net(name: str) -> None:
    images = torch.randn(16, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    ends = {}
    for scheme in ("kaiming_normal", "xavier_normal"):
        sizes = before_activations(deep(name, 30, 28, activation="relu", scheme=scheme), images)
        ends[scheme] = sizes[-1] / sizes[0]
    assert ends["xavier_normal"] < 1e-2 * ends["kaiming_normal"]


@pytest.mark.parametrize(("depth", "side", "last"), [(30, 28, 3), (30, 8, 2), (50, 8, 2)])
def test_a_deep_convnet_keeps_a_map_to_the_end(depth: int, side: int, last: int) -> None:
    model = deep("convnet", depth, side, activation="relu", scheme="kaiming_normal")
    assert model.features(torch.zeros(1, 1, side, side)).shape[2:] == (last, last)


def loss_after(steps: int, model: nn.Module, lr: float) -> float:
    """Cross-entropy on the digits after plain SGD with momentum 0.9 and batches of 64."""
    digits = load_digits()
    images = torch.from_numpy(digits.images).float().sub(4.9).div(6.0).unsqueeze(1)
    labels = torch.from_numpy(digits.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(2))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for step in range(steps):
        rows = order[torch.arange(step * 64, (step + 1) * 64) % len(order)]
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        return nn.functional.cross_entropy(model(images), labels).item()


def test_30_plain_relu_layers_learn_the_digits_from_kaiming_and_not_from_xavier() -> None:
    final = {
        scheme: loss_after(150, deep("mlp", 30, 8, activation="relu", scheme=scheme), lr=0.01)
        for scheme in ("kaiming_normal", "xavier_normal")
    }
    assert final["kaiming_normal"] < 1.8  # measured: 1.23
    assert final["xavier_normal"] > 2.29  # ln 10 is 2.303


@pytest.mark.slow
@pytest.mark.parametrize(("norm", "lr", "steps"), [("batch", 0.1, 100), ("none", 0.01, 220)])
def test_30_convolutions_learn_the_digits(norm: str, lr: float, steps: int) -> None:
    model = deep("convnet", 30, 8, activation="relu", scheme="kaiming_normal", norm=norm)
    assert loss_after(steps, model, lr) < 1.8
