"""Scalars as YAML 1.2 reads them: `1e-3` is a number, `no` is a word, `010` is ten."""

import math
import re

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INF = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_LONGEST = 400  # digits; a number that long is no number of an experiment

Scalar = str | int | float | bool | None


def read_scalar(text: str) -> Scalar:
    """The value of a plain (unquoted) scalar, by the core schema of YAML 1.2, section 10.3."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if len(text) > _LONGEST:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if infinite := _INF.fullmatch(text):
        return -math.inf if infinite[1] == "-" else math.inf
    return math.nan if text in {".nan", ".NaN", ".NAN"} else text
