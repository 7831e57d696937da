"""Putting weights into layers, the same on every device."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lrlab.init.fans import Weighted, weighted_modules


@torch.no_grad()
def fill(model: nn.Module, make: Callable[[Weighted], Tensor]) -> None:
    """Copy `make(layer)` into the weight of every layer, and set its bias to zero."""
    for _, module in list(weighted_modules(model)):  # all are looked at before the first one is changed
        module.weight.copy_(make(module))
        if module.bias is not None:
            module.bias.zero_()


def blank(module: Weighted, generator: torch.Generator | None) -> Tensor:
    """An empty tensor to draw into, of the weight's shape, at least fp32.

    It is row-major and lives where the generator does: what is drawn depends neither on the weight's memory
    format nor, with a CPU generator, on its device.
    """
    weight = module.weight
    device = weight.device if generator is None else generator.device
    return torch.empty(weight.shape, dtype=torch.promote_types(weight.dtype, torch.float32), device=device)
