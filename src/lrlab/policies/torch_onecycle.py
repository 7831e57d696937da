"""torch's one cycle, knot for knot, but never past its end."""

from dataclasses import dataclass
from typing import Any, Literal

from lrlab.policies.base import Hyper, Knot, check_step
from lrlab.policies.frame import Frame
from lrlab.policies.phases import between


@dataclass(frozen=True)
class TorchOneCycle:
    """Equal to `torch.optim.lr_scheduler.OneCycleLR` (two phases) at every step below `total`.

    torch puts its knots one step early, at `pct_start * total - 1` and `total - 1`, and its final lr is relative to
    the initial one: max_lr / div_factor / final_div_factor. After the documented loop torch leaves an lr beyond the
    last one, negative with linear annealing; this stays at the final value.

    Attributes:
        momentum: (base, max): base at the peak; None leaves momentum alone.
        own_momentum: what is reported where momentum is not cycled.

    Raises:
        ValueError: fewer than 2 steps, or a pct_start outside (0, 1).

    Source: the definition of torch 2.x; Smith, Topin 2018, arXiv:1708.07120.
    """

    total: int
    max_lr: float
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    shape: Literal["linear", "cosine"] = "cosine"
    momentum: tuple[float, float] | None = (0.85, 0.95)
    own_momentum: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.pct_start < 1:
            raise ValueError(f"pct_start {self.pct_start:g} must be between 0 and 1")
        if self.total < 2:
            raise ValueError(f"{self.total} step cannot hold a cycle; at least 2 are needed")

    def at(self, step: int) -> Hyper:
        """What update `step` uses; past the end, what the last one uses."""
        check_step(step)
        step = min(step, self.total - 1)
        peak, last = self.pct_start * self.total - 1, self.total - 1
        initial = self.max_lr / self.div_factor
        low, high = self.momentum if self.momentum is not None else (0.0, 0.0)
        if step <= peak:
            share, phase = step / peak if peak > 0 else 1.0, "up"
            lr, momentum = (
                between(initial, self.max_lr, share, self.shape),
                between(high, low, share, self.shape),
            )
        else:
            share, phase = (step - peak) / (last - peak), "down"
            final = initial / self.final_div_factor
            lr, momentum = (
                between(self.max_lr, final, share, self.shape),
                between(low, high, share, self.shape),
            )
        return Hyper(lr, self.own_momentum if self.momentum is None else momentum, phase)

    def knots(self) -> tuple[Knot, ...]:
        """The first step, the step nearest the peak, the last step."""
        labels = {0: "initial", max(0, round(self.pct_start * self.total - 1)): "max-lr", self.total - 1: "final-lr"}
        return tuple(Knot(step, (h := self.at(step)).lr, h.momentum, label) for step, label in sorted(labels.items()))


def build(spec: Any, frame: Frame) -> TorchOneCycle:
    """`torch`."""
    return TorchOneCycle(
        total=frame.steps,
        max_lr=frame.lr if spec.max_lr is None else spec.max_lr,
        pct_start=spec.pct_start,
        div_factor=spec.div_factor,
        final_div_factor=spec.final_div_factor,
        shape=spec.shape,
        momentum=frame.cycled(spec.cycle_momentum, spec.base_momentum, spec.max_momentum),
        own_momentum=frame.momentum,
    )
