"""Activations by name."""

from torch import nn

from lrlab.errors import UsageError
from lrlab.registry import nearest

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "leaky_relu": nn.LeakyReLU,  # slope 0.01
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}


def make_activation(name: str) -> nn.Module:
    """A fresh module.

    Raises:
        UsageError: no such activation.
    """
    if name not in ACTIVATIONS:
        near = nearest(name, ACTIVATIONS)
        raise UsageError(
            f"no activation named {name!r}; there are: {', '.join(ACTIVATIONS)}",
            hint=f"did you mean {near!r}?" if near else None,
        )
    return ACTIVATIONS[name]()
