from math import erf, exp, pi, sqrt

import pytest
import torch

from lrlab.errors import UsageError
from lrlab.init.gains import FUNCTIONS, gain, gain_of
from lrlab.models.activations import ACTIVATIONS


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


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gains_by_a_plain_sum(name: str) -> None:
    step, function = 1e-3, FUNCTIONS[name]
    points = [-9 + step * i for i in range(18_001)]
    second = sum(function(z) ** 2 * exp(-z * z / 2) / sqrt(2 * pi) for z in points) * step
    assert gain(name) == pytest.approx(1 / sqrt(second), rel=1e-6)


def test_functions_are_torchs_activations() -> None:
    assert set(FUNCTIONS) == {"linear", *ACTIVATIONS}
    points = torch.linspace(-6, 6, 41, dtype=torch.float64)
    for name, module in ACTIVATIONS.items():
        ours = torch.tensor([FUNCTIONS[name](z) for z in points.tolist()], dtype=torch.float64)
        assert torch.allclose(module()(points), ours, atol=1e-12), name


def test_a_gain_of_any_function() -> None:
    assert gain_of(abs) == pytest.approx(1, rel=1e-12)
    assert gain_of(lambda z: (1 + erf(z / sqrt(2))) / 2) == pytest.approx(sqrt(3), rel=1e-10)  # uniform on [0, 1]


def test_an_unknown_activation_is_refused() -> None:
    with pytest.raises(UsageError, match="'tahn'") as caught:
        gain("tahn")
    assert caught.value.hint == "did you mean 'tanh'?"
