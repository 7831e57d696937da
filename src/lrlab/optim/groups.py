"""Which parameters decay."""

from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

_NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)


def split_weight_decay(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Two parameter groups: weights, which decay, and norms, biases and other vectors, which do not.

    Decay shrinks a norm's scale or a bias without making the function simpler, and costs accuracy. Parameters
    without gradient are left out; a shared one is listed once. A group that would be empty is left out.

    Args:
        model: whose parameters.
        weight_decay: of the first group.

    Source: Goyal et al. 2017, arXiv:1706.02677, section 5.3; He et al. 2018, arXiv:1812.01187, section 3.1.
    """
    decay: list[Tensor] = []
    plain: list[Tensor] = []
    seen: set[Tensor] = set()
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if not parameter.requires_grad or parameter in seen:
                continue
            seen.add(parameter)
            still = isinstance(module, _NORMS) or name == "bias" or parameter.ndim < 2
            (plain if still else decay).append(parameter)
    groups = [{"params": decay, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
