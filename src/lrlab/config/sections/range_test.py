"""`range_test:` the sweep and how it is read."""

from typing import Literal

from pydantic import Field

from lrlab.config.sections.base import STEPS, Section

Suggestion = Literal["min/2", "sqrt(steep*min)", "steep", "min", "min/10", "valley"]


class RangeTestConfig(Section):
    """The range test."""

    lr_min: float = Field(1e-6, gt=0, description="First lr.")
    lr_max: float = Field(10.0, gt=0, description="Last lr.")
    steps: int = Field(100, ge=10, json_schema_extra=STEPS, description="Optimizer updates.")
    shape: Literal["exponential", "linear"] = Field("exponential", description="How the lr rises.")
    staircase: int = Field(1, ge=1, json_schema_extra=STEPS, description="Updates per lr.")
    seeds: int = Field(1, ge=1, description="Sweeps, each with its own weights and data order.")
    validation: bool = Field(False, description="Also the loss of one validation mini-batch after each update.")
    accuracy: bool = Field(False, description="Also the accuracy on each training batch, before its update.")
    grad_norm: bool = Field(False, description="Also the 2-norm of the whole gradient of each update.")
    stop: bool = Field(True, description="End at divergence; a non-finite loss always ends the sweep.")
    suggestion: Suggestion = Field("min/2", description="The rule whose lr is the answer.")
