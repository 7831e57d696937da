from math import erf, exp, pi, sqrt

import pytest
import torch
from torch import nn

import lrlab.init
from lrlab.errors import UsageError
from lrlab.init.gains import DERIVATIVES, FUNCTIONS, gain, gain_backward, gain_of
from lrlab.models.activations import ACTIVATIONS


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_gains_in_closed_form() -> None:
    assert gain("linear") == pytest.approx(1, rel=1e-12)
    assert gain("relu") == pytest.approx(sqrt(2), rel=1e-12)
    assert gain("leaky_relu") == pytest.approx(sqrt(2 / (1 + 0.01**2)), rel=1e-12)
    # E[(z·Phi(z))²] = 1/3 + 1/(2π√3), by parts
    assert gain("gelu") == pytest.approx(1 / sqrt(1 / 3 + 1 / (2 * pi * sqrt(3))), rel=1e-10)


def test_gains_known_by_number() -> None:
    assert gain("tanh") == pytest.approx(1.5925, abs=1e-4)
    assert gain("sigmoid") == pytest.approx(1.8462, abs=1e-4)
    assert gain("silu") == pytest.approx(1.6765, abs=1e-4)


def test_backward_gains_in_closed_form() -> None:
    assert gain_backward("linear") == pytest.approx(1, rel=1e-12)
    for homogeneous in ("relu", "leaky_relu"):  # f(z) = z·f'(z): both gains are the same
        assert gain_backward(homogeneous) == pytest.approx(gain(homogeneous), rel=1e-12)
    # gelu' = Phi + z·phi; E[Phi²] = 1/3, 2E[z·phi·Phi] = 1/(2π√3) by parts, E[z²phi²] = 1/(6π√3)
    assert gain_backward("gelu") == pytest.approx(1 / sqrt(1 / 3 + 2 / (3 * pi * sqrt(3))), rel=1e-10)


def test_backward_gains_known_by_number() -> None:
    assert gain_backward("sigmoid") == pytest.approx(4.7226, abs=1e-4)
    assert gain_backward("tanh") == pytest.approx(1.4674, abs=1e-4)
    assert gain_backward("silu") == pytest.approx(1.6233, abs=1e-4)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gains_by_a_plain_sum(name: str) -> None:
    step = 1e-3
    points = [-9 + step * (i + 0.5) for i in range(18_000)]
    for found, function in ((gain(name), FUNCTIONS[name]), (gain_backward(name), DERIVATIVES[name])):
        second = sum(function(z) ** 2 * exp(-z * z / 2) / sqrt(2 * pi) for z in points) * step
        assert found == pytest.approx(1 / sqrt(second), rel=1e-6)


def test_functions_are_torchs_activations() -> None:
    assert set(FUNCTIONS) == {"linear", *ACTIVATIONS}
    points = torch.linspace(-6, 6, 41, dtype=torch.float64)
    for name, module in ACTIVATIONS.items():
        ours = torch.tensor([FUNCTIONS[name](z) for z in points.tolist()], dtype=torch.float64)
        assert torch.allclose(module()(points), ours, atol=1e-12), name


def test_derivatives_are_autograds() -> None:
    assert set(DERIVATIVES) == set(FUNCTIONS)
    for name, module in ACTIVATIONS.items():
        points = torch.linspace(-6, 6, 42, dtype=torch.float64, requires_grad=True)  # no point at 0
        module()(points).sum().backward()
        ours = torch.tensor([DERIVATIVES[name](z) for z in points.tolist()], dtype=torch.float64)
        assert torch.allclose(points.grad, ours, atol=1e-12), name


@pytest.mark.parametrize(("activation", "width"), [("sigmoid", 800), ("tanh", 800), ("relu", 800)])
def test_the_backward_gain_keeps_a_gradient_in_one_layer(activation: str, width: int) -> None:
    """On the way back through f at standard normal values and a layer with Var(w) = gain²/fan_out."""
    layer = lrlab.init.apply(
        nn.Linear(2000, width), "kaiming_normal", activation=activation, mode="fan_out", generator=seeded(0)
    )
    before = torch.randn(100, 2000, generator=seeded(1), requires_grad=True)
    gradient = torch.randn(100, width, generator=seeded(2))
    layer(ACTIVATIONS[activation]()(before)).backward(gradient)
    assert before.grad.square().mean().item() == pytest.approx(1, rel=0.03)


def test_a_gain_of_any_function() -> None:
    assert gain_of(abs) == pytest.approx(1, rel=1e-12)
    assert gain_of(lambda z: (1 + erf(z / sqrt(2))) / 2) == pytest.approx(sqrt(3), rel=1e-10)  # uniform on [0, 1]


def test_an_unknown_activation_is_refused() -> None:
    with pytest.raises(UsageError, match="'tahn'") as caught:
        gain("tahn")
    assert caught.value.hint == "did you mean 'tanh'?"
    with pytest.raises(UsageError, match="'tahn'"):
        gain_backward("tahn")
