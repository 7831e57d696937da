"""What zero padding takes from a signal that the fan promises to keep."""

from math import cos, exp, pi

import numpy as np
import pytest
import torch
from torch import nn

import lrlab.init


def shrinkage(side: int) -> float:
    """Largest eigenvalue of the map from second moments before a 3x3 convolution to those behind it."""
    line = sum(np.eye(side, k=offset) for offset in (-1, 0, 1)) / 3
    return float(np.linalg.eigvalsh(np.kron(line, line)).max())


@pytest.mark.parametrize(("side", "kept"), [(2, 4 / 9), (4, 0.7616), (8, 0.9212)])
def test_the_closed_form(side: int, kept: float) -> None:
    assert shrinkage(side) == pytest.approx(((1 + 2 * cos(pi / (side + 1))) / 3) ** 2, rel=1e-12)
    assert shrinkage(side) == pytest.approx(kept, abs=1e-4)


def per_layer(name: str, padding_mode: str, *, side: int = 4, layers: int = 20, width: int = 64) -> float:
    """Factor on the second moment in the last half of a linear stack, in the geometric mean."""
    model = nn.Sequential(
        *(nn.Conv2d(width, width, 3, padding=1, padding_mode=padding_mode, bias=False) for _ in range(layers))
    )
    lrlab.init.apply(model, name, activation="linear", generator=torch.Generator().manual_seed(0))
    values, logs = torch.randn(16, width, side, side, generator=torch.Generator().manual_seed(1)), []
    with torch.no_grad():
        for layer in model:
            values = layer(values)
            logs.append(values.square().mean().log().item())
    half = layers // 2
    return exp((logs[-1] - logs[half - 1]) / (layers - half))


def test_a_stack_of_random_convolutions_shrinks_so_and_delta_orthogonal_does_not() -> None:
    assert per_layer("kaiming_normal", "zeros") == pytest.approx(shrinkage(4), rel=0.05)
    assert per_layer("kaiming_normal", "circular") == pytest.approx(1, rel=0.05)
    assert per_layer("delta_orthogonal", "zeros") == pytest.approx(1, rel=1e-5)
