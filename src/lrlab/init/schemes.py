"""The named ways to draw initial weights. Each takes a module tree and a generator and changes it in place.

All layers are treated alike, the head too: its inputs come from the same activation, so the same gain keeps
its logits at the size of the signal. The first layer sees images instead of activations; there the gain is
a constant factor on everything after it (He et al. 2015, below equation 10).
"""

from collections.abc import Callable
from math import sqrt
from typing import Literal

import torch
from torch import Tensor, nn

from lrlab.errors import UsageError
from lrlab.init.fans import fans, weighted_modules
from lrlab.init.gains import gain as gain_of_activation

Draw = Callable[[Tensor, float, torch.Generator | None], Tensor]


def kaiming_normal(
    model: nn.Module,
    *,
    activation: str,
    generator: torch.Generator | None,
    mode: Literal["fan_in", "fan_out"] = "fan_in",
    gain: float | None = None,
) -> None:
    """Normal with Var(w) = gain²/fan; biases 0. Source: He et al. 2015, arXiv:1502.01852, eq. 10 and 14."""
    _kaiming(model, _normal, activation, generator, mode, gain)


def kaiming_uniform(
    model: nn.Module,
    *,
    activation: str,
    generator: torch.Generator | None,
    mode: Literal["fan_in", "fan_out"] = "fan_in",
    gain: float | None = None,
) -> None:
    """Uniform with Var(w) = gain²/fan; biases 0. Source: as `kaiming_normal`."""
    _kaiming(model, _uniform, activation, generator, mode, gain)


def xavier_normal(model: nn.Module, *, activation: str, generator: torch.Generator | None, gain: float = 1.0) -> None:
    """Normal with Var(w) = 2·gain²/(fan_in + fan_out); biases 0. The activation plays no part.

    Source: Glorot, Bengio 2010, AISTATS, equation 12.
    """
    _xavier(model, _normal, generator, gain)


def xavier_uniform(model: nn.Module, *, activation: str, generator: torch.Generator | None, gain: float = 1.0) -> None:
    """Uniform with Var(w) = 2·gain²/(fan_in + fan_out); biases 0. Source: as `xavier_normal`, equation 16."""
    _xavier(model, _uniform, generator, gain)


def torch_default(model: nn.Module, *, activation: str, generator: torch.Generator | None) -> None:
    """Every module's own `reset_parameters`, seeded by the generator; global generators stay as they are.

    Norms are reset too (weight 1, bias 0, fresh running statistics). Without a generator the global ones
    are used, and advance. The activation plays no part.
    """
    if generator is None:
        _reset(model)
        return
    seed = int(torch.randint(2**62, (1,), generator=generator, device=generator.device).item())
    devices = {parameter.device for parameter in model.parameters() if parameter.device.type == "cuda"}
    with torch.random.fork_rng(devices=sorted(devices, key=str)):
        torch.manual_seed(seed)
        _reset(model)


def _reset(model: nn.Module) -> None:
    for module in model.modules():
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()


def _kaiming(
    model: nn.Module,
    draw: Draw,
    activation: str,
    generator: torch.Generator | None,
    mode: str,
    gain: float | None,
) -> None:
    if mode not in ("fan_in", "fan_out"):
        raise UsageError(f"mode {mode!r} is not fan_in or fan_out")
    factor = gain_of_activation(activation) if gain is None else _positive(gain)

    def std(fan_in: int, fan_out: int) -> float:
        return factor / sqrt(fan_in if mode == "fan_in" else fan_out)

    _fill(model, draw, std, generator)


def _xavier(model: nn.Module, draw: Draw, generator: torch.Generator | None, gain: float) -> None:
    factor = _positive(gain)
    _fill(model, draw, lambda fan_in, fan_out: factor * sqrt(2 / (fan_in + fan_out)), generator)


def _positive(gain: float) -> float:
    if not gain > 0:
        raise UsageError(f"gain={gain} is not above 0")
    return gain


@torch.no_grad()
def _fill(model: nn.Module, draw: Draw, std: Callable[[int, int], float], generator: torch.Generator | None) -> None:
    """Draw every weight, zero every bias.

    Drawn apart, in row-major order, then copied in: the values depend neither on the memory format nor,
    with a CPU generator, on the device.
    """
    for _, module in weighted_modules(model):
        weight = module.weight
        device = weight.device if generator is None else generator.device
        values = torch.empty(weight.shape, dtype=torch.promote_types(weight.dtype, torch.float32), device=device)
        weight.copy_(draw(values, std(*fans(module)), generator))
        if module.bias is not None:
            module.bias.zero_()


def _normal(values: Tensor, std: float, generator: torch.Generator | None) -> Tensor:
    return values.normal_(0.0, std, generator=generator)


def _uniform(values: Tensor, std: float, generator: torch.Generator | None) -> Tensor:
    bound = sqrt(3.0) * std
    return values.uniform_(-bound, bound, generator=generator)
