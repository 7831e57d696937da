"""One cycle in three phases: up, down, and on down; momentum runs opposite."""

from dataclasses import dataclass
from functools import cached_property

from lrlab.policies.base import Hyper, Knot, check_step
from lrlab.policies.phases import Shape, between, divide

_NAMES = ("up", "down", "final")


@dataclass(frozen=True)
class OneCycle:
    """Of 80 parts 30 up from min-lr to max-lr, 40 down to min-lr, 10 on down to a final lr far below.

    Phases are half-open: the first step of a phase has its start value. The last step of all has the final
    value, which wins in a last phase of one step.

    Attributes:
        total: updates in all, at least 3.
        max_lr: the peak.
        min_lr: where the climb begins and the descent ends; default max_lr / 10.
        final_lr: the last step's; default min_lr / 100.
        parts: lengths of the three phases in proportion.
        shape: `linear` or `cosine` within a phase.
        momentum: (low, high): low at the peak, high at both ends of the cycle and after; None leaves it alone.
        own_momentum: what is reported where momentum is not cycled.

    Raises:
        ValueError: too few steps, or lrs not in the order final <= min < max.

    Source: Smith 2018, arXiv:1803.09820, section 4; Smith, Topin 2018, arXiv:1708.07120.
    """

    total: int
    max_lr: float
    min_lr: float | None = None
    final_lr: float | None = None
    parts: tuple[int, int, int] = (30, 40, 10)
    shape: Shape = "linear"
    momentum: tuple[float, float] | None = (0.85, 0.95)
    own_momentum: float | None = None

    def __post_init__(self) -> None:
        low, _, final = self.lrs
        if not 0 < final <= low < self.max_lr:
            raise ValueError(f"lrs must satisfy 0 < final <= min < max; got {final:g}, {low:g}, {self.max_lr:g}")
        _ = self.lengths

    @cached_property
    def lrs(self) -> tuple[float, float, float]:
        """(min, max, final) with the defaults filled in."""
        low = self.max_lr / 10 if self.min_lr is None else self.min_lr
        return low, self.max_lr, low / 100 if self.final_lr is None else self.final_lr

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Steps of the three phases."""
        return divide(self.total, self.parts)

    def at(self, step: int) -> Hyper:
        """What update `step` uses; past the end, what the last one uses."""
        check_step(step)
        low, peak, final = self.lrs
        phase, share = self._locate(min(step, self.total - 1))
        start, end = ((low, peak), (peak, low), (low, final))[phase]
        return Hyper(between(start, end, share, self.shape), self._momentum(phase, share), _NAMES[phase])

    def knots(self) -> tuple[Knot, ...]:
        """The first step, the peak, the end of the descent, the last step."""
        up, down, _ = self.lengths
        steps = ((0, "min-lr"), (up, "max-lr"), (up + down, "min-lr"), (self.total - 1, "final-lr"))
        return tuple(Knot(step, (h := self.at(step)).lr, h.momentum, label) for step, label in steps)

    def _locate(self, step: int) -> tuple[int, float]:
        up, down, last = self.lengths
        if step < up:
            return 0, step / up
        if step < up + down:
            return 1, (step - up) / down
        return 2, (step - up - down) / (last - 1) if last > 1 else 1.0

    def _momentum(self, phase: int, share: float) -> float | None:
        if self.momentum is None:
            return self.own_momentum
        low, high = self.momentum
        start, end = ((high, low), (low, high), (high, high))[phase]
        return between(start, end, share, self.shape)
