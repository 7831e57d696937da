"""What torch does by itself."""

import torch
from torch import nn


def torch_default(model: nn.Module, *, activation: str, generator: torch.Generator | None) -> None:
    """Every module's own `reset_parameters`, seeded by the generator; global generators stay as they are.

    Norms are reset too (weight 1, bias 0, fresh running statistics). Without a generator the global ones
    are used, and advance. The activation plays no part. Linear and convolution layers get
    Var(w) = 1/(3·fan_in), a sixth of what ReLU needs, and biases of the same size.
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
