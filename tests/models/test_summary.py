"""Layer tables against closed forms, and that nobody notices the counting."""

from math import prod
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lrlab.errors import UsageError
from lrlab.models import build_model
from lrlab.models.summary import OTHER, summarize, summarize_config

MODELS: dict[str, dict[str, Any]] = {
    "convnet": {"depth": 5, "width": 8, "norm": "batch", "activation": "relu", "dropout": 0.2},
    "mlp": {"depth": 3, "width": 16, "norm": "batch", "activation": "gelu", "dropout": 0.2},
    "lenet": {"activation": "tanh", "pool": "max"},
    "resnet": {"depth": 14, "width": 4, "norm": "group", "activation": "silu"},
}


def section(name: str, **values: object) -> SimpleNamespace:
    return SimpleNamespace(**{"name": name, **MODELS[name], **values})


def resnet_multiply_adds(depth: int, side: int, width: int = 16, channels: int = 3, classes: int = 10) -> int:
    """Nine products per channel in, channel out and pixel out; stages of side, side/2, side/4."""
    n, w = (depth - 2) // 6, width
    total = 9 * channels * w * side**2
    for stage, (inputs, outputs) in enumerate(((w, w), (w, 2 * w), (2 * w, 4 * w))):
        total += 9 * (inputs * outputs + (2 * n - 1) * outputs * outputs) * (side >> stage) ** 2
    return total + 4 * w * classes


@pytest.mark.parametrize(("depth", "exact"), [(20, 40_551_040), (56, 125_485_696)])
def test_resnets_on_cifar_cost_what_the_closed_form_says(depth: int, exact: int) -> None:
    cfg = section("resnet", depth=depth, width=16, norm="batch", activation="relu")
    found = summarize_config(cfg, shape=(3, 32, 32), classes=10)
    assert found.multiply_adds == resnet_multiply_adds(depth, 32) == exact


def test_lenet_layer_by_layer() -> None:
    found = summarize_config(section("lenet"), shape=(1, 32, 32), classes=10)
    rows = {layer.name: (layer.kind, layer.output, layer.parameters, layer.multiply_adds) for layer in found.layers}
    assert list(rows)[:3] == ["features.conv1", "features.activation1", "features.pool1"]
    assert rows["features.conv1"] == ("Conv2d", (6, 28, 28), 156, 28 * 28 * 6 * 25)
    assert rows["features.conv2"] == ("Conv2d", (16, 10, 10), 2416, 10 * 10 * 16 * 6 * 25)
    assert rows["features.pool2"] == ("MaxPool2d", (16, 5, 5), 0, 0)
    assert rows["head"] == ("Linear", (10,), 850, 840)
    assert (found.parameters, found.multiply_adds) == (61_706, 416_520)
    assert found.activations == sum(prod(layer.output) for layer in found.layers)


def by_hand(module: nn.Module, given: Tensor, output: Tensor) -> int:
    """The plain twin: products of one linear or convolution layer, from its definition."""
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    if isinstance(module, nn.ConvTranspose2d):
        return given.numel() * module.out_channels // module.groups * prod(module.kernel_size)
    if isinstance(module, nn.Conv2d):
        return output.numel() * module.in_channels // module.groups * prod(module.kernel_size)
    return 0


LAYERS = nn.Sequential(
    nn.Conv2d(4, 6, (3, 5), stride=2, padding=1, groups=2, bias=False),
    nn.ConvTranspose2d(6, 9, 3, stride=2, groups=3),
    nn.Conv2d(9, 9, 3, groups=9, dilation=2),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(9, 5),
)


@pytest.mark.parametrize("name", [*MODELS, "layers"])
def test_every_row_equals_the_count_by_hand(name: str) -> None:
    shape = (4, 13, 12)
    model = LAYERS if name == "layers" else build_model(section(name), shape=shape, classes=7)
    costs: dict[str, int] = {}
    for path, module in model.named_modules():
        module.register_forward_hook(
            lambda module, given, output, path=path: costs.__setitem__(path, by_hand(module, given[0], output))
        )
    found = summarize(model, shape)
    assert {layer.name: layer.multiply_adds for layer in found.layers} == {
        layer.name: costs[layer.name] for layer in found.layers
    }
    assert found.multiply_adds == sum(costs.values()) > 0
    assert found.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert sum(layer.parameters for layer in found.layers) == found.parameters


@pytest.mark.parametrize("name", MODELS)
def test_the_meta_device_counts_as_the_cpu_does(name: str) -> None:
    cfg = section(name)
    model = build_model(cfg, shape=(1, 28, 28), classes=10)
    assert summarize_config(cfg, shape=(1, 28, 28), classes=10) == summarize(model, (1, 28, 28))


class Peculiar(nn.Module):
    """A layer called twice, a parameter of its own, and a product outside any layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.unused = nn.Linear(4, 3)
        self.scale = nn.Parameter(torch.ones(4, 2))

    def forward(self, values: Tensor) -> Tensor:
        return self.layer(self.layer(values)) @ self.scale


def test_layers_called_twice_and_work_outside_of_layers() -> None:
    found = summarize(Peculiar(), (4,))
    rows = [(layer.name, layer.parameters, layer.multiply_adds) for layer in found.layers]
    assert rows == [("layer", 20, 16), ("layer", 0, 16), (OTHER, 15 + 8, 8)]
    assert (found.parameters, found.multiply_adds) == (43, 40)


def test_the_model_is_left_as_it_was() -> None:
    model = build_model(section("convnet"), shape=(1, 12, 12), classes=4)
    model.features[1].eval()
    flags = [module.training for module in model.modules()]
    state = {key: value.clone() for key, value in model.state_dict().items()}
    random = torch.get_rng_state()
    summarize(model, (1, 12, 12))
    with pytest.raises(UsageError):
        summarize(model, (2, 12, 12))
    assert [module.training for module in model.modules()] == flags
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_images_that_do_not_fit_are_refused() -> None:
    model = build_model(section("mlp"), shape=(1, 8, 8), classes=4)
    with pytest.raises(UsageError, match=r"the model does not take images of shape \(1, 9, 9\)"):
        summarize(model, (1, 9, 9))
