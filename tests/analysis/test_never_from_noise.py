"""How often a curve without signal is given a number: the rates that `analysis.suggest` states."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from lrlab.analysis.divergence import DivergenceRule, StopReason
from lrlab.analysis.suggest import read

LR = np.geomspace(1e-6, 10, 100)
RNG = np.random.default_rng(0)
CURVES = 400


def autoregressive(phi: float) -> np.ndarray:
    noise, x = RNG.normal(size=100), np.zeros(100)
    x[0] = noise[0]
    for i in range(1, 100):
        x[i] = phi * x[i - 1] + math.sqrt(1 - phi**2) * noise[i]
    return x


def rate(make: Callable[[], np.ndarray]) -> float:
    found = 0
    for _ in range(CURVES):
        rule, losses, reason = DivergenceRule(), [], StopReason.END
        for loss in make().tolist():
            losses.append(loss)
            if stop := rule.update(loss):
                reason = stop
                break
        found += read(LR[: len(losses)].tolist(), losses, reason).suggestion is not None
    return found / CURVES


@pytest.mark.parametrize(
    ("name", "make", "at_most"),
    [
        ("white", lambda: 2.3 + 0.1 * RNG.normal(size=100), 0.0),
        ("white, exploding", lambda: 2.3 + 0.1 * RNG.normal(size=100) + np.exp(4 * (np.log10(LR) + 0.3)), 0.0),
        ("AR(0.5)", lambda: 2.3 + 0.1 * autoregressive(0.5), 0.005),
        ("oscillation", lambda: 2.3 + 0.01 * np.sin(RNG.uniform(0.05, 7) * np.arange(100) + RNG.uniform(0, 6)), 0.04),
        ("Student t, 2 dof", lambda: 2.3 + 0.1 * RNG.standard_t(2, size=100), 0.03),
    ],
)
def test_no_number_from_noise(name: str, make: Callable[[], np.ndarray], at_most: float) -> None:
    assert rate(make) <= at_most, name


def test_negative_control_a_real_descent_in_the_same_noise_is_seen() -> None:
    x = np.log10(LR)
    descent = 2.3 - 1.8 / (1 + np.exp(-2.5 * (x + 2.5)))
    assert rate(lambda: descent + 0.1 * RNG.normal(size=100)) == 1.0
