"""Schemes that draw every weight by itself and differ in its variance.

All layers are treated alike, the head too: its inputs come from the same activation, so the same gain keeps
its logits at the size of the signal. The first layer sees images instead of activations; there the gain is
a constant factor on everything after it (He et al. 2015, below equation 10).

A fan counts a whole kernel, and zero padding fills part of it with nothing: through 3x3 convolutions on n x n
maps the second moment shrinks by ((1 + 2·cos(π/(n+1)))/3)² a layer, 0.92 on 8x8 and 0.76 on 4x4, which deep plain
nets on small images feel. `delta_orthogonal` loses nothing there.
"""

from collections.abc import Callable
from math import erf, exp, pi, sqrt
from typing import Literal

import torch
from torch import Tensor, nn

from lrlab.errors import UsageError
from lrlab.init.checks import positive
from lrlab.init.fans import fans
from lrlab.init.fill import blank, fill
from lrlab.init.gains import gain as forward_gain
from lrlab.init.gains import gain_backward

Draw = Callable[[Tensor, float, torch.Generator | None], Tensor]
Mode = Literal["fan_in", "fan_out"]

CUT = 2.0  # of the truncated normal, in standard deviations of the normal that is cut
# σ of what is left: 1 - 2·CUT·φ(CUT)/P(|z| < CUT) is its variance; 0.8796
CUT_STD = sqrt(1 - 2 * CUT * exp(-(CUT**2) / 2) / sqrt(2 * pi) / erf(CUT / sqrt(2)))


def kaiming_normal(
    model: nn.Module,
    *,
    activation: str,
    generator: torch.Generator | None,
    mode: Mode = "fan_in",
    gain: float | None = None,
) -> None:
    """Normal with Var(w) = gain²/fan; biases 0.

    `fan_in` keeps the signal on its way forward and takes `gain` of the activation, `fan_out` keeps the
    gradient on its way back and takes `gain_backward`; for ReLU both are √2.

    Source: He et al. 2015, arXiv:1502.01852, equations 10 and 14.
    """
    _kaiming(model, _normal, activation, generator, mode, gain)


def kaiming_uniform(
    model: nn.Module,
    *,
    activation: str,
    generator: torch.Generator | None,
    mode: Mode = "fan_in",
    gain: float | None = None,
) -> None:
    """Uniform with Var(w) = gain²/fan; biases 0. Gains and source: as `kaiming_normal`."""
    _kaiming(model, _uniform, activation, generator, mode, gain)


def xavier_normal(model: nn.Module, *, activation: str, generator: torch.Generator | None, gain: float = 1.0) -> None:
    """Normal with Var(w) = 2·gain²/(fan_in + fan_out); biases 0. The activation plays no part.

    Source: Glorot, Bengio 2010, AISTATS, equation 12.
    """
    _xavier(model, _normal, generator, gain)


def xavier_uniform(model: nn.Module, *, activation: str, generator: torch.Generator | None, gain: float = 1.0) -> None:
    """Uniform with Var(w) = 2·gain²/(fan_in + fan_out); biases 0. Source: as `xavier_normal`, equation 16."""
    _xavier(model, _uniform, generator, gain)


def lecun_normal(model: nn.Module, *, activation: str, generator: torch.Generator | None) -> None:
    """Normal with Var(w) = 1/fan_in; biases 0. The activation plays no part.

    Source: LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, section 4.6, equation 16.
    """
    _fill(model, _normal, _lecun, generator)


def lecun_uniform(model: nn.Module, *, activation: str, generator: torch.Generator | None) -> None:
    """Uniform with Var(w) = 1/fan_in; biases 0. Source: as `lecun_normal`."""
    _fill(model, _uniform, _lecun, generator)


def normal(model: nn.Module, *, activation: str, generator: torch.Generator | None, std: float = 0.01) -> None:
    """Normal with one standard deviation for all layers; biases 0. The activation plays no part.

    What was done before variances were scaled by the fan; 0.01 is of Krizhevsky et al. 2012, NIPS, section 5.
    """
    value = positive("std", std)
    _fill(model, _normal, lambda *_: value, generator)


def truncated_normal(
    model: nn.Module, *, activation: str, generator: torch.Generator | None, std: float = 0.02
) -> None:
    """A normal cut at two of its standard deviations, for all layers; biases 0. The activation plays no part.

    `std` is the standard deviation of what is drawn: the normal that is cut is wider by 1/0.8796, so the
    largest weights are 2.27·std. torch's `trunc_normal_` takes the std before the cut, and bounds in absolute
    terms; 0.02 is common for transformers.
    """
    value = positive("std", std)
    _fill(model, _truncated, lambda *_: value, generator)


def _kaiming(
    model: nn.Module, draw: Draw, activation: str, generator: torch.Generator | None, mode: str, gain: float | None
) -> None:
    if mode not in ("fan_in", "fan_out"):
        raise UsageError(f"mode {mode!r} is not fan_in or fan_out")
    forward = mode == "fan_in"
    default = forward_gain if forward else gain_backward
    factor = default(activation) if gain is None else positive("gain", gain)
    _fill(model, draw, lambda fan_in, fan_out: factor / sqrt(fan_in if forward else fan_out), generator)


def _xavier(model: nn.Module, draw: Draw, generator: torch.Generator | None, gain: float) -> None:
    factor = positive("gain", gain)
    _fill(model, draw, lambda fan_in, fan_out: factor * sqrt(2 / (fan_in + fan_out)), generator)


def _lecun(fan_in: int, fan_out: int) -> float:
    return 1 / sqrt(fan_in)


def _fill(model: nn.Module, draw: Draw, std: Callable[[int, int], float], generator: torch.Generator | None) -> None:
    fill(model, lambda module: draw(blank(module, generator), std(*fans(module)), generator))


def _normal(values: Tensor, std: float, generator: torch.Generator | None) -> Tensor:
    return values.normal_(0.0, std, generator=generator)


def _uniform(values: Tensor, std: float, generator: torch.Generator | None) -> Tensor:
    bound = sqrt(3.0) * std
    return values.uniform_(-bound, bound, generator=generator)


def _truncated(values: Tensor, std: float, generator: torch.Generator | None) -> Tensor:
    sigma = std / CUT_STD
    return nn.init.trunc_normal_(values, 0.0, sigma, -CUT * sigma, CUT * sigma, generator=generator)
