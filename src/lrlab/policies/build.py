"""From a config's policy section to a policy over a number of steps."""

from typing import Any

from lrlab.policies.base import Policy
from lrlab.policies.durations import StepsPerEpoch
from lrlab.policies.frame import Frame
from lrlab.policies.warmup import Warmup
from lrlab.registry import POLICIES

DEFAULT_WARMUP_FROM = 0.1


def build_policy(
    spec: Any, *, total: int, lr: float, momentum: float | None, steps_per_epoch: StepsPerEpoch = None
) -> Policy:
    """The policy that `spec`, a policy section, names, with its warm-up if it asks for one.

    Args:
        spec: the section; its `name` decides.
        total: updates in all, the warm-up's included.
        lr: the optimizer's, where the section gives none of its own.
        momentum: the optimizer's own (beta1 for Adam); reported where the policy does not cycle it.
        steps_per_epoch: updates in an epoch, for durations such as `5ep`; None where nobody knows.

    Raises:
        ValueError: the values do not make a policy over that many steps.
    """
    frame = Frame(total, lr, momentum, steps_per_epoch)
    warmup = getattr(spec, "warmup", None)
    if warmup is not None:
        frame = frame.warmed_up(warmup)
    policy: Policy = POLICIES.resolve(spec.name)(spec, frame)
    if warmup is None:
        return policy
    return Warmup(policy, frame.before, DEFAULT_WARMUP_FROM if spec.warmup_from is None else spec.warmup_from)
