"""lr falls by a factor at milestones."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from lrlab.policies.durations import nearest_step
from lrlab.policies.frame import Frame
from lrlab.policies.phases import Phase, Phased

HALF_AND_THREE_QUARTERS = ("50%", "75%")  # He et al. 2016, arXiv:1512.03385, section 4.2: at 32k and 48k of 64k


@dataclass(frozen=True)
class Step(Phased):
    """`lr gamma^k` from the k-th milestone on; torch's `MultiStepLR`, and `StepLR` where they are equally far apart.

    Attributes:
        lr: of the first update.
        total: updates in all.
        milestones: the updates from which on the lr is lower, rising, after the first and before the end.
        gamma: the factor, above 0 and below 1.
        own_momentum: what is reported.

    Raises:
        ValueError: milestones out of order or out of the training, or a factor out of range.
    """

    lr: float
    total: int
    milestones: tuple[int, ...]
    gamma: float = 0.1
    own_momentum: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.gamma < 1:
            raise ValueError(f"gamma {self.gamma:g} must be between 0 and 1")
        if any(later <= earlier for earlier, later in pairwise((0, *self.milestones, self.total))):
            steps = ", ".join(map(str, self.milestones))
            raise ValueError(f"milestones must rise and lie between step 0 and step {self.total}; got {steps}")

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """One level after the other."""
        levels = [self.lr * self.gamma**k for k in range(len(self.milestones) + 1)]
        lengths = [after - start for start, after in pairwise((0, *self.milestones, self.total))]
        labels = ["lr", *(f"milestone {k}" for k in range(1, len(levels)))]
        return tuple(
            Phase(f"level {k}", label, steps, (lr, lr))
            for k, (label, steps, lr) in enumerate(zip(labels, lengths, levels, strict=True))
        )


def build(spec: Any, frame: Frame) -> Step:
    """`step`. Milestones count from the start of the training, the warm-up included.

    Raises:
        ValueError: a milestone within the warm-up, or past the end.
    """
    at = _every(spec.every, frame) if spec.every is not None else _milestones(spec.milestones, frame)
    for written, step in at:
        if not frame.before < step < frame.total:
            where = f"within the warm-up of {frame.before}" if step <= frame.before else f"past the {frame.total}"
            raise ValueError(f"a milestone of policy.{written} is step {step}, {where} steps")
    lr = frame.lr if spec.lr is None else spec.lr
    milestones = tuple(step - frame.before for _, step in at)
    return Step(lr, frame.steps, milestones, spec.gamma, frame.momentum)


def _milestones(milestones: tuple[str, ...] | None, frame: Frame) -> list[tuple[str, int]]:
    written = HALF_AND_THREE_QUARTERS if milestones is None else milestones
    return [(f"milestones={one}", nearest_step(frame.length("milestones", one))) for one in written]


def _every(every: str, frame: Frame) -> list[tuple[str, int]]:
    """Each multiple of the stretch rounded by itself, so that rounding does not add up."""
    stretch = max(frame.length("every", every), Fraction(1))
    count = int(frame.total / stretch)
    steps = [nearest_step(stretch * k) for k in range(1, count + 1)]
    return [(f"every={every}", step) for step in steps if step < frame.total]
