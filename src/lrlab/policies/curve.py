"""A policy sampled at all of its steps, for drawings and tables."""

from dataclasses import dataclass

from lrlab.policies.base import Policy
from lrlab.policies.effective import MomentumForm, effective_lr

_GEOMETRIC = ("range", "exponential", "level")  # phases that move by factors


@dataclass(frozen=True)
class Curve:
    """What every update uses.

    Attributes:
        lrs, effective: per update.
        momenta: likewise; None without momentum.
        cycled: whether momentum moves.
        log: whether the lr is best seen on a log scale.
    """

    lrs: tuple[float, ...]
    momenta: tuple[float, ...] | None
    effective: tuple[float, ...]
    cycled: bool
    log: bool


def sample(policy: Policy, form: MomentumForm) -> Curve:
    """The policy's values at steps 0 .. total - 1; momentum of that form."""
    hypers = [policy.at(step) for step in range(policy.total)]
    lrs = tuple(hyper.lr for hyper in hypers)
    momenta = tuple(hyper.momentum for hyper in hypers if hyper.momentum is not None)
    return Curve(
        lrs=lrs,
        momenta=momenta or None,
        effective=tuple(effective_lr(hyper.lr, hyper.momentum, form) for hyper in hypers),
        cycled=len(set(momenta)) > 1,
        log=hypers[-1].phase.startswith(_GEOMETRIC) and max(lrs) > 50 * min(lrs),
    )
