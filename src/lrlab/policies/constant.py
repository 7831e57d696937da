"""One lr throughout."""

from dataclasses import dataclass
from typing import Any

from lrlab.policies.base import Hyper, Knot, check_step
from lrlab.policies.frame import Frame


@dataclass(frozen=True)
class Constant:
    """The same lr and momentum at every step.

    Attributes:
        lr: of every update.
        total: updates in all.
    """

    lr: float
    total: int
    momentum: float | None = None

    def at(self, step: int) -> Hyper:
        """What update `step` uses."""
        check_step(step)
        return Hyper(self.lr, self.momentum, "constant")

    def knots(self) -> tuple[Knot, ...]:
        """Start and end."""
        ends = {0: "start", self.total - 1: "end"}
        return tuple(Knot(step, self.lr, self.momentum, label) for step, label in ends.items())


def build(spec: Any, frame: Frame) -> Constant:
    """`constant`."""
    return Constant(frame.lr if spec.lr is None else spec.lr, frame.steps, frame.momentum)
