"""A nested config as the flat values TensorBoard's hparams page can hold."""

import math
from collections.abc import Mapping
from typing import Any


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, float | int | str]:
    """Dotted names to numbers and strings.

    None becomes "none", booleans "true" and "false" (the page would show 1 and 0), lists and whatever else
    their text; non-finite numbers too, since the page's JSON cannot carry them.
    """
    flat: dict[str, float | int | str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = _plain(value)
    return flat


def _plain(value: Any) -> float | int | str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)) and math.isfinite(value):
        return value
    return str(list(value)) if isinstance(value, (list, tuple)) else str(value)
