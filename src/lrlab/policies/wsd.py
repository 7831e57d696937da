"""Hold, then cool down. With a warm-up before it this is WSD: warm-up, stable, decay."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from lrlab.policies.decay import FINAL
from lrlab.policies.durations import Duration, divide
from lrlab.policies.frame import Frame
from lrlab.policies.phases import Phase, Phased


@dataclass(frozen=True)
class StableDecay(Phased):
    """lr stays, and falls to a final lr in a cooldown at the end; `Warmup(StableDecay(...), steps)` is WSD.

    Training may be prolonged from any checkpoint of the stable phase, since it does not know where the end is.

    Attributes:
        lr: of the stable phase.
        total: updates of both phases, at least 2.
        final_lr: of the last update; default lr / 1000.
        parts: lengths of the two phases: in proportion, or `200it`, or `20%` of the total.
        shape: of the cooldown.
        own_momentum: what is reported.

    Raises:
        ValueError: too few steps, or a final lr that is not between 0 and lr.

    Source: Hägele et al. 2024, arXiv:2405.18392.
    """

    lr: float
    total: int
    final_lr: float | None = None
    parts: tuple[Duration, Duration] = (75, 20)
    shape: Literal["1-sqrt", "linear", "cosine"] = "1-sqrt"
    own_momentum: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.last < self.lr:
            raise ValueError(f"lrs must satisfy 0 < final < lr; got {self.last:g} and {self.lr:g}")
        _ = self.lengths

    @cached_property
    def last(self) -> float:
        """The last update's lr."""
        return self.lr / FINAL if self.final_lr is None else self.final_lr

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Steps of the two phases."""
        return divide(self.total, self.parts, names=("stable", "cooldown"))

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """Stable, cooldown."""
        stable, cooldown = self.lengths
        return (
            Phase("stable", "lr", stable, (self.lr, self.lr)),
            Phase("cooldown", "cooldown", cooldown, (self.lr, self.last), None, self.shape),
        )


def build(spec: Any, frame: Frame) -> StableDecay:
    """`wsd`, from the end of its warm-up on."""
    stable, cooldown = frame.divide(stable=spec.stable, cooldown=spec.cooldown)
    return StableDecay(
        lr=frame.lr if spec.lr is None else spec.lr,
        total=frame.steps,
        final_lr=spec.final_lr,
        parts=(stable, cooldown),
        shape=spec.cooldown_shape,
        own_momentum=frame.momentum,
    )
