"""One descent from lr to a final lr, by a line, half a cosine, a power or a geometric series."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from lrlab.policies.frame import Frame
from lrlab.policies.phases import Phase, Phased, Shape

FINAL = 1000  # a descent ends at lr / 1000 unless it is told otherwise: an update with an lr of 0 does nothing


@dataclass(frozen=True)
class Decay(Phased):
    """lr at update 0, final_lr at the last update, a shape between.

    Attributes:
        lr: of the first update.
        total: updates in all, at least 2.
        final_lr: of the last update; default lr / 1000.
        own_momentum: what is reported.

    Raises:
        ValueError: too few steps, or a final lr that is not between 0 and lr.
    """

    lr: float
    total: int
    final_lr: float | None = None
    own_momentum: float | None = None
    shape: ClassVar[Shape]

    def __post_init__(self) -> None:
        if self.total < 2:
            raise ValueError(f"{self.total} step cannot hold a descent; at least 2 are needed")
        if not 0 < self.last < self.lr:
            raise ValueError(f"lrs must satisfy 0 < final < lr; got {self.last:g} and {self.lr:g}")

    @cached_property
    def last(self) -> float:
        """The last update's lr."""
        return self.lr / FINAL if self.final_lr is None else self.final_lr

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """One."""
        return (Phase(self.shape, "lr", self.total, (self.lr, self.last), shape=self.shape),)


@dataclass(frozen=True)
class Linear(Decay):
    """Along a line; torch's `LinearLR` with `total_iters = total - 1`."""

    shape = "linear"


@dataclass(frozen=True)
class Cosine(Decay):
    """Along half a cosine; torch's `CosineAnnealingLR` with `T_max = total - 1`, and it never rises again.

    Source: Loshchilov, Hutter 2017, arXiv:1608.03983, equation 5.
    """

    shape = "cosine"


@dataclass(frozen=True)
class Exponential(Decay):
    """By the same factor at each step; torch's `ExponentialLR` with `final_lr = lr gamma^(total - 1)`."""

    shape = "exponential"


@dataclass(frozen=True)
class Polynomial(Decay):
    """`final + (lr - final) (1 - i/(total - 1))^power`; torch's `PolynomialLR` with `total_iters = total - 1`.

    Attributes:
        power: 1 is a line; above it falls early, below it late.

    Raises:
        ValueError: also for a power that is not above 0.

    Source: Chen et al. 2017, arXiv:1606.00915 (power 0.9).
    """

    power: float = 0.9
    shape = "polynomial"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.power > 0:
            raise ValueError(f"power {self.power:g} must be above 0")

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """One."""
        return (Phase("polynomial", "lr", self.total, (self.lr, self.last), shape="polynomial", power=self.power),)


def build_linear(spec: Any, frame: Frame) -> Linear:
    """`linear`."""
    return Linear(_lr(spec, frame), frame.steps, spec.final_lr, frame.momentum)


def build_cosine(spec: Any, frame: Frame) -> Cosine:
    """`cosine`."""
    return Cosine(_lr(spec, frame), frame.steps, spec.final_lr, frame.momentum)


def build_polynomial(spec: Any, frame: Frame) -> Polynomial:
    """`polynomial`."""
    return Polynomial(_lr(spec, frame), frame.steps, spec.final_lr, frame.momentum, spec.power)


def build_exponential(spec: Any, frame: Frame) -> Exponential:
    """`exponential`: to a final lr, or by a factor per stretch of steps.

    Raises:
        ValueError: the factor is so small that nothing is left of the lr.
    """
    lr, final = _lr(spec, frame), spec.final_lr
    if spec.gamma is not None:
        every = "1it" if spec.every is None else spec.every
        final = lr * spec.gamma ** float((frame.steps - 1) / frame.length("every", every))
        if final < lr * 1e-30:
            raise ValueError(
                f"policy.gamma={spec.gamma:g} every {every} leaves {final / lr:.1g} of the lr after {frame.steps} steps"
            )
    return Exponential(lr, frame.steps, final, frame.momentum)


def _lr(spec: Any, frame: Frame) -> float:
    return frame.lr if spec.lr is None else float(spec.lr)
