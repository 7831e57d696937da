"""One cycle in three phases: up, down, and on down; momentum runs opposite."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from lrlab.policies.base import Hyper
from lrlab.policies.durations import Duration, divide
from lrlab.policies.frame import Frame
from lrlab.policies.phases import Pair, Phase, Phased


@dataclass(frozen=True)
class OneCycle(Phased):
    """Of 80 parts 30 up from min-lr to max-lr, 40 down to min-lr, 10 on down to a final lr far below.

    Phases are half-open: the first step of a phase has its start value. The last step of all has the final
    value, which wins in a last phase of one step.

    Attributes:
        total: updates in all, at least 3.
        max_lr: the peak.
        min_lr: where the climb begins and the descent ends; default max_lr / 10.
        final_lr: the last step's; default min_lr / final_div.
        parts: lengths of the three phases: in proportion, or `200it`, or `37.5%` of the total.
        shape: `linear` or `cosine` within a phase.
        momentum: (low, high): low at the peak, high at both ends of the cycle and after; None leaves it alone.
        own_momentum: what is reported where momentum is not cycled.
        final_div: instead of `final_lr`; default 100.
        match_effective: lr times (1 - momentum) / (1 - own_momentum), so that lr / (1 - momentum), the effective lr of
            torch's form, is what the constant momentum `own_momentum` would give; for telling what cycling momentum
            does from what it does to the effective lr.

    Raises:
        ValueError: too few steps, or lrs not in the order final <= min < max, or two final lrs, or an effective lr to
            match without a momentum that moves or one to compare with.

    Source: Smith 2018, arXiv:1803.09820, section 4; Smith, Topin 2018, arXiv:1708.07120.
    """

    total: int
    max_lr: float
    min_lr: float | None = None
    final_lr: float | None = None
    parts: tuple[Duration, Duration, Duration] = (30, 40, 10)
    shape: Literal["linear", "cosine"] = "linear"
    momentum: tuple[float, float] | None = (0.85, 0.95)
    own_momentum: float | None = None
    final_div: float | None = None
    match_effective: bool = False

    def __post_init__(self) -> None:
        if self.final_lr is not None and self.final_div is not None:
            raise ValueError(f"final_lr={self.final_lr:g} and final_div={self.final_div:g}: give one of them")
        low, _, final = self.lrs
        if not 0 < final <= low < self.max_lr:
            raise ValueError(f"lrs must satisfy 0 < final <= min < max; got {final:g}, {low:g}, {self.max_lr:g}")
        if self.match_effective and (self.momentum is None or self.own_momentum is None):
            raise ValueError("match_effective needs a momentum that is cycled, and own_momentum to match")
        _ = self.lengths

    @cached_property
    def lrs(self) -> tuple[float, float, float]:
        """(min, max, final) with the defaults filled in."""
        low = self.max_lr / 10 if self.min_lr is None else self.min_lr
        divided = low / (100 if self.final_div is None else self.final_div)
        return low, self.max_lr, divided if self.final_lr is None else self.final_lr

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Steps of the three phases."""
        return divide(self.total, self.parts, names=("up", "down", "final"))

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """Up, down, and on down."""
        low, peak, final = self.lrs
        up, down, last = self.lengths
        falling, rising, held = _opposite(self.momentum)
        return (
            Phase("up", "min-lr", up, (low, peak), falling, self.shape),
            Phase("down", "max-lr", down, (peak, low), rising, self.shape),
            Phase("final", "min-lr", last, (low, final), held, self.shape),
        )

    def at(self, step: int) -> Hyper:
        """What update `step` uses; past the end, what the last one uses."""
        hyper = super().at(step)
        if not self.match_effective or hyper.momentum is None or self.own_momentum is None:
            return hyper
        return hyper._replace(lr=hyper.lr * (1 - hyper.momentum) / (1 - self.own_momentum))


def _opposite(momentum: Pair | None) -> tuple[Pair | None, Pair | None, Pair | None]:
    """Momentum of the three phases."""
    if momentum is None:
        return None, None, None
    low, high = momentum
    return (high, low), (low, high), (high, high)


def build(spec: Any, frame: Frame) -> OneCycle:
    """`onecycle`."""
    up, down, final = frame.divide(up=spec.up, down=spec.down, final=spec.final)
    return OneCycle(
        total=frame.steps,
        max_lr=frame.lr if spec.max_lr is None else spec.max_lr,
        min_lr=spec.min_lr,
        final_lr=spec.final_lr,
        parts=(up, down, final),
        shape=spec.shape,
        momentum=frame.cycled(spec.cycle_momentum, spec.momentum_low, spec.momentum_high),
        own_momentum=frame.momentum,
        final_div=spec.final_div,
        match_effective=spec.match_effective,
    )
