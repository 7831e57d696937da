"""`tune:` the whole recipe, and what it may cost."""

import re
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from lrlab.config.sections.base import Section

PATTERN = r"^(\d+it|\d+(\.\d+)?(ep|min))$"


def _budget(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(PATTERN, value, re.ASCII) and float(value.rstrip("itepmn")) > 0:
        return value
    raise PydanticCustomError(
        "budget", "a budget has a unit: 30ep (epochs' worth of updates), 3000it (updates) or 10min"
    )


Budget = Annotated[str, PlainValidator(_budget), WithJsonSchema({"type": "string", "pattern": PATTERN})]


class TuneConfig(Section):
    """Range test, min-lr search, training."""

    budget: Budget | None = Field(
        None,
        description="What all of it may cost, over all seeds: updates (3000it), epochs' worth of them (30ep) or "
        "minutes of computing (10min). A third at most is the search's. Default: the searches as they are, the "
        "training as train has it.",
    )
    baseline: bool = Field(
        False, description="Also train with the config's own lr and policy, on the same seeds; beyond the budget."
    )
