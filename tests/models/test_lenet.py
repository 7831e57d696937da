"""LeNet-5: the published sizes, and the rule that fits it to other images."""

from math import prod
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from lrlab.models.lenet import LeNet, build, padding_for


def lenet(shape: tuple[int, int, int], classes: int = 10, **values: str) -> LeNet:
    return build(SimpleNamespace(**{"activation": "tanh", "pool": "average", **values}), shape=shape, classes=classes)


def size(model: nn.Module) -> int:
    return sum(prod(parameter.shape) for parameter in model.parameters())


def sides(model: LeNet, shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Of the maps behind conv1, pool1, conv2 and pool2."""
    found, values = [], torch.zeros(1, *shape)
    for name, layer in model.features.named_children():
        values = layer(values)
        if name.startswith(("conv", "pool")):
            found.append((values.shape[2], values.shape[3]))
    return found


def test_32x32_and_28x28_have_the_classic_61706_parameters() -> None:
    by_layer = (6 * 25 + 6) + (16 * 6 * 25 + 16) + (400 * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10)
    assert size(lenet((1, 32, 32))) == size(lenet((1, 28, 28))) == by_layer == 61_706


@pytest.mark.parametrize(
    ("side", "expected"),
    [(32, (28, 14, 10, 5)), (28, (28, 14, 10, 5)), (8, (8, 4, 4, 2)), (4, (4, 2, 2, 1)), (12, (12, 6, 6, 3)),
     (31, (31, 15, 11, 5)), (40, (36, 18, 14, 7))],
)  # fmt: skip
def test_the_maps_of_other_sizes(side: int, expected: tuple[int, ...]) -> None:
    shape = (1, side, side)
    assert sides(lenet(shape), shape) == [(s, s) for s in expected]


def test_height_and_width_are_fitted_apart() -> None:
    assert sides(lenet((3, 8, 32)), (3, 8, 32)) == [(8, 28), (4, 14), (4, 10), (2, 5)]


@pytest.mark.parametrize("side", [*range(4, 70), 224])
def test_every_side_from_4_leaves_a_map(side: int) -> None:
    with torch.device("meta"):
        assert lenet((1, side, 8))(torch.empty(1, 1, side, 8)).shape == (1, 10)


def test_28x28_is_the_padded_field_of_the_paper() -> None:
    torch.manual_seed(0)
    small, large = lenet((1, 28, 28)), lenet((1, 32, 32))
    large.load_state_dict(small.state_dict())
    images = torch.randn(3, 1, 28, 28)
    assert torch.allclose(small(images), large(nn.functional.pad(images, (2, 2, 2, 2))), atol=1e-6)
    assert (padding_for(28, 32), padding_for(32, 32)) == (2, 0)


@pytest.mark.parametrize("pool", ["average", "max"])
def test_lenet_equals_a_plain_one(pool: str) -> None:
    torch.manual_seed(0)
    model = lenet((1, 32, 32), activation="relu", pool=pool)
    images, weights = torch.randn(2, 1, 32, 32), dict(model.named_parameters())

    def layer(values: Tensor, name: str) -> Tensor:
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return nn.functional.conv2d(values, weight, bias) if weight.dim() == 4 else values @ weight.T + bias

    shrink = nn.functional.avg_pool2d if pool == "average" else nn.functional.max_pool2d
    hidden = shrink(layer(images, "features.conv1").relu(), 2)
    hidden = shrink(layer(hidden, "features.conv2").relu(), 2).flatten(1)
    hidden = layer(layer(hidden, "features.fc1").relu(), "features.fc2").relu()
    assert torch.allclose(model(images), layer(hidden, "head"), atol=1e-5)
