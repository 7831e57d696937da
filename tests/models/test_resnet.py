"""ResNets for small images: the paper's sizes, and one block by hand."""

from math import ceil, prod
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from lrlab.models.resnet import ResidualBlock, ResNet, build, shortcut


def resnet(shape: tuple[int, int, int] = (3, 32, 32), classes: int = 10, **values: object) -> ResNet:
    cfg = {"depth": 20, "width": 16, "norm": "batch", "activation": "relu", **values}
    return build(SimpleNamespace(**cfg), shape=shape, classes=classes)


def size(model: nn.Module) -> int:
    return sum(prod(parameter.shape) for parameter in model.parameters())


def closed_form(depth: int, width: int = 16, channels: int = 3, classes: int = 10) -> int:
    """Weights of 3x3 convolutions, two values per channel of each norm, and a linear head."""
    n, w = (depth - 2) // 6, width
    total = 9 * channels * w + 2 * w
    for inputs, outputs in ((w, w), (w, 2 * w), (2 * w, 4 * w)):
        total += 9 * (inputs * outputs + (2 * n - 1) * outputs * outputs) + 2 * n * 2 * outputs
    return total + 4 * w * classes + classes


@pytest.mark.parametrize(
    ("depth", "millions", "exact"), [(20, 0.27, 269_722), (32, 0.46, 464_154), (44, 0.66, 658_586), (56, 0.85, 853_018)]
)
def test_sizes_are_those_of_table_6(depth: int, millions: float, exact: int) -> None:
    assert size(resnet(depth=depth)) == closed_form(depth) == exact
    assert round(exact / 1e6, 2) == millions


@pytest.mark.parametrize(("depth", "width", "channels", "classes"), [(8, 5, 1, 4), (14, 16, 3, 100)])
def test_other_sizes_in_closed_form(depth: int, width: int, channels: int, classes: int) -> None:
    model = resnet((channels, 9, 9), classes, depth=depth, width=width)
    assert size(model) == closed_form(depth, width, channels, classes)


@pytest.mark.parametrize("depth", [8, 20, 56])
def test_depth_counts_the_layers_with_weights(depth: int) -> None:
    layers = [module for module in resnet(depth=depth).modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth


@pytest.mark.parametrize(("height", "width"), [(8, 8), (28, 28), (32, 32), (33, 9), (1, 1)])
def test_each_later_stage_halves_the_side_rounding_up(height: int, width: int) -> None:
    model, values = resnet((3, height, width), depth=8).eval(), torch.zeros(1, 3, height, width)
    values, found = model.stem(values), []
    for stage in model.stages:
        values = stage(values)
        found.append(tuple(values.shape[1:]))
    half, quarter = (ceil(height / 2), ceil(width / 2)), (ceil(height / 4), ceil(width / 4))
    assert found == [(16, height, width), (32, *half), (64, *quarter)]


def test_the_shortcut_takes_every_second_pixel_and_adds_empty_channels() -> None:
    images = torch.arange(2 * 5 * 4.0).view(1, 2, 5, 4)
    out = shortcut(images, 2, 3)
    assert out.shape == (1, 5, 3, 2)
    for channel in range(2):
        for row in range(3):
            for column in range(2):
                assert out[0, channel, row, column] == images[0, channel, 2 * row, 2 * column]
    assert not out[0, 2:].any()
    assert shortcut(images, 1, 0) is images


@pytest.mark.parametrize(("outputs", "stride"), [(4, 1), (8, 2)])
def test_a_block_adds_its_body_to_the_shortcut_before_the_activation(outputs: int, stride: int) -> None:
    torch.manual_seed(0)
    block = ResidualBlock(4, outputs, stride=stride, norm="none", activation="relu")
    images = torch.randn(2, 4, 6, 6)
    first, second = (module for module in block.modules() if isinstance(module, nn.Conv2d))
    hidden = nn.functional.conv2d(images, first.weight, first.bias, stride=stride, padding=1).relu()
    hidden = nn.functional.conv2d(hidden, second.weight, second.bias, padding=1)
    kept = images[:, :, ::stride, ::stride]
    padded = torch.cat([kept, kept.new_zeros(2, outputs - 4, *kept.shape[2:])], dim=1)
    assert torch.allclose(block(images), (hidden + padded).relu(), atol=1e-6)


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_a_body_of_zeros_hands_the_image_through(norm: str) -> None:
    block = ResidualBlock(4, 4, stride=1, norm=norm, activation="relu")
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            for parameter in module.parameters():
                nn.init.zeros_(parameter)
    images = torch.rand(2, 4, 6, 6)
    assert torch.equal(block(images), images)


@pytest.mark.parametrize(("norm", "bias"), [("none", True), ("batch", False), ("group", False)])
def test_convolutions_have_a_bias_only_without_norm(norm: str, bias: bool) -> None:
    convs = [module for module in resnet(depth=8, norm=norm).modules() if isinstance(module, nn.Conv2d)]
    assert all((conv.bias is not None) is bias for conv in convs)
