"""One suite over all models in the registry, and what is special to each."""

from math import prod
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from lrlab.config.arms import section_arms
from lrlab.config.schema import Config
from lrlab.errors import UsageError
from lrlab.models import build_model
from lrlab.models.activations import ACTIVATIONS
from lrlab.models.convnet import ConvNet, conv_block, stage_lengths
from lrlab.models.norms import groups_for
from lrlab.registry import MODELS

ARMS: dict[str, dict[str, Any]] = {
    "convnet": {"depth": 3, "width": 8, "norm": "batch", "activation": "relu", "dropout": 0.0},
    "mlp": {"depth": 2, "width": 16, "norm": "none", "activation": "relu", "dropout": 0.0},
    "lenet": {"activation": "tanh", "pool": "average"},
    "resnet": {"depth": 8, "width": 4, "norm": "batch", "activation": "relu"},
}
SHAPES = [(1, 8, 8), (1, 12, 12), (1, 28, 28), (3, 32, 32), (3, 20, 33)]
SIZES: list[tuple[str, dict[str, Any]]] = [
    *((name, {"depth": depth}) for name in ("convnet", "mlp") for depth in (1, 2, 3, 5, 8)),
    *(("resnet", {"depth": depth}) for depth in (8, 14)),
    *(("lenet", {"pool": pool}) for pool in ("average", "max")),
]


def section(name: str, **values: object) -> SimpleNamespace:
    return SimpleNamespace(**{"name": name, **ARMS[name], **values})


def variants() -> list[SimpleNamespace]:
    convnets = [
        section("convnet", norm=norm, activation=activation, dropout=dropout)
        for norm in ("none", "batch", "group")
        for activation in ACTIVATIONS
        for dropout in (0.0, 0.3)
    ]
    mlps = [
        section("mlp", norm=norm, activation=activation, dropout=0.3)
        for norm in ("none", "batch")
        for activation in ACTIVATIONS
    ]
    lenets = [
        section("lenet", pool=pool, activation=activation) for pool in ("average", "max") for activation in ACTIVATIONS
    ]
    resnets = [
        section("resnet", norm=norm, activation=activation)
        for norm in ("none", "batch", "group")
        for activation in ACTIVATIONS
    ]
    return convnets + mlps + lenets + resnets


def label(cfg: SimpleNamespace) -> str:
    return "-".join(str(value) for value in vars(cfg).values())


def test_the_suite_covers_the_registry_and_the_config() -> None:
    assert set(ARMS) == set(MODELS)
    for name, arm in section_arms(Config)["model"].items():
        assert set(arm.model_fields) == {"name", *ARMS[name]}, name
        for activation in ACTIVATIONS:
            build_model(arm(name=name, activation=activation), shape=(1, 8, 8), classes=3)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("name", "values"), SIZES, ids=str)
def test_every_depth_and_size_gives_logits(name: str, values: dict[str, Any], shape: tuple[int, int, int]) -> None:
    model = build_model(section(name, **values), shape=shape, classes=7)
    assert model(torch.randn(4, *shape)).shape == (4, 7)


@pytest.mark.parametrize("cfg", variants(), ids=label)
def test_every_model_keeps_the_contract(cfg: SimpleNamespace) -> None:
    images = torch.randn(6, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(3)
    model = build_model(cfg, shape=(1, 12, 12), classes=4)
    torch.manual_seed(3)
    twin = build_model(cfg, shape=(1, 12, 12), classes=4)
    for left, right in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(left, right)

    logits = model(images)
    assert logits.shape == (6, 4) and logits.isfinite().all()
    nn.functional.cross_entropy(logits, torch.arange(6) % 4).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name

    model.eval()
    with torch.no_grad():
        assert torch.equal(model(images), model(images))
        assert torch.allclose(model(images)[:2], model(images[:2]), atol=1e-5)  # samples do not see each other


@pytest.mark.parametrize("name", ["convnet", "mlp"])
def test_dropout_acts_in_training_only(name: str) -> None:
    model, images = (
        build_model(section(name, dropout=0.5), shape=(1, 8, 8), classes=3),
        torch.randn(2, 1, 8, 8),
    )
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))


@pytest.mark.parametrize(
    ("depth", "side", "expected"),
    [
        (1, 28, ((1,), 1)),
        (3, 28, ((1, 1, 1), 3)),
        (3, 32, ((1, 1, 1), 3)),
        (4, 32, ((1, 1, 1, 1), 4)),
        (8, 28, ((2, 3, 3), 3)),
        (3, 8, ((1, 2), 2)),
        (2, 12, ((1, 1), 2)),
        (5, 12, ((2, 3), 2)),
        (2, 3, ((2,), 0)),
        (1, 1, ((1,), 0)),
    ],
)
def test_where_the_poolings_stand(depth: int, side: int, expected: tuple[tuple[int, ...], int]) -> None:
    assert stage_lengths(depth, side) == expected


@pytest.mark.parametrize("side", [*range(1, 40), 64, 224])
def test_the_last_map_is_never_empty(side: int) -> None:
    for depth in range(1, 9):
        stages, pools = stage_lengths(depth, side)
        assert sum(stages) == depth
        assert side >> pools >= min(side, 2)
        assert len(stages) == max(pools, 1)


def test_width_doubles_at_each_pooling() -> None:
    model = build_model(section("convnet", depth=8, width=4), shape=(3, 28, 28), classes=2)
    convs = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert [conv.out_channels for conv in convs] == [4, 4, 8, 8, 8, 16, 16, 16]
    assert [conv.in_channels for conv in convs] == [3, 4, 4, 8, 8, 8, 16, 16]


@pytest.mark.parametrize(("norm", "bias"), [("none", True), ("batch", False), ("group", False)])
def test_convolutions_have_a_bias_only_without_norm(norm: str, bias: bool) -> None:
    block = conv_block(3, 4, pool=True, norm=norm, activation="tanh", dropout=0.1)
    assert (block.conv.bias is not None) is bias
    names = ["conv", "pool", *(["norm"] if norm != "none" else []), "activation", "dropout"]
    assert [name for name, _ in block.named_children()] == names


def test_the_convnet_equals_a_plain_one() -> None:
    torch.manual_seed(0)
    model = ConvNet((1, 8, 8), 3, stages=(1, 2), pools=2, width=4, norm="none", activation="relu")
    images = torch.randn(5, 1, 8, 8)
    weights = dict(model.named_parameters())

    def conv(values: torch.Tensor, block: int) -> torch.Tensor:
        names = (f"features.{block}.conv.weight", f"features.{block}.conv.bias")
        return nn.functional.conv2d(values, *(weights[name] for name in names), padding=1)

    hidden = nn.functional.max_pool2d(conv(images, 0), 2).relu()
    hidden = nn.functional.max_pool2d(conv(conv(hidden, 1).relu(), 2), 2).relu()
    expected = hidden.mean((2, 3)) @ weights["head.weight"].T + weights["head.bias"]
    assert torch.allclose(model(images), expected, atol=1e-6)


@pytest.mark.parametrize("channels", range(1, 65))
def test_groups_divide_the_channels_and_hold_two(channels: int) -> None:
    groups = groups_for(channels)
    assert channels % groups == 0
    assert groups == 1 or channels // groups >= 2


def test_groups_of_common_widths() -> None:
    assert [groups_for(channels) for channels in (7, 8, 12, 16, 32, 64, 256)] == [1, 4, 6, 8, 8, 8, 8]


def test_an_mlp_without_hidden_layers_is_logistic_regression() -> None:
    model = build_model(section("mlp", depth=0), shape=(1, 8, 8), classes=3)
    assert [tuple(parameter.shape) for parameter in model.parameters()] == [(3, 64), (3,)]


@pytest.mark.parametrize("depth", [1, 3])
def test_mlp_size_in_closed_form(depth: int) -> None:
    model = build_model(section("mlp", depth=depth, width=16, norm="none"), shape=(3, 4, 5), classes=6)
    expected = 60 * 16 + 16 + (depth - 1) * (16 * 16 + 16) + 16 * 6 + 6
    assert sum(prod(parameter.shape) for parameter in model.parameters()) == expected


@pytest.mark.parametrize(
    ("cfg", "shape", "classes", "message"),
    [
        (section("convnet"), (1, 0, 8), 3, r"images of shape \(1, 0, 8\)"),
        (section("mlp"), (8, 8), 3, r"images of shape \(8, 8\)"),
        (section("convnet"), (1, 8, 8), 1, "1 classes"),
        (section("convnet", norm="layer"), (1, 8, 8), 3, "no normalisation named 'layer'"),
        (section("mlp", norm="group"), (1, 8, 8), 3, "no normalisation named 'group'"),
        (section("mlp", activation="rely"), (1, 8, 8), 3, "no activation named 'rely'"),
        (section("lenet", pool="mean"), (1, 8, 8), 3, "no pooling named 'mean'; there are: average, max"),
        (section("lenet"), (1, 8, 3), 3, "lenet needs images of at least 4x4 pixels; got 8x3"),
        (section("resnet", depth=18), (1, 8, 8), 3, r"resnet has depth 6n\+2 .*; got 18"),
        (section("resnet", depth=2), (1, 8, 8), 3, "got 2"),
        (SimpleNamespace(name="convent"), (1, 8, 8), 3, "no model named 'convent'"),
    ],
)
def test_what_cannot_be_built_is_said(cfg: SimpleNamespace, shape: tuple[int, ...], classes: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_model(cfg, shape=shape, classes=classes)  # type: ignore[arg-type]
