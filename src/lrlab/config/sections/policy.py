"""`policy:` lr and momentum as a function of the step.

A length is steps (`200it`), epochs (`5ep`) or a share of the training (`10%`); a duration may also be a whole
number, parts of what is left.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from lrlab.config.sections.base import Section
from lrlab.config.sections.duration import Duration, Length

_LR = "The first lr; default: optimizer.lr."
_PEAK = "The peak; default: optimizer.lr."
_FINAL = "The last step's lr; default: lr / 1000."
_CYCLE = "Move momentum (beta1) opposite to the lr."


class WarmedUp(Section):
    """A policy that can begin with a warm-up."""

    warmup: Length | None = Field(None, description="Length of a linear warm-up that comes first; null: none.")
    warmup_from: float | None = Field(
        None, gt=0, le=1, description="Where the warm-up begins, as a fraction of the first lr; default: 0.1."
    )


class Descent(WarmedUp):
    """A policy that goes down all the way."""

    lr: float | None = Field(None, gt=0, description=_LR)
    final_lr: float | None = Field(None, gt=0, description=_FINAL)


class Constant(WarmedUp):
    """One lr throughout."""

    name: Literal["constant"] = "constant"
    lr: float | None = Field(None, gt=0, description="Default: optimizer.lr.")


class Range(Section):
    """lr rises from end to end."""

    name: Literal["range"] = "range"
    lr_min: float = Field(1e-6, gt=0, description="First lr.")
    lr_max: float = Field(10.0, gt=0, description="Last lr.")
    shape: Literal["exponential", "linear"] = Field("exponential", description="How the lr rises.")
    staircase: int = Field(1, ge=1, description="Steps per lr.")


class Climb(Section):
    """One cycle's way up, then the peak to the end."""

    name: Literal["climb"] = "climb"
    max_lr: float | None = Field(None, gt=0, description=_PEAK)
    min_lr: float | None = Field(None, gt=0, description="Where the climb begins; default: max_lr / 10.")
    up: Duration = Field(4, description="Duration of the way up.")
    hold: Duration = Field(1, description="Duration of the stay at max_lr.")
    shape: Literal["linear", "cosine"] = Field("linear", description="Shape of the way up.")
    cycle_momentum: bool = Field(True, description=_CYCLE)
    momentum_low: float = Field(0.85, ge=0, lt=1, description="Momentum at the peak.")
    momentum_high: float = Field(0.95, ge=0, lt=1, description="Momentum at the start.")


class OneCycle(WarmedUp):
    """Up, down, and on down; momentum opposite."""

    name: Literal["onecycle"] = "onecycle"
    max_lr: float | None = Field(None, gt=0, description=_PEAK)
    min_lr: float | None = Field(None, gt=0, description="Start and end of the cycle; default: max_lr / 10.")
    final_lr: float | None = Field(None, gt=0, description="The last step's lr; default: min_lr / 100.")
    final_div: float | None = Field(None, ge=1, description="Instead of final_lr: the last lr is min_lr / final_div.")
    up: Duration = Field(30, description="Duration of the way up.")
    down: Duration = Field(40, description="Duration of the way down.")
    final: Duration = Field(10, description="Duration of the last descent.")
    shape: Literal["linear", "cosine"] = Field("linear", description="Shape within a phase.")
    cycle_momentum: bool = Field(True, description=_CYCLE)
    momentum_low: float = Field(0.85, ge=0, lt=1, description="Momentum at the peak.")
    momentum_high: float = Field(0.95, ge=0, lt=1, description="Momentum at the start and after the cycle.")
    match_effective: bool = Field(
        False,
        description="Scale the lr by (1 - momentum) / (1 - optimizer.momentum): the effective lr is then that of the "
        "constant momentum, while momentum moves.",
    )


class TorchOneCycle(WarmedUp):
    """torch.optim.lr_scheduler.OneCycleLR, knot for knot."""

    name: Literal["torch"] = "torch"
    max_lr: float | None = Field(None, gt=0, description=_PEAK)
    pct_start: float = Field(0.3, gt=0, lt=1, description="Share of the way up.")
    div_factor: float = Field(25.0, ge=1, description="Initial lr is max_lr / div_factor.")
    final_div_factor: float = Field(1e4, ge=1, description="Final lr is the initial lr / final_div_factor.")
    shape: Literal["linear", "cosine"] = Field("cosine", description="Shape within a phase (torch: anneal_strategy).")
    cycle_momentum: bool = Field(True, description=_CYCLE)
    base_momentum: float = Field(0.85, ge=0, lt=1, description="Momentum at the peak.")
    max_momentum: float = Field(0.95, ge=0, lt=1, description="Momentum at both ends.")


class Triangular(WarmedUp):
    """CLR (Smith 2017): up and down along lines, again and again."""

    name: Literal["triangular"] = "triangular"
    max_lr: float | None = Field(None, gt=0, description=_PEAK)
    min_lr: float | None = Field(None, gt=0, description="The lr between the peaks; default: max_lr / 10.")
    half_cycle: Length = Field("10%", description="Length of the way up (Smith's stepsize).")
    half_cycle_down: Length | None = Field(None, description="Length of the way down; default: half_cycle.")
    mode: Literal["triangular", "triangular2", "exp_range"] = Field(
        "triangular", description="triangular2: half the height after each cycle; exp_range: lower by gamma per step."
    )
    gamma: float | None = Field(None, gt=0, lt=1, description="The factor of mode exp_range.")
    cycle_momentum: bool = Field(False, description=_CYCLE)
    momentum_low: float = Field(0.85, ge=0, lt=1, description="Momentum at the peaks.")
    momentum_high: float = Field(0.95, ge=0, lt=1, description="Momentum between the peaks.")


class Cosine(Descent):
    """Half a cosine down."""

    name: Literal["cosine"] = "cosine"


class CosineRestarts(WarmedUp):
    """SGDR (Loshchilov, Hutter 2017): half cosines, each starting again from the top."""

    name: Literal["cosine_restarts"] = "cosine_restarts"
    max_lr: float | None = Field(None, gt=0, description="The lr of each restart; default: optimizer.lr.")
    min_lr: float | None = Field(None, gt=0, description="The lr at the end of each period; default: max_lr / 1000.")
    period: Length = Field("25%", description="Length of the first period.")
    t_mult: int = Field(1, ge=1, description="Each period is so many times as long as the one before.")


class Linear(Descent):
    """Straight down."""

    name: Literal["linear"] = "linear"


class Polynomial(Descent):
    """Down as a power of what is left of the training."""

    name: Literal["polynomial"] = "polynomial"
    power: float = Field(0.9, gt=0, description="1: a line; above 1 the lr falls early, below 1 late.")


class Exponential(WarmedUp):
    """Down by the same factor at each step."""

    name: Literal["exponential"] = "exponential"
    lr: float | None = Field(None, gt=0, description=_LR)
    final_lr: float | None = Field(None, gt=0, description=f"{_FINAL[:-1]}, unless gamma is given.")
    gamma: float | None = Field(None, gt=0, lt=1, description="Instead of final_lr: the factor per `every`.")
    every: Length | None = Field(None, description="Length over which the lr falls by gamma; default: 1it.")


class Step(WarmedUp):
    """Down by a factor at milestones."""

    name: Literal["step"] = "step"
    lr: float | None = Field(None, gt=0, description=_LR)
    milestones: tuple[Length, ...] | None = Field(
        None, min_length=1, description="Where the lr falls, from the start of the training; default: 50% and 75%."
    )
    every: Length | None = Field(None, description="Instead of milestones: the length of each level.")
    gamma: float = Field(0.1, gt=0, lt=1, description="The factor at each milestone.")


class Wsd(WarmedUp):
    """Warm-up, stable, decay (Hägele et al. 2024)."""

    name: Literal["wsd"] = "wsd"
    lr: float | None = Field(None, gt=0, description="The lr of the stable phase; default: optimizer.lr.")
    final_lr: float | None = Field(None, gt=0, description=_FINAL)
    warmup: Length | None = Field("5%", description="Length of the linear warm-up; null: none.")
    stable: Duration = Field(75, description="Duration of the stable phase.")
    cooldown: Duration = Field("20%", description="Duration of the cooldown.")
    cooldown_shape: Literal["1-sqrt", "linear", "cosine"] = Field("1-sqrt", description="Shape of the cooldown.")


PolicyConfig = Annotated[
    Constant
    | OneCycle
    | TorchOneCycle
    | Triangular
    | Cosine
    | CosineRestarts
    | Linear
    | Polynomial
    | Exponential
    | Step
    | Wsd
    | Climb
    | Range,
    Field(discriminator="name"),
]


def policy_defaults(name: str) -> dict[str, Any]:
    """The section of a policy of which nothing but the name is written."""
    section: dict[str, Any] = TypeAdapter(PolicyConfig).validate_python({"name": name}).model_dump(mode="json")
    return section
