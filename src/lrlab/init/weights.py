"""Give any module its initial weights, by name."""

from inspect import signature
from typing import Any, TypeVar

import torch
from torch import nn

from lrlab.errors import UsageError
from lrlab.registry import INITS

Module = TypeVar("Module", bound=nn.Module)


def apply(
    model: Module,
    name: str,
    *,
    activation: str = "relu",
    generator: torch.Generator | None = None,
    **options: Any,
) -> Module:
    """Draw the weights of every linear and convolution layer anew, in place, and set their biases to zero.

    Norms, embeddings and parameters of modules of your own stay as they are, except with `torch`, which
    calls every module's own `reset_parameters`.

    Args:
        model: any module tree.
        name: as `lrlab init ls` shows it.
        activation: what feeds the layers; sets the gain of the Kaiming and orthogonal schemes.
        generator: where the random numbers come from; None is torch's global generator. With a CPU
            generator the weights are the same on every device, except with `torch`.
        **options: `mode` and `gain` for Kaiming, `gain` for Xavier and the orthogonal ones, `std` for the
            normal ones, `scale` for the identity.

    Returns:
        The same model.

    Raises:
        UsageError: no such scheme, option or activation, or a layer that the scheme cannot serve; the model is
            as it was then.
    """
    scheme = INITS.resolve(name)
    known = option_names(name)
    unknown = [key for key in options if key not in known]
    if unknown:
        there = f"it has: {', '.join(known)}" if known else "it has none"
        raise UsageError(f"init {name!r} has no option {', '.join(map(repr, unknown))}; {there}")
    scheme(model, activation=activation, generator=generator, **options)
    return model


def option_names(name: str) -> list[str]:
    """What the scheme lets one choose.

    Raises:
        UsageError: no such scheme.
    """
    given = ("model", "activation", "generator")
    return [key for key in signature(INITS.resolve(name)).parameters if key not in given]


def init_model(model: Module, cfg: Any, *, activation: str, seed: int) -> Module:
    """`apply` as `cfg`, the config's init section, says; the weights are a function of `seed`.

    Args:
        model: changed in place and returned.
        cfg: `name` and the scheme's options.
        activation: the model's.
        seed: in [0, 2**63).
    """
    options = {key: getattr(cfg, key) for key in option_names(cfg.name)}
    generator = torch.Generator().manual_seed(seed)
    return apply(model, cfg.name, activation=activation, generator=generator, **options)
