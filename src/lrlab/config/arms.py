"""Layers on top of each other, and what happens to a section's keys when its `name` changes.

A later layer that changes the name of a section drops the keys of the old arm that the new arm does not have, with
a note; keys that both have stay. A key written in the same layer as the new name stays whatever it is, so that the
schema refuses it if the new arm does not have it. `train.epochs` and `train.steps` exclude each other likewise.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_args

from pydantic.fields import FieldInfo

from lrlab.config.schema import Config
from lrlab.config.sections.base import Section
from lrlab.config.source import Layer, Path, Place


class Merged:
    """The layers so far.

    Attributes:
        schema: what they are held against.
        data: nested settings.
        keys, values: where each was written.
        notes: what was dropped, and why.
    """

    def __init__(self, schema: type[Config] = Config) -> None:
        self.schema = schema
        self.data: dict[str, Any] = {}
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.notes: list[str] = []

    def add(self, layer: Layer) -> None:
        """Lay `layer` over what is there."""
        for section, arms in section_arms(self.schema).items():
            new = layer.data.get(section)
            if isinstance(new, Mapping) and isinstance(new.get("name"), str):
                self._switch(section, new, arms)
        self._exclude(layer.data.get("train"))
        _merge(self.data, layer.data)
        self.keys.update(layer.keys)
        self.values.update(layer.values)

    def _switch(self, section: str, new: Mapping[str, Any], arms: Mapping[str, type[Section]]) -> None:
        old = self.data.get(section)
        if not isinstance(old, dict) or new["name"] not in arms:
            return
        before = str(old.get("name", default_arm(section)))
        if before == new["name"]:
            return
        if "options" in old and before in arms and "options" in arms[before].model_fields:
            self._drop(section, "options", f"{section}.name is now {new['name']}, and these were {before}'s")
        known = arms[new["name"]].model_fields
        for key in [key for key in old if key not in known and key not in new]:
            if before in arms and key not in arms[before].model_fields:
                continue  # never was a key: let the schema say so
            self._drop(section, key, f"{section}.name is now {new['name']}, which has no {key}")

    def _exclude(self, new: Any) -> None:
        old = self.data.get("train")
        if not isinstance(new, Mapping) or not isinstance(old, dict):
            return
        for given, other in (("steps", "epochs"), ("epochs", "steps")):
            if new.get(given) is not None and other not in new and old.get(other) is not None:
                self._drop("train", other, f"train.{given} was given later")

    def _drop(self, section: str, key: str, reason: str) -> None:
        del self.data[section][key]
        place = self.keys.get((section, key))
        where = f" ({place.where})" if place else ""
        self.notes.append(f"{section}.{key}{where} is dropped: {reason}")


@cache
def section_arms(schema: type[Config]) -> dict[str, dict[str, type[Section]]]:
    """For each section that is a union: name -> its arm."""
    found: dict[str, dict[str, type[Section]]] = {}
    for section, info in schema.model_fields.items():
        if info.discriminator is not None:
            found[section] = {
                name: arm for arm in get_args(info.annotation) for name in _names(arm.model_fields["name"])
            }
    return found


def default_arm(section: str) -> str:
    """The name a union section has when none is written."""
    return str(Config.model_fields[section].get_default(call_default_factory=True).name)


def fill_names(merged: Merged) -> dict[str, Any]:
    """The data with the default name in each union section that is written without one."""
    filled = dict(merged.data)
    if "init" not in filled and _is_plugin(filled.get("model"), merged.schema):
        filled["init"] = {"name": "as_built"}  # weights of the user's own are never drawn anew unasked
    for section in section_arms(merged.schema).keys() & filled.keys():
        if isinstance(filled[section], Mapping) and "name" not in filled[section]:
            filled[section] = {"name": default_arm(section), **filled[section]}
    return filled


def _is_plugin(section: Any, schema: type[Config]) -> bool:
    name = section.get("name") if isinstance(section, Mapping) else None
    return name in section_arms(schema)["model"] and name not in section_arms(Config)["model"]


def merge_all(layers: Sequence[Layer], schema: type[Config] = Config) -> Merged:
    """All layers, the first at the bottom."""
    merged = Merged(schema)
    for layer in layers:
        merged.add(layer)
    return merged


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(key), dict):
            _merge(below[key], value)
        else:
            below[key] = _copied(value)


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _names(info: FieldInfo) -> tuple[str, ...]:
    return get_args(info.annotation)
