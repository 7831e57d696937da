"""How long something lasts, as a config says it. `policies.durations` turns it into steps."""

import re
from typing import Annotated, Any, TypeGuard

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

PATTERN = r"^(\d+it|\d+(\.\d+)?(ep|%))$"
BUDGET = r"^[1-9]\d*(it|ep)$"


def _length(value: Any) -> str:
    if isinstance(value, str) and _sensible(value):
        return value
    raise PydanticCustomError("length", "a length has a unit: 200it (steps), 5ep (epochs) or 10% (of the training)")


def _duration(value: Any) -> int | str:
    if _count_or_length(value):
        return value
    raise PydanticCustomError("duration", "a duration is parts (30), steps (200it), epochs (5ep) or a share (37.5%)")


def _steps(value: Any) -> int | str:
    if _count_or_length(value):
        return value
    raise PydanticCustomError("steps", "must be a number of steps (50), or 200it, 5ep (epochs), 10% (of the training)")


def _count_or_length(value: Any) -> TypeGuard[int | str]:
    if isinstance(value, int):
        return not isinstance(value, bool) and value >= 1
    return isinstance(value, str) and _sensible(value)


def _budget(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(BUDGET, value, re.ASCII):
        return value
    raise PydanticCustomError("budget", "a budget is whole epochs (3ep) or steps (200it)")


def _sensible(written: str) -> bool:
    """Whether it is a length: longer than no time, and not more than the whole."""
    if re.fullmatch(PATTERN, written, re.ASCII) is None:
        return False
    amount = float(written.rstrip("itep%"))
    return amount > 0 and (amount <= 100 or not written.endswith("%"))


_TEXT = {"type": "string", "pattern": PATTERN}
Length = Annotated[str, PlainValidator(_length), WithJsonSchema(_TEXT)]
"""`200it`, `5ep` or `10%`."""
_COUNT_OR_TEXT = {"anyOf": [{"type": "integer", "minimum": 1}, _TEXT]}
Duration = Annotated[int | str, PlainValidator(_duration), WithJsonSchema(_COUNT_OR_TEXT)]
"""A length, or parts of what is left."""
Steps = Annotated[int | str, PlainValidator(_steps), WithJsonSchema(_COUNT_OR_TEXT)]
"""A length, or a number of steps."""
Budget = Annotated[str, PlainValidator(_budget), WithJsonSchema({"type": "string", "pattern": BUDGET})]
"""`200it` or `3ep`: the length of a training."""
