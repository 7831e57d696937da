"""The way up alone: from min-lr to max-lr, and then stay there."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from lrlab.policies.frame import Frame
from lrlab.policies.phases import Pair, Phase, Phased


@dataclass(frozen=True)
class Climb(Phased):
    """One cycle's way up, then max-lr to the end: what a training must survive before it may come down.

    Half-open, as phases are: update 0 has `min_lr`, update `up` is the first one at `max_lr`.

    Attributes:
        total: updates in all.
        min_lr, max_lr: where the climb begins and ends.
        up: updates of the climb, at least 1; the others hold `max_lr`, and there is at least one of them.
        shape: `linear` or `cosine`.
        momentum: (low, high): from high down to low on the way up, as one cycle has it; None leaves it alone.
        own_momentum: what is reported where momentum is not cycled.

    Raises:
        ValueError: lrs that do not rise, or no step for one of the two phases.
    """

    closes: ClassVar[bool] = False
    end_label: ClassVar[str] = "max-lr"

    total: int
    min_lr: float
    max_lr: float
    up: int
    shape: Literal["linear", "cosine"] = "linear"
    momentum: tuple[float, float] | None = None
    own_momentum: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.min_lr <= self.max_lr:
            raise ValueError(f"min_lr {self.min_lr:g} must be above 0 and at most max_lr {self.max_lr:g}")
        if not 1 <= self.up < self.total:
            raise ValueError(f"a climb of {self.up} steps leaves {self.total - self.up} of {self.total} at max_lr")

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """Up, and hold."""
        falling: Pair | None = None if self.momentum is None else (self.momentum[1], self.momentum[0])
        held: Pair | None = None if self.momentum is None else (self.momentum[0], self.momentum[0])
        return (
            Phase("up", "min-lr", self.up, (self.min_lr, self.max_lr), falling, self.shape),
            Phase("hold", "max-lr", self.total - self.up, (self.max_lr, self.max_lr), held, self.shape),
        )


def build(spec: Any, frame: Frame) -> Climb:
    """`climb`."""
    up, _ = frame.divide(up=spec.up, hold=spec.hold)
    max_lr = frame.lr if spec.max_lr is None else spec.max_lr
    return Climb(
        total=frame.steps,
        min_lr=max_lr / 10 if spec.min_lr is None else spec.min_lr,
        max_lr=max_lr,
        up=up,
        shape=spec.shape,
        momentum=frame.cycled(spec.cycle_momentum, spec.momentum_low, spec.momentum_high),
        own_momentum=frame.momentum,
    )
