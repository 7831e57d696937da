"""What the schema found wrong, in words: what was written, what is allowed, the nearest name."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from lrlab.config.arms import default_arm, section_arms
from lrlab.config.schema import Config
from lrlab.config.source import Path, Place
from lrlab.registry import nearest

_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "model_type": "a section of keys",
    "model_attributes_type": "a section of keys",
    "dict_type": "a section of keys",
    "int_from_float": "a whole number",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": "above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "below {lt}",
    "less_than_equal": "at most {le}",
}
_LISTINGS = {
    "data": "lrlab data ls",
    "model": "lrlab models ls",
    "init": "lrlab init ls",
    "policy": "lrlab policy ls",
}


def describe_problem(error: ErrorDetails, path: Path, place: Place, data: Mapping[str, Any]) -> tuple[str, str]:
    """(message, hint) for one problem at `path`."""
    key, kind, context = ".".join(path), error["type"], error.get("ctx", {})
    written = place.written if place.written is not None else _shown(error["input"])
    if kind == "extra_forbidden":
        return _unknown_key(path, data)
    if kind.startswith("union_tag"):
        names = sorted(section_arms()[path[0]])
        listing = _LISTINGS.get(path[0])
        return _one_of(key, written, names, f"see: {listing}" if listing else "")
    if kind == "literal_error":
        return _one_of(key, written, _choices(path, data), "")
    if kind == "string_pattern_mismatch":
        return (
            f"{key}: {written!r} is not one of auto, cpu, cuda, cuda:N",
            "use auto to take CUDA where there is one",
        )
    if kind in _KINDS:
        quoted = (
            " (quoted, so it is text)"
            if isinstance(error["input"], str) and kind != "bool_type" and _numeric(error["input"])
            else ""
        )
        return f"{key} must be {_KINDS[kind]}; got {written}{quoted}", ""
    if kind in _BOUNDS:
        return f"{key} must be {_BOUNDS[kind].format(**context)}; got {written}", ""
    return f"{key}: {error['msg']} (got {written})", ""


def _unknown_key(path: Path, data: Mapping[str, Any]) -> tuple[str, str]:
    *parents, key = path
    known = [name for name in _fields(tuple(parents), data) if name != "name" or not parents]
    where = ".".join(parents)
    what = f"unknown section {key!r}" if not parents else f"{where} has no key {key!r}"
    arm = data.get(parents[0], {}) if len(parents) == 1 else {}
    if len(parents) == 1 and parents[0] in section_arms() and isinstance(arm, Mapping):
        what += f" (with name: {arm.get('name', default_arm(parents[0]))})"
    near = nearest(key, known)
    return f"{what}; there are: {', '.join(known)}", f"did you mean {near!r}?" if near else ""


def _one_of(key: str, written: str, names: Iterable[str], listing: str) -> tuple[str, str]:
    names = list(names)
    near = nearest(written, names)
    hints = [f"did you mean {near!r}?" if near else "", listing]
    return f"{key}: there is no {written!r}; there are: {', '.join(names)}", " ".join(filter(None, hints))


def _fields(path: Path, data: Mapping[str, Any]) -> list[str]:
    model = _model(path, data)
    return list(model.model_fields) if model is not None else []


def _model(path: Path, data: Mapping[str, Any]) -> type[BaseModel] | None:
    """The model whose keys stand under `path`."""
    if not path:
        return Config
    if path[0] in section_arms():
        section = data.get(path[0])
        name = section.get("name", default_arm(path[0])) if isinstance(section, Mapping) else default_arm(path[0])
        model: Any = section_arms()[path[0]].get(name)
    else:
        info = Config.model_fields.get(path[0])
        model = info.annotation if info else None
    for part in path[1:]:
        model = model.model_fields[part].annotation if model is not None and part in model.model_fields else None
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def _choices(path: Path, data: Mapping[str, Any]) -> list[str]:
    model = _model(path[:-1], data)
    return [str(choice) for choice in get_args(model.model_fields[path[-1]].annotation)] if model else []


def _shown(value: Any) -> str:
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else str(value)
    return text if text is not None and len(text) <= 60 else f"{str(text)[:57]}..."


def _numeric(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("+-").isdigit()
