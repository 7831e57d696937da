"""Which modules have weights to initialise, and how many connections meet in a unit."""

from collections.abc import Iterator
from typing import TypeGuard

from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import is_lazy

from lrlab.errors import UsageError

Weighted = nn.Linear | _ConvNd


def is_weighted(module: nn.Module) -> TypeGuard[Weighted]:
    """Linear and convolution layers; norms, embeddings and the rest are left alone."""
    return isinstance(module, nn.Linear | _ConvNd)


def weighted_modules(model: nn.Module) -> Iterator[tuple[str, Weighted]]:
    """Names and modules, in the order of `named_modules`, each module once.

    Raises:
        UsageError: a lazy layer has no shape yet, or a layer computes its weight from other parameters.
    """
    for name, module in model.named_modules():
        if is_weighted(module):
            if "weight" not in module._parameters:
                raise UsageError(
                    f"layer {name!r} computes its weight from other parameters (a weight or spectral norm, for "
                    "example): a value written there would not stay",
                    hint="draw the weights first, then parametrize the layer",
                )
            if is_lazy(module.weight):
                raise UsageError(
                    f"layer {name!r} is lazy and has no shape yet",
                    hint="send one batch through the model first",
                )
            yield name, module


def describe_layer(name: str, module: Weighted) -> str:
    """The layer as a message names it: path, kind, inputs, outputs and kernel."""
    if isinstance(module, nn.Linear):
        return f"layer {name!r} (Linear {module.in_features} -> {module.out_features})"
    kernel, kind = "x".join(map(str, module.kernel_size)), type(module).__name__
    return f"layer {name!r} ({kind} {module.in_channels} -> {module.out_channels}, kernel {kernel})"


def fans(module: Weighted) -> tuple[int, int]:
    """(fan_in, fan_out): connections into and out of a unit, counted within its group; strides are ignored.

    torch's own count forgets the groups in fan_out, and swaps the two for transposed convolutions.
    """
    field = module.weight[0, 0].numel()
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    return module.in_channels // module.groups * field, module.out_channels // module.groups * field
