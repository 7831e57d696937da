"""Up and down along straight lines, again and again: CLR."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, Literal

from lrlab.policies.base import Hyper
from lrlab.policies.durations import nearest_step
from lrlab.policies.frame import Frame
from lrlab.policies.phases import Pair, Phase, Phased, between

Mode = Literal["triangular", "triangular2", "exp_range"]


@dataclass(frozen=True)
class Triangular(Phased):
    """From min_lr up to max_lr in a half cycle, down again in the next; torch's `CyclicLR`.

    Attributes:
        max_lr: the peaks.
        total: updates in all. A cycle that does not fit is cut.
        up: steps of the way up, at least 1. It may be a fraction: then each turn falls on the step nearest to it.
        down: of the way down; default `up`.
        min_lr: default max_lr / 10.
        mode: `triangular2` halves the height after each cycle; `exp_range` lowers it by gamma at each step.
        gamma: of `exp_range`.
        momentum: (low, high): runs opposite to the lr, in the same mode; None leaves it alone.
        own_momentum: what is reported where momentum is not cycled.

    Raises:
        ValueError: a half cycle below a step, or values out of range.

    Source: Smith 2017, arXiv:1506.01186, section 3.
    """

    max_lr: float
    total: int
    up: float
    down: float | None = None
    min_lr: float | None = None
    mode: Mode = "triangular"
    gamma: float = 1.0
    momentum: tuple[float, float] | None = None
    own_momentum: float | None = None
    closes: ClassVar[bool] = False
    end_label: ClassVar[str] = "end"

    def __post_init__(self) -> None:
        if not 0 < self.low < self.max_lr:
            raise ValueError(f"lrs must satisfy 0 < min < max; got {self.low:g} and {self.max_lr:g}")
        for steps in self.halves:
            if not steps >= 1:
                raise ValueError(f"a half cycle of {steps:g} steps is too short; at least 1 is needed")
        if not 0 < self.gamma <= 1:
            raise ValueError(f"gamma {self.gamma:g} must be above 0 and at most 1")

    @cached_property
    def low(self) -> float:
        """The lr between the peaks."""
        return self.max_lr / 10 if self.min_lr is None else self.min_lr

    @cached_property
    def halves(self) -> tuple[float, float]:
        """Steps of the way up and of the way down."""
        return self.up, self.up if self.down is None else self.down

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """Up, down, up, down, until the total is covered."""
        turns, position = [0], Fraction(0)
        while turns[-1] < self.total:
            position += Fraction(self.halves[(len(turns) - 1) % 2])
            turns.append(nearest_step(position))
        return tuple(self._half(k, after - start) for k, (start, after) in enumerate(pairwise(turns)))

    def _half(self, index: int, steps: int) -> Phase:
        height = 0.5 ** (index // 2) if self.mode == "triangular2" else 1.0
        lr: Pair = (self.low, between(self.low, self.max_lr, height))
        momentum: Pair | None = None
        if self.momentum is not None:
            least, most = self.momentum
            momentum = (most, between(most, least, height))
        if index % 2:
            return Phase("down", "peak", steps, lr[::-1], momentum and momentum[::-1])
        return Phase("up", "min-lr", steps, lr, momentum)

    def at(self, step: int) -> Hyper:
        """What update `step` uses; past the end, what the last one uses."""
        hyper = super().at(step)
        if self.mode != "exp_range":
            return hyper
        height = self.gamma ** min(step, self.total - 1)
        momentum = hyper.momentum
        if self.momentum is not None and momentum is not None:
            momentum = self.momentum[1] - (self.momentum[1] - momentum) * height
        return Hyper(self.low + (hyper.lr - self.low) * height, momentum, hyper.phase)


def build(spec: Any, frame: Frame) -> Triangular:
    """`triangular`."""
    down = spec.half_cycle if spec.half_cycle_down is None else spec.half_cycle_down
    return Triangular(
        max_lr=frame.lr if spec.max_lr is None else spec.max_lr,
        total=frame.steps,
        up=max(1.0, float(frame.length("half_cycle", spec.half_cycle))),
        down=max(1.0, float(frame.length("half_cycle_down", down))),
        min_lr=spec.min_lr,
        mode=spec.mode,
        gamma=1.0 if spec.gamma is None else spec.gamma,
        momentum=frame.cycled(spec.cycle_momentum, spec.momentum_low, spec.momentum_high),
        own_momentum=frame.momentum,
    )
