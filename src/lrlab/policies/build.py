"""From a config's policy section to a policy over a number of steps."""

from typing import Any

from lrlab.policies.base import Policy
from lrlab.policies.constant import Constant
from lrlab.policies.onecycle import OneCycle
from lrlab.policies.range import Range
from lrlab.policies.torch_onecycle import TorchOneCycle
from lrlab.registry import POLICIES


def build_policy(spec: Any, *, total: int, lr: float, momentum: float | None) -> Policy:
    """The policy that `spec`, a policy section, names.

    Args:
        spec: the section; its `name` decides.
        total: updates in all.
        lr: the optimizer's, where the section gives none of its own.
        momentum: the optimizer's own (beta1 for Adam); reported where the policy does not cycle it.

    Raises:
        ValueError: the values do not make a policy over that many steps.
    """
    policy: Policy = POLICIES.resolve(spec.name)(spec, total, lr, momentum)
    return policy


def constant(spec: Any, total: int, lr: float, momentum: float | None) -> Policy:
    """`constant`."""
    return Constant(spec.lr if spec.lr is not None else lr, total, momentum)


def range_(spec: Any, total: int, lr: float, momentum: float | None) -> Policy:
    """`range`."""
    return Range(spec.lr_min, spec.lr_max, total, spec.shape, spec.staircase, momentum)


def onecycle(spec: Any, total: int, lr: float, momentum: float | None) -> Policy:
    """`onecycle`."""
    cycled = (spec.momentum_low, spec.momentum_high) if spec.cycle_momentum and momentum is not None else None
    return OneCycle(
        total=total,
        max_lr=spec.max_lr if spec.max_lr is not None else lr,
        min_lr=spec.min_lr,
        final_lr=spec.final_lr,
        parts=(spec.up, spec.down, spec.final),
        shape=spec.shape,
        momentum=cycled,
        own_momentum=momentum,
    )


def torch_onecycle(spec: Any, total: int, lr: float, momentum: float | None) -> Policy:
    """`torch`."""
    cycled = (spec.base_momentum, spec.max_momentum) if spec.cycle_momentum and momentum is not None else None
    return TorchOneCycle(
        total=total,
        max_lr=spec.max_lr if spec.max_lr is not None else lr,
        pct_start=spec.pct_start,
        div_factor=spec.div_factor,
        final_div_factor=spec.final_div_factor,
        momentum=cycled,
        own_momentum=momentum,
    )
