"""Convolutions that act on each pixel alone: all their weight stands in the centre tap."""

import torch
from torch import Tensor, nn

from lrlab.errors import UsageError
from lrlab.init.fans import Weighted, describe_layer, weighted_modules


def check_centres(model: nn.Module, scheme: str, instead: str) -> None:
    """See that every kernel has a centre.

    Raises:
        UsageError: a kernel of even size; names the layer, and `instead`, a scheme that would do.
    """
    for name, module in weighted_modules(model):
        if any(size % 2 == 0 for size in module.weight.shape[2:]):
            raise UsageError(
                f"{scheme} puts all weight into the centre tap, and {describe_layer(name, module)} has a kernel of "
                "even size, which has none",
                hint=f"make its kernel odd, or use {instead}, which serves any kernel",
            )


def at_centre(module: Weighted, matrix: Tensor) -> Tensor:
    """A weight of the module's shape with `matrix`, its first two dimensions, in the centre tap and 0 elsewhere.

    A linear layer is the matrix itself.
    """
    weight = torch.zeros(module.weight.shape, dtype=matrix.dtype)
    centre = weight
    for size in weight.shape[2:]:
        centre = centre.select(2, size // 2)
    centre.copy_(matrix)
    return weight


def groups_of(module: Weighted) -> int:
    """Groups that see inputs of their own; their weights are stacked in the first dimension."""
    return 1 if isinstance(module, nn.Linear) else module.groups
