"""One suite over all schemes in the registry, and the ones that draw each weight by itself."""

from collections.abc import Callable
from functools import partial
from math import sqrt
from typing import Any

import pytest
import torch
from torch import nn

import lrlab.init
from lrlab.config.arms import section_arms
from lrlab.config.schema import Config
from lrlab.errors import UsageError
from lrlab.init.fans import fans
from lrlab.init.weights import option_names
from lrlab.registry import INITS

SCHEMES = [name for name in INITS if name != "torch"]
RANDOM = [name for name in INITS if name != "scaled_identity"]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def net() -> nn.Sequential:
    """One of each layer, wide enough for a variance to be measured."""
    return nn.Sequential(
        nn.Conv2d(16, 64, 3),
        nn.BatchNorm2d(64),
        nn.Conv2d(64, 96, (1, 5), groups=4),
        nn.ConvTranspose2d(48, 96, 3, groups=2),
        nn.Conv1d(32, 200, 3),
        nn.LayerNorm(48),
        nn.Linear(300, 100),
        nn.Linear(100, 70, bias=False),
    )


FANS = {0: (144, 576), 2: (80, 120), 3: (216, 432), 4: (96, 600), 6: (300, 100), 7: (100, 70)}
VARIANCES: dict[str, Callable[[int, int], float]] = {
    "kaiming_normal": lambda fan_in, _: 2 / fan_in,
    "kaiming_uniform": lambda fan_in, _: 2 / fan_in,
    "xavier_normal": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "xavier_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "lecun_normal": lambda fan_in, _: 1 / fan_in,
    "lecun_uniform": lambda fan_in, _: 1 / fan_in,
    "normal": lambda *_: 0.01**2,
    "truncated_normal": lambda *_: 0.02**2,
}
CUT_STD = 0.879625656610342  # of a standard normal cut at two sigma; Burkardt 2014, The Truncated Normal Distribution
WIDE = 0.02 / CUT_STD
TORCH: dict[str, Callable[..., object]] = {
    "kaiming_normal": partial(nn.init.kaiming_normal_, nonlinearity="relu"),
    "kaiming_uniform": partial(nn.init.kaiming_uniform_, nonlinearity="relu"),
    "xavier_normal": nn.init.xavier_normal_,
    "xavier_uniform": nn.init.xavier_uniform_,
    "lecun_normal": partial(nn.init.kaiming_normal_, nonlinearity="linear"),
    "lecun_uniform": partial(nn.init.kaiming_uniform_, nonlinearity="linear"),
    "normal": partial(nn.init.normal_, std=0.01),
    "truncated_normal": partial(nn.init.trunc_normal_, std=WIDE, a=-2 * WIDE, b=2 * WIDE),
    "orthogonal": partial(nn.init.orthogonal_, gain=sqrt(2)),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "kaiming_normal": {"mode": "fan_out", "gain": None},
    "kaiming_uniform": {"mode": "fan_out", "gain": 0.5},
    "xavier_normal": {"gain": 1.5},
    "xavier_uniform": {"gain": 1.5},
    "normal": {"std": 1.0},
    "truncated_normal": {"std": 0.3},
    "orthogonal": {"gain": None},
    "delta_orthogonal": {"gain": 1.0},
    "scaled_identity": {"scale": 1.5},
}


def test_fans_by_hand() -> None:
    model = net()
    assert {index: fans(model[index]) for index in FANS} == FANS


@pytest.mark.parametrize("name", VARIANCES)
def test_the_variance_of_every_layer_is_the_closed_form(name: str) -> None:
    model = lrlab.init.apply(net(), name, generator=seeded(0))
    for index, (fan_in, fan_out) in FANS.items():
        weight, expected = model[index].weight.detach().double(), VARIANCES[name](fan_in, fan_out)
        # relative standard error of a variance is at most sqrt(2/n); weights are independent
        tolerance = 5 * sqrt(2 / weight.numel())
        assert weight.square().mean().item() == pytest.approx(expected, rel=tolerance), index
        assert abs(weight.mean().item()) < 5 * sqrt(expected / weight.numel())
        furthest = weight.abs().max().item() / sqrt(expected)
        if name.endswith("uniform"):
            assert furthest <= sqrt(3) * (1 + 1e-6)
        elif name == "truncated_normal":
            assert 2 < furthest <= 2 / CUT_STD * (1 + 1e-6)
        else:
            assert furthest > 3


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("shape", [(20, 30), (30, 20)])
def test_one_layer_equals_torchs_function(name: str, shape: tuple[int, int]) -> None:
    ours = lrlab.init.apply(nn.Linear(shape[1], shape[0]), name, generator=seeded(3)).weight
    theirs = torch.empty(shape)
    TORCH[name](theirs, generator=seeded(3))
    assert torch.allclose(ours, theirs, rtol=1e-6, atol=1e-6 if name == "orthogonal" else 0)


@pytest.mark.parametrize("name", SCHEMES)
def test_biases_are_zero_and_norms_untouched(name: str) -> None:
    model = net()
    nn.init.constant_(model[1].weight, 0.5)
    lrlab.init.apply(model, name, generator=seeded(0))
    assert all(model[index].bias.abs().sum() == 0 for index in (0, 2, 3, 4, 6))
    assert (model[1].weight == 0.5).all() and (model[1].bias == 0).all()
    assert (model[5].weight == 1).all() and (model[5].bias == 0).all()


def test_mode_and_gain() -> None:
    def second_moment(**options: object) -> float:
        layer = lrlab.init.apply(nn.Linear(300, 100), "kaiming_normal", generator=seeded(0), **options)
        return float(layer.weight.detach().square().mean())

    assert second_moment(mode="fan_out") == pytest.approx(2 / 100, rel=0.05)
    assert second_moment(gain=3.0) == pytest.approx(9 / 300, rel=0.05)
    assert second_moment(activation="tanh") == pytest.approx(1.5925**2 / 300, rel=0.05)
    assert second_moment(activation="tanh", mode="fan_out") == pytest.approx(1.4674**2 / 100, rel=0.05)
    assert second_moment(activation="tanh", gain=1.0) == pytest.approx(1 / 300, rel=0.05)
    doubled = lrlab.init.apply(nn.Linear(300, 100), "xavier_normal", generator=seeded(0), gain=2.0)
    assert float(doubled.weight.detach().square().mean()) == pytest.approx(4 * 2 / 400, rel=0.05)


def weights(model: nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


def same(left: list[torch.Tensor], right: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("name", RANDOM)
def test_weights_are_a_function_of_the_seed(name: str) -> None:
    torch.manual_seed(1)
    first = weights(lrlab.init.apply(net(), name, generator=seeded(5)))
    torch.manual_seed(2)
    assert same(first, weights(lrlab.init.apply(net(), name, generator=seeded(5))))
    assert not same(first, weights(lrlab.init.apply(net(), name, generator=seeded(6))))


@pytest.mark.parametrize("name", INITS)
def test_a_generator_of_ones_own_leaves_the_global_one_alone(name: str) -> None:
    model, before = net(), torch.get_rng_state()
    lrlab.init.apply(model, name, generator=seeded(0))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("name", RANDOM)
def test_without_a_generator_the_global_one_decides(name: str) -> None:
    model = net()
    torch.manual_seed(8)
    first = weights(lrlab.init.apply(model, name))
    torch.manual_seed(8)
    assert same(first, weights(lrlab.init.apply(model, name)))
    assert not same(first, weights(lrlab.init.apply(model, name)))


@pytest.mark.parametrize("name", SCHEMES)
def test_the_memory_format_does_not_show(name: str) -> None:
    plain = lrlab.init.apply(nn.Conv2d(5, 7, 3), name, generator=seeded(0))
    last = lrlab.init.apply(nn.Conv2d(5, 7, 3).to(memory_format=torch.channels_last), name, generator=seeded(0))
    assert last.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(plain.weight, last.weight)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: weights there are not compared")
@pytest.mark.parametrize("name", SCHEMES)
def test_a_gpu_gets_the_weights_that_a_cpu_gets(name: str) -> None:
    here = lrlab.init.apply(net(), name, generator=seeded(5))
    there = lrlab.init.apply(net().cuda(), name, generator=seeded(5))
    assert same(weights(here), weights(there.cpu()))
    lrlab.init.apply(net().cuda(), name, generator=torch.Generator("cuda").manual_seed(5))  # works too


def test_torch_is_what_a_fresh_model_has() -> None:
    model = net()
    nn.init.constant_(model[1].weight, 0.5)
    torch.manual_seed(4)
    lrlab.init.apply(model, "torch")
    torch.manual_seed(4)
    assert same(weights(model), weights(net()))


@pytest.mark.parametrize("name", INITS)
def test_init_model_reads_the_section_and_the_seed(name: str) -> None:
    options = OPTIONS.get(name, {})
    cfg = section_arms(Config)["init"][name](name=name, **options)
    model = lrlab.init.init_model(net(), cfg, activation="tanh", seed=2**62)
    twin = lrlab.init.apply(net(), name, activation="tanh", generator=seeded(2**62), **options)
    assert same(weights(model), weights(twin))
    if set(options) - {"mode"} and set(options.values()) != {None}:
        default = lrlab.init.apply(net(), name, activation="tanh", generator=seeded(2**62))
        assert not same(weights(model), weights(default))


def test_the_config_has_an_arm_for_every_scheme_with_its_options_and_defaults() -> None:
    arms = section_arms(Config)["init"]
    assert set(arms) == set(INITS)
    for name, arm in arms.items():
        assert set(arm.model_fields) - {"name"} == set(option_names(name)), name
        section = arm(name=name)
        by_hand = lrlab.init.apply(net(), name, activation="silu", generator=seeded(1))
        assert same(weights(by_hand), weights(lrlab.init.init_model(net(), section, activation="silu", seed=1))), name


def signal(name: str, layers: int = 20, width: int = 1000) -> list[float]:
    """Root mean square of the values before each activation of a deep ReLU net on unit input."""
    model = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(layers))
    lrlab.init.apply(model, name, generator=seeded(0))
    values, sizes = torch.randn(200, width, generator=seeded(1)), []
    for layer in model:
        values = layer(values)
        sizes.append(values.square().mean().sqrt().item())
        values = values.relu()
    return sizes


def test_kaiming_keeps_the_signal_through_20_relu_layers_and_xavier_does_not() -> None:
    for name in ("kaiming_normal", "kaiming_uniform"):
        sizes = signal(name)
        assert all(0.7 < size / sizes[0] < 1.4 for size in sizes)  # log: sd √(20·5/1000)/2 = 0.16
    for name in ("xavier_normal", "xavier_uniform"):
        sizes = signal(name)
        assert sizes[-1] / sizes[0] == pytest.approx(2 ** (-19 / 2), rel=0.6)  # 1/√2 a layer


@pytest.mark.parametrize(("activation", "width"), [("tanh", 400), ("gelu", 400)])
def test_gains_keep_a_unit_signal_in_one_layer(activation: str, width: int) -> None:
    function = {"tanh": torch.tanh, "gelu": nn.functional.gelu}[activation]
    layer = lrlab.init.apply(nn.Linear(width, 2000), "kaiming_normal", activation=activation, generator=seeded(0))
    values = layer(function(torch.randn(500, width, generator=seeded(1))))
    assert values.square().mean().item() == pytest.approx(1, rel=0.03)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: lrlab.init.apply(m, "kaiming"), "no init named 'kaiming'"),
        (
            lambda m: lrlab.init.apply(m, "xavier_normal", mode="fan_in"),
            "'xavier_normal' has no option 'mode'",
        ),
        (lambda m: lrlab.init.apply(m, "torch", gain=1.0), "'torch' has no option 'gain'; it has none"),
        (lambda m: lrlab.init.apply(m, "kaiming_normal", mode="fan"), "mode 'fan'"),
        (lambda m: lrlab.init.apply(m, "kaiming_normal", gain=-1.0), "gain=-1.0 is not a finite number above 0"),
        (lambda m: lrlab.init.apply(m, "normal", std=0.0), "std=0.0 is not"),
        (lambda m: lrlab.init.apply(m, "truncated_normal", std=float("nan")), "std=nan is not"),
        (lambda m: lrlab.init.apply(m, "scaled_identity", scale=float("inf")), "scale=inf is not"),
        (lambda m: lrlab.init.apply(m, "delta_orthogonal", gain=0.0), "gain=0.0 is not"),
        (lambda m: lrlab.init.apply(m, "lecun_normal", gain=1.0), "'lecun_normal' has no option 'gain'"),
        (lambda m: lrlab.init.apply(m, "kaiming_normal", activation="swish"), "'swish'"),
    ],
)
def test_what_cannot_be_is_said(call: Callable[[nn.Module], object], message: str) -> None:
    model = net()
    before = weights(model)
    with pytest.raises(UsageError, match=message):
        call(model)
    assert same(before, weights(model))
