"""JSON that other programs can read although losses explode.

JSON has no NaN and no infinities, and Python's bare `NaN` breaks every other parser. They are written as the
strings "nan", "inf" and "-inf", which `float()` takes; `restore` turns exactly these three strings back.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def dumps(value: Any, *, indent: int | None = None) -> str:
    """`value` as JSON text. numpy scalars and 0-d tensors become numbers, paths become strings.

    Raises:
        TypeError: something in `value` has no JSON form.
    """
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False, default=_plain)
    except ValueError:  # a non-finite float somewhere; rare, so only then is the value walked
        return json.dumps(_spell(value), indent=indent, ensure_ascii=False, allow_nan=False)


def restore(value: Any) -> Any:
    """Undo the spelling of non-finite floats in a parsed JSON value, at any depth."""
    if isinstance(value, str):
        return _WORDS.get(value, value)
    if isinstance(value, dict):
        return {key: restore(item) for key, item in value.items()}
    if isinstance(value, list):
        return [restore(item) for item in value]
    return value


def _spell(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {key: _spell(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spell(item) for item in value]
    return _spell(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    for method in ("item", "tolist"):  # numpy scalars and 0-d tensors; then arrays
        convert = getattr(value, method, None)
        if convert is not None and (method == "tolist" or getattr(value, "ndim", 0) == 0):
            return convert()
    raise TypeError(f"{type(value).__name__} has no JSON form")
