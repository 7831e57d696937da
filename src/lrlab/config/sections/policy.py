"""`policy:` lr and momentum as a function of the step."""

from typing import Annotated, Literal

from pydantic import Field

from lrlab.config.sections.base import Section


class Constant(Section):
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


class OneCycle(Section):
    """Up, down, and on down; momentum opposite."""

    name: Literal["onecycle"] = "onecycle"
    max_lr: float | None = Field(None, gt=0, description="The peak; default: optimizer.lr.")
    min_lr: float | None = Field(None, gt=0, description="Start and end of the cycle; default: max_lr / 10.")
    final_lr: float | None = Field(None, gt=0, description="The last step's lr; default: min_lr / 100.")
    up: int = Field(30, ge=1, description="Parts of the way up.")
    down: int = Field(40, ge=1, description="Parts of the way down.")
    final: int = Field(10, ge=1, description="Parts of the last descent.")
    shape: Literal["linear", "cosine"] = Field("linear", description="Shape within a phase.")
    cycle_momentum: bool = Field(True, description="Move momentum (beta1) opposite to the lr.")
    momentum_low: float = Field(0.85, ge=0, lt=1, description="Momentum at the peak.")
    momentum_high: float = Field(0.95, ge=0, lt=1, description="Momentum at the start and after the cycle.")


class TorchOneCycle(Section):
    """torch.optim.lr_scheduler.OneCycleLR, knot for knot."""

    name: Literal["torch"] = "torch"
    max_lr: float | None = Field(None, gt=0, description="The peak; default: optimizer.lr.")
    pct_start: float = Field(0.3, gt=0, lt=1, description="Share of the way up.")
    div_factor: float = Field(25.0, ge=1, description="Initial lr is max_lr / div_factor.")
    final_div_factor: float = Field(1e4, ge=1, description="Final lr is the initial lr / final_div_factor.")
    cycle_momentum: bool = Field(True, description="Move momentum (beta1) opposite to the lr.")
    base_momentum: float = Field(0.85, ge=0, lt=1, description="Momentum at the peak.")
    max_momentum: float = Field(0.95, ge=0, lt=1, description="Momentum at both ends.")


PolicyConfig = Annotated[Constant | Range | OneCycle | TorchOneCycle, Field(discriminator="name")]
