"""Values that do not go together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Sections = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Fields that do not go together. `fields` are dotted keys, the ones to point at first."""

    fields: tuple[str, ...]
    message: str
    hint: str = ""
