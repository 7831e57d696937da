"""Merged settings -> a typed config, or everything that is wrong with them at once."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from lrlab.config.arms import Merged, fill_names, section_arms
from lrlab.config.checks import find_conflicts
from lrlab.config.conflict import Conflict
from lrlab.config.messages import describe_problem
from lrlab.config.schema import Config
from lrlab.config.sections.train import DEFAULT_EPOCHS
from lrlab.config.source import Path, Place
from lrlab.errors import ConfigError, Diagnostic
from lrlab.registry import nearest


def validate(merged: Merged) -> Config:
    """The typed config.

    Raises:
        ConfigError: all problems, in the order of their places.
    """
    data = fill_names(merged)
    try:
        config = merged.schema.model_validate_json(json.dumps(_with_length(data)), strict=True)
        problems: list[Diagnostic] = []
    except ValidationError as error:
        found = {
            d.where + d.message: d
            for e in error.errors(include_url=False)
            if not _follows(e) and (d := _diagnostic(e, merged))
        }
        config, problems = None, [*found.values(), *_hidden_by_a_bad_name(merged)]
    problems += [_conflict(conflict, merged) for conflict in find_conflicts(_valid_sections(data, merged.schema))]
    if problems or config is None:
        raise ConfigError(sorted(problems, key=_place_order))
    return config


def _place_order(problem: Diagnostic) -> list[tuple[int, str]]:
    """Lines, columns and arguments as numbers: line 9 comes before line 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", problem.where)]


def _with_length(data: Mapping[str, Any]) -> dict[str, Any]:
    """`train.epochs` gets its default only here: what was written must be told from what was not."""
    train = data.get("train", {})
    if isinstance(train, Mapping) and train.get("epochs") is None and train.get("steps") is None:
        return {**data, "train": {**train, "epochs": DEFAULT_EPOCHS}}
    return dict(data)


def _valid_sections(data: Mapping[str, Any], schema: type[Config]) -> dict[str, Any]:
    """The sections that are valid by themselves, typed; a contradiction between them is worth reporting already."""
    valid: dict[str, Any] = {}
    for section, info in schema.model_fields.items():
        annotation: Any = info.annotation
        if info.discriminator is not None:
            arms = section_arms(schema)[section]
            name = data[section].get("name") if isinstance(data.get(section), Mapping) else None
            annotation = arms.get(name) if isinstance(name, str) else None
        try:
            if section in data and annotation is not None:
                valid[section] = TypeAdapter(annotation).validate_json(json.dumps(data[section]), strict=True)
            elif section not in data:
                valid[section] = info.get_default(call_default_factory=True)
        except ValidationError:
            continue  # reported already
    return valid


def _hidden_by_a_bad_name(merged: Merged) -> list[Diagnostic]:
    """Keys that no arm has, in sections whose name is wrong: the schema does not look into those."""
    found: list[Diagnostic] = []
    for section, arms in section_arms(merged.schema).items():
        given = merged.data.get(section)
        if not isinstance(given, Mapping) or given.get("name", next(iter(arms))) in arms:
            continue
        known = sorted({key for arm in arms.values() for key in arm.model_fields})
        for key in [key for key in given if key not in known]:
            place, near = _nearest_place((section, key), merged, prefer_key=True), nearest(key, known)
            hint = f"did you mean {near!r}?" if near else ""
            found.append(Diagnostic(place.where, f"{section} has no key {key!r} under any name", hint, place.excerpt))
    return found


def _follows(error: ErrorDetails) -> bool:
    """Of a list whose entries are wrong pydantic also says that it has too few."""
    return error["type"] == "too_short" and bool(error["input"])


def _diagnostic(error: ErrorDetails, merged: Merged) -> Diagnostic:
    loc = tuple(str(part) for part in error["loc"])
    if len(loc) > 1 and loc[0] in section_arms(merged.schema):
        loc = (loc[0], *loc[2:])  # pydantic puts the arm's name after the section
    if error["type"].startswith("union_tag"):
        loc = (loc[0], "name")
    unknown = error["type"] == "extra_forbidden"
    place = _nearest_place(loc, merged, prefer_key=unknown)
    message, hint = describe_problem(error, loc, place, merged)
    return Diagnostic(place.where, message, hint, place.excerpt)


def _conflict(conflict: Conflict, merged: Merged) -> Diagnostic:
    paths = [tuple(dotted.split(".")) for dotted in conflict.fields]
    written = next((path for path in paths if path in merged.values), paths[0])
    place = _nearest_place(written, merged, prefer_key=False)
    return Diagnostic(place.where, conflict.message, conflict.hint, place.excerpt)


def _nearest_place(path: Path, merged: Merged, *, prefer_key: bool) -> Place:
    """Where `path` was written; else something inside it, or the nearest section around it."""
    first, second = (merged.keys, merged.values) if prefer_key else (merged.values, merged.keys)
    for length in range(len(path), 0, -1):
        place = first.get(path[:length]) or second.get(path[:length]) or _below(path[:length], merged)
        if place is not None:
            return place
    return Place("config")


def _below(path: Path, merged: Merged) -> Place | None:
    """Where something inside `path` was written: an override names a leaf and never its section."""
    return next((place for key, place in merged.values.items() if key[: len(path)] == path), None)
