"""The range test's policy: lr rises from end to end."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from lrlab.policies.base import Hyper, Knot, check_step
from lrlab.policies.frame import Frame


@dataclass(frozen=True)
class Range:
    """`lr_i = lo (hi/lo)^(i/(N-1))`, or linear; both ends are hit exactly.

    Attributes:
        lr_min, lr_max: first and last lr.
        total: updates N.
        shape: `exponential` or `linear`.
        staircase: updates that share one lr; the levels run over ceil(N / staircase) points.

    Raises:
        ValueError: lr_min is not below lr_max, or there are fewer than two levels.

    Source: Smith 2017, arXiv:1506.01186, section 3.3 (linear); Gugger 2018 (exponential).
    """

    lr_min: float
    lr_max: float
    total: int
    shape: Literal["exponential", "linear"] = "exponential"
    staircase: int = 1
    momentum: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.lr_min < self.lr_max:
            raise ValueError(f"lr_min {self.lr_min:g} must be above 0 and below lr_max {self.lr_max:g}")
        if self.levels < 2:
            raise ValueError(
                f"{self.total} steps of staircase {self.staircase} make {self.levels} level; at least 2 are needed"
            )

    @cached_property
    def levels(self) -> int:
        """Different lrs."""
        return -(-self.total // self.staircase)

    def at(self, step: int) -> Hyper:
        """What update `step` uses."""
        if step < 0:
            check_step(step)
        share = min(1.0, step // self.staircase / (self.levels - 1))
        if share == 1:
            lr = self.lr_max
        elif self.shape == "linear":
            lr = self.lr_min + (self.lr_max - self.lr_min) * share
        else:
            lr = self.lr_min * (self.lr_max / self.lr_min) ** share
        return Hyper(lr, self.momentum, "range")

    def knots(self) -> tuple[Knot, ...]:
        """Start and end."""
        ends = ((0, self.lr_min, "lr_min"), (self.total - 1, self.lr_max, "lr_max"))
        return tuple(Knot(step, lr, self.momentum, label) for step, lr, label in ends)


def build(spec: Any, frame: Frame) -> Range:
    """`range`."""
    return Range(spec.lr_min, spec.lr_max, frame.steps, spec.shape, spec.staircase, frame.momentum)
