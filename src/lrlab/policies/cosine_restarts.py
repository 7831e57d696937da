"""Half cosines one after the other, each starting again from the top: SGDR."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

from lrlab.policies.decay import FINAL
from lrlab.policies.durations import nearest_step
from lrlab.policies.frame import Frame
from lrlab.policies.phases import Phase, Phased


@dataclass(frozen=True)
class CosineRestarts(Phased):
    """From max_lr down to min_lr along half a cosine, again and again.

    Equal to torch's `CosineAnnealingWarmRestarts` up to the last period. That one is cut to what is left, and
    ends at min_lr with the training, so that no training ends at a high lr.

    Attributes:
        max_lr: at each restart.
        total: updates in all, at least 2.
        min_lr: default max_lr / 1000.
        period: steps of the first period, at least 1. It may be a fraction: then each restart falls on the step
            nearest to it, and rounding does not add up.
        t_mult: each period is so many times as long as the one before.
        own_momentum: what is reported.

    Raises:
        ValueError: too few steps, or values out of range.

    Source: Loshchilov, Hutter 2017, arXiv:1608.03983, equation 5 and section 4.
    """

    max_lr: float
    total: int
    min_lr: float | None = None
    period: float | None = None
    t_mult: int = 1
    own_momentum: float | None = None
    end_label: ClassVar[str] = "min-lr"

    def __post_init__(self) -> None:
        if self.total < 2:
            raise ValueError(f"{self.total} step cannot hold a descent; at least 2 are needed")
        if not 0 < self.low < self.max_lr:
            raise ValueError(f"lrs must satisfy 0 < min < max; got {self.low:g} and {self.max_lr:g}")
        if self.period is not None and not self.period >= 1:
            raise ValueError(f"period {self.period:g} must be at least 1 step")
        if self.t_mult < 1:
            raise ValueError(f"t_mult {self.t_mult} must be at least 1")

    @cached_property
    def low(self) -> float:
        """The lr at the end of a period."""
        return self.max_lr / FINAL if self.min_lr is None else self.min_lr

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """A period each."""
        ends = [0]
        length = Fraction(max(1.0, self.total / 4) if self.period is None else self.period)
        end = Fraction(0)
        while ends[-1] < self.total:
            end += length
            length *= self.t_mult
            ends.append(min(nearest_step(end), self.total))
        lr = (self.max_lr, self.low)
        return tuple(
            Phase(f"period {k}", "restart" if k else "max-lr", after - start, lr, shape="cosine")
            for k, (start, after) in enumerate(pairwise(ends))
        )


def build(spec: Any, frame: Frame) -> CosineRestarts:
    """`cosine_restarts`."""
    return CosineRestarts(
        max_lr=frame.lr if spec.max_lr is None else spec.max_lr,
        total=frame.steps,
        min_lr=spec.min_lr,
        period=max(1.0, float(frame.length("period", spec.period))),
        t_mult=spec.t_mult,
        own_momentum=frame.momentum,
    )
