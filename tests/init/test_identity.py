"""Scaled identity: what depth does to a factor, exactly."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

import lrlab.init
from lrlab.models import build_model


def deep(layers: int, width: int = 8) -> nn.Sequential:
    return nn.Sequential(*(nn.Linear(width, width) for _ in range(layers)))


@pytest.mark.parametrize(("scale", "layers"), [(1.5, 30), (0.5, 30), (1.0, 50)])
def test_a_deep_linear_net_multiplies_by_the_power_of_the_scale(scale: float, layers: int) -> None:
    model = lrlab.init.apply(deep(layers).double(), "scaled_identity", scale=scale)
    images = torch.randn(4, 8, dtype=torch.float64)
    assert torch.allclose(model(images), scale**layers * images, rtol=1e-14, atol=0)


def test_the_weight_is_the_scale_on_the_diagonal() -> None:
    layer = lrlab.init.apply(nn.Linear(5, 5), "scaled_identity", scale=1.5)
    assert torch.equal(layer.weight, 1.5 * torch.eye(5)) and not layer.bias.any()


def test_layers_that_are_not_square_hand_on_what_fits() -> None:
    narrow = lrlab.init.apply(nn.Linear(3, 2), "scaled_identity", scale=2.0)
    assert narrow(torch.tensor([1.0, 2.0, 3.0])).tolist() == [2.0, 4.0]
    wide = lrlab.init.apply(nn.Linear(2, 3), "scaled_identity", scale=2.0)
    assert wide(torch.tensor([1.0, 2.0])).tolist() == [2.0, 4.0, 0.0]


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
def test_a_convolution_hands_on_the_image(kind: type[nn.Module]) -> None:
    layer = lrlab.init.apply(kind(4, 4, 3, padding=1), "scaled_identity", scale=1.5)
    images = torch.randn(2, 4, 6, 5)
    assert torch.equal(layer(images), 1.5 * images)


@pytest.mark.parametrize(("inputs", "outputs", "groups"), [(4, 4, 1), (4, 6, 1), (6, 4, 1), (4, 8, 2), (4, 4, 4)])
def test_a_convolution_equals_torchs_dirac(inputs: int, outputs: int, groups: int) -> None:
    layer = lrlab.init.apply(nn.Conv2d(inputs, outputs, (3, 5), groups=groups), "scaled_identity")
    expected = nn.init.dirac_(torch.empty_like(layer.weight), groups=groups)
    assert torch.equal(layer.weight, expected)


def test_the_mlp_on_positive_images() -> None:
    """ReLU lets positive values pass: 30 hidden layers and a head of 1.5 on the first ten pixels."""
    cfg = SimpleNamespace(name="mlp", depth=30, width=64, norm="none", activation="relu", dropout=0.0)
    model = lrlab.init.apply(build_model(cfg, shape=(1, 8, 8), classes=10), "scaled_identity", scale=1.5)
    images = torch.rand(3, 1, 8, 8)
    assert torch.allclose(model(images), 1.5**31 * images.flatten(1)[:, :10], rtol=1e-5)
