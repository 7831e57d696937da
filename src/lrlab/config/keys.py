"""Every key a config can have, read off the schema: type, unit, default, range, sentence."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lrlab.config.arms import default_arm, section_arms
from lrlab.config.explain import yaml_scalar
from lrlab.config.schema import Config, schema_for

PLUGIN = "NAME"  # stands for whatever name a plugin is given
_TYPES: dict[Any, str] = {int: "int", float: "float", bool: "bool", str: "text", NoneType: "null"}
_BOUNDS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key, as it is written.

    Attributes:
        name: dotted below its section, for example `checkpoint.every`.
        type: in words; choices for a closed list.
        unit: of the value; empty where it has none or the sentence says it.
        default: as YAML; `required` where there is none.
        range: what numbers are allowed; empty for all.
        sentence: what it is for.
    """

    name: str
    type: str
    unit: str
    default: str
    range: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Arm:
    """The keys of a section under some of its names.

    Attributes:
        names: of the arm; empty for a section without a name.
        default: the name in `names` that the section has unless it says another.
        summary: what it is, in one line.
    """

    names: tuple[str, ...]
    default: str | None
    summary: str
    keys: tuple[Key, ...]


def top_keys() -> tuple[Key, ...]:
    """The keys of a config that are no sections."""
    extends = Key("extends", "text", "", "none", "", "A config this one builds on; relative to this file.")
    inside = _section_names()
    return (extends, *(_key(name, info) for name, info in Config.model_fields.items() if name not in inside))


def sections() -> dict[str, tuple[Arm, ...]]:
    """Every section with its arms, in the order of the schema; a plugin's arm has the name `NAME`."""
    schema = schema_for(frozenset({PLUGIN}))
    found: dict[str, tuple[Arm, ...]] = {}
    for section in _section_names():
        arms = section_arms(schema).get(section)
        if arms is None:
            model: Any = schema.model_fields[section].annotation
            found[section] = (Arm((), None, _summary(model), tuple(_keys(model))),)
            continue
        by_model: dict[Any, list[str]] = {}
        for name, model in arms.items():
            by_model.setdefault(model, []).append(name)
        found[section] = tuple(_arm(section, model, names) for model, names in by_model.items())
    return found


def section_sentence(section: str) -> str:
    """What a section is about: the first line of the module that its keys are defined in."""
    model = next(iter(section_arms(Config).get(section, {}).values()), Config.model_fields[section].annotation)
    document = (sys.modules[model.__module__].__doc__ or "").strip().splitlines()[0]
    return document.removeprefix(f"`{section}:` ").strip()


def _section_names() -> list[str]:
    arms = section_arms(Config)
    return [name for name, info in Config.model_fields.items() if name in arms or _is_model(info.annotation)]


def _arm(section: str, model: type[BaseModel], names: list[str]) -> Arm:
    default = default_arm(section)
    keys = tuple(key for key in _keys(model) if key.name != "name")
    return Arm(tuple(names), default if default in names else None, _summary(model), keys)


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[Key]:
    for name, info in model.model_fields.items():
        if _is_model(info.annotation):
            yield from _keys(info.annotation, f"{prefix}{name}.")  # type: ignore[arg-type]
        else:
            yield _key(f"{prefix}{name}", info)


def _key(name: str, info: FieldInfo) -> Key:
    extra = info.json_schema_extra
    unit = str(extra.get("unit", "")) if isinstance(extra, Mapping) else ""
    value = info.get_default(call_default_factory=True)
    default = "required" if info.is_required() else value if isinstance(value, str) else yaml_scalar(value)
    bounds = [f"{sign} {yaml_scalar(limit)}" for sign, limit in _bounds(info)]
    return Key(name, _type(info.annotation), unit, default, ", ".join(bounds), info.description or "")


def _bounds(info: FieldInfo) -> Iterator[tuple[str, float]]:
    for bound in info.metadata:
        yield from ((sign, getattr(bound, key)) for key, sign in _BOUNDS.items() if hasattr(bound, key))


def _type(annotation: Any) -> str:
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inside[0])
    if origin is Literal:
        return ", ".join(map(str, inside))
    if origin in (Union, UnionType):
        return " or ".join(_type(part) for part in inside)
    if origin is tuple:
        return f"list of {_type(inside[0])}"
    if origin is dict:
        return "mapping"
    return _TYPES.get(annotation, str(annotation))


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
