"""`find_min_lr:` the search for the lr that a climb to max-lr should begin at."""

from typing import Annotated, Literal

from pydantic import Field

from lrlab.config.sections.base import STEPS, Lr, Section

Ratio = Annotated[float, Field(gt=0, le=1)]


class FindMinLrConfig(Section):
    """The min-lr search."""

    max_lr: float | None = Field(None, gt=0, description="Where every climb ends; default: a range test finds it.")
    ratios: tuple[Ratio, ...] | None = Field(
        None, min_length=2, description="Candidates as shares of max_lr; default: four from 1/10 to 1/5, geometric."
    )
    lrs: tuple[Lr, ...] | None = Field(None, min_length=2, description="Instead of ratios: candidate lrs.")
    seeds: int = Field(5, ge=1, description="Climbs of each candidate, all candidates with the same seeds.")
    steps: int = Field(50, ge=3, json_schema_extra=STEPS, description="Updates of a climb.")
    hold: int | None = Field(
        None, ge=1, json_schema_extra=STEPS, description="Updates at max_lr after it; default: a quarter of steps."
    )
    gate_seeds: int = Field(3, ge=1, description="Climbs that must survive before candidates are compared.")
    method: Literal["time-to-target", "stable-ramp"] = Field(
        "time-to-target",
        description="time-to-target: updates until the loss is down at a level taken from the gate's climbs; "
        "stable-ramp: the shortest climb that survives.",
    )
    auto_shrink: bool = Field(False, description="Where max_lr fails, go on with the largest half of it that passes.")
    confirm: bool = Field(False, description="Then train winner and reference with short one-cycles, paired.")
    confirm_steps: int = Field(200, ge=3, json_schema_extra=STEPS, description="Updates of such a training.")
