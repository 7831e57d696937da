"""A warm-up before any policy."""

from dataclasses import dataclass

from lrlab.policies.base import Hyper, Knot, Policy, check_step
from lrlab.policies.phases import between


@dataclass(frozen=True)
class Warmup:
    """lr rises linearly from a fraction of the policy's first lr to all of it; then the policy begins.

    Half-open, as phases are: update 0 has `start` times the first lr, update `steps` is the policy's update 0.
    Momentum stays at the policy's first.

    Attributes:
        policy: what follows; its total is counted from the end of the warm-up.
        steps: of the warm-up, at least 1.
        start: the fraction it begins at, above 0 and at most 1.

    Raises:
        ValueError: no steps, or a fraction out of range.

    Source: Goyal et al. 2017, arXiv:1706.02677, section 2.2.
    """

    policy: Policy
    steps: int
    start: float = 0.1

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"a warm-up of {self.steps} steps is none; at least 1 is needed")
        if not 0 < self.start <= 1:
            raise ValueError(f"a warm-up starts at a fraction of the lr above 0 and at most 1; got {self.start:g}")

    @property
    def total(self) -> int:
        """Updates in all, the warm-up's included."""
        return self.steps + self.policy.total

    def at(self, step: int) -> Hyper:
        """What update `step` uses; past the end, what the last one uses."""
        check_step(step)
        if step >= self.steps:
            return self.policy.at(step - self.steps)
        first = self.policy.at(0)
        return Hyper(between(self.start * first.lr, first.lr, step / self.steps), first.momentum, "warm-up")

    def knots(self) -> tuple[Knot, ...]:
        """Its first step, and where the policy turns."""
        first = self.at(0)
        after = (Knot(self.steps + k.step, k.lr, k.momentum, k.label) for k in self.policy.knots())
        return Knot(0, first.lr, first.momentum, "warm-up"), *after
