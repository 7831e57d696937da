"""What the schema found wrong, in words: what was written, what is allowed, the nearest name."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from lrlab.config.arms import Merged, default_arm, section_arms
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
    "data": "see: lrlab data ls; a set of your own is named in plugins",
    "model": "see: lrlab models ls; a network of your own is named in plugins",
    "init": "see: lrlab init ls",
    "policy": "see: lrlab policy ls",
}


def describe_problem(error: ErrorDetails, path: Path, place: Place, merged: Merged) -> tuple[str, str]:
    """(message, hint) for one problem at `path`."""
    key, kind, context = ".".join(path), error["type"], error.get("ctx", {})
    in_list = path[-1].isdigit()  # an option's place is its list
    written = place.written if place.written is not None and not in_list else _shown(error["input"])
    if kind == "extra_forbidden":
        return _unknown_key(path, merged)
    if kind.startswith("union_tag"):
        return _one_of(key, written, sorted(section_arms(merged.schema)[path[0]]), _LISTINGS.get(path[0], ""))
    if kind == "literal_error":
        return _one_of(key, written, _choices(path, merged), "")
    if path[0] == "plugins" and kind in ("string_pattern_mismatch", "model_type", "model_attributes_type"):
        name = ".".join(path[:2])
        return f"{name} must be package.module:attribute; got {written}", f"for example {name}: my_module:MyNet"
    if kind == "too_short" and context["min_length"] == 1:
        return f"{key} is empty; name at least one", ""
    if kind == "missing":
        return f"{key} is missing", ""
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
    if kind == "too_short":
        return f"{key} needs at least {context['min_length']} values; got {written}", ""
    if kind == "value_error":
        return f"{key}: {context['error']}", ""
    return f"{key}: {error['msg']} (got {written})", ""


def _unknown_key(path: Path, merged: Merged) -> tuple[str, str]:
    *parents, key = path
    known = [name for name in _fields(tuple(parents), merged) if name != "name" or not parents]
    where = ".".join(parents)
    what = f"unknown section {key!r}" if not parents else f"{where} has no key {key!r}"
    if len(parents) == 1 and parents[0] in section_arms(merged.schema):
        what += f" (with name: {_arm(parents[0], merged)})"
    near = nearest(key, known)
    return f"{what}; there are: {', '.join(known)}", f"did you mean {near!r}?" if near else ""


def _one_of(key: str, written: str, names: Iterable[str], listing: str) -> tuple[str, str]:
    names = list(names)
    near = nearest(written, names)
    hints = [f"did you mean {near!r}?" if near else "", listing]
    return f"{key}: there is no {written!r}; there are: {', '.join(names)}", " ".join(filter(None, hints))


def _arm(section: str, merged: Merged) -> str:
    """The name the section has, or gets."""
    given = merged.data.get(section)
    return str(given.get("name", default_arm(section)) if isinstance(given, Mapping) else default_arm(section))


def _fields(path: Path, merged: Merged) -> list[str]:
    model = _model(path, merged)
    return list(model.model_fields) if model is not None else []


def _model(path: Path, merged: Merged) -> type[BaseModel] | None:
    """The model whose keys stand under `path`."""
    model: Any = merged.schema
    for depth, part in enumerate(path):
        if depth == 0 and part in section_arms(merged.schema):
            model = section_arms(merged.schema)[part].get(_arm(part, merged))
        elif get_origin(model) is dict:
            model = get_args(model)[1]
        else:
            fields = getattr(model, "model_fields", {})
            model = fields[part].annotation if part in fields else None
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def _choices(path: Path, merged: Merged) -> list[str]:
    in_list = path[-1].isdigit()
    *parents, key = path[:-1] if in_list else path
    model = _model(tuple(parents), merged)
    annotation = model.model_fields[key].annotation if model else None
    return [str(choice) for choice in get_args(get_args(annotation)[0] if in_list else annotation)]


def _shown(value: Any) -> str:
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else str(value)
    return text if text is not None and len(text) <= 60 else f"{str(text)[:57]}..."


def _numeric(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("+-").isdigit()
