"""The JSON schema of a config file, for editors: draft 7, which is what YAML language servers read.

It accepts every file that lrlab accepts, and catches what one file shows by itself: unknown keys, types, ranges,
names. pydantic's own schema is the start. Three things are different in a file: a section without `name` has a
default or, under `extends`, a parent's; any name may be a plugin's where the file has `plugins` or `extends`; and a
plugin may be written as `package.module:attribute` alone.
"""

import json
from collections.abc import Mapping
from typing import Any

from lrlab.config.arms import default_arm, section_arms
from lrlab.config.keys import PLUGIN, section_sentence, sections
from lrlab.config.schema import Config, schema_for
from lrlab.config.sections.plugins import TARGET

Json = dict[str, Any]
_WORD = "^[A-Za-z_][A-Za-z0-9_-]*$"
_NAMELESS: Json = {"not": {"required": ["name"]}}


def schema_text() -> str:
    """The schema as indented JSON; ends with a newline."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


def config_schema() -> Json:
    """The schema as plain data."""
    schema: Json = _renamed(schema_for(frozenset({PLUGIN})).model_json_schema())
    properties, definitions = schema["properties"], schema["definitions"]
    arms = {section: _arms(properties[section]) for section in section_arms(Config)}
    plugin = properties["plugins"]["additionalProperties"]
    loss = _definition(properties["train"], definitions)["properties"]["loss"]
    losses = _built_in(loss.pop("enum"))
    loss["anyOf"] = _names(losses)
    properties["plugins"] |= {
        "propertyNames": {"pattern": _WORD},
        "additionalProperties": {"anyOf": [{"type": "string", "pattern": TARGET}, plugin]},
    }
    properties["extends"] = {"type": "string", "description": "A config this one builds on; relative to this file."}
    for section, references in arms.items():
        if PLUGIN in references:
            arm = _definition(references[PLUGIN], definitions)
            arm["properties"]["name"] = {"type": "string", "pattern": _WORD}
            arm.pop("required")  # the name may stand in a file that this one extends
        properties[section] = _union(section, references)
    for section in sections():
        properties[section]["description"] = section_sentence(section)
    for keys in (properties, *(definition.get("properties", {}) for definition in definitions.values())):
        keys.update({key: _titled(key, field, definitions) for key, field in keys.items()})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **{key: schema[key] for key in ("type", "additionalProperties", "properties")},
        "title": "lrlab config",
        "allOf": _of_a_whole_file(arms, losses),
        "definitions": definitions,
    }


def _arms(union: Json) -> dict[str, Json]:
    """name -> reference to the keys it has."""
    return {name: {"$ref": path} for name, path in union["discriminator"]["mapping"].items()}


def _definition(reference: Json, definitions: Json) -> Json:
    found: Json = definitions[reference["$ref"].rpartition("/")[2]]
    return found


def _union(section: str, arms: dict[str, Json]) -> Json:
    """A section whose keys depend on its `name`; without one, whatever some arm has."""
    names = _built_in(arms)
    by_arm: dict[str, list[str]] = {}
    for name in names:
        by_arm.setdefault(arms[name]["$ref"], []).append(name)
    rules = [_if(_named({"enum": of_arm}), {"$ref": arm}) for arm, of_arm in by_arm.items()]
    every = dict.fromkeys(reference["$ref"] for reference in arms.values())
    rules.append(_if(_NAMELESS, {"anyOf": [{"$ref": arm} for arm in every]}))
    word: Json = {"description": "Which one; the other keys depend on it.", "default": default_arm(section)}
    if PLUGIN in arms:
        rules.append(_if(_named({"not": {"enum": names}}), arms[PLUGIN]))
        word["anyOf"] = _names(names)
    else:
        word["enum"] = names
    return {"type": "object", "properties": {"name": {"title": "name", **word}}, "allOf": rules}


def _of_a_whole_file(arms: dict[str, dict[str, Json]], losses: list[str]) -> list[Json]:
    """What holds for a file that builds on no other: default names; and without plugins, no name but lrlab's own."""
    default = {section: _if(_NAMELESS, references[default_arm(section)]) for section, references in arms.items()}
    own: Json = {section: {"properties": {"name": {"enum": list(section_arms(Config)[section])}}} for section in arms}
    own["train"] = {"properties": {"loss": {"enum": losses}}}
    extends, plugins = {"required": ["extends"]}, {"required": ["plugins"]}
    return [
        _if({"not": extends}, {"properties": default}),
        _if({"not": {"anyOf": [extends, plugins]}}, {"properties": own}),
    ]


def _names(built_in: list[str]) -> list[Json]:
    return [{"enum": built_in}, {"type": "string", "pattern": _WORD}]


def _named(rule: Json) -> Json:
    return {"required": ["name"], "properties": {"name": rule}}


def _if(condition: Json, then: Json) -> Json:
    return {"if": condition, "then": then}


def _built_in(names: Any) -> list[str]:
    return [name for name in names if name != PLUGIN]


def _titled(key: str, field: Json, definitions: Json) -> Json:
    """A field with its key as title and its unit in the description."""
    unit = field.pop("unit", None)
    if unit is not None:
        field["description"] = f"{field['description']} Unit: {unit}."
    if "$ref" in field:  # draft 7 reads nothing beside it
        field = {"allOf": [{"$ref": field.pop("$ref")}], **field}
        field.setdefault("description", _definition(field["allOf"][0], definitions)["description"])
    return {"title": key, **{name: value for name, value in field.items() if name != "title"}}


def _renamed(value: Any) -> Any:
    """Draft 7 says `definitions`."""
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    if not isinstance(value, Mapping):
        return value.replace("#/$defs/", "#/definitions/") if isinstance(value, str) else value
    return {"definitions" if key == "$defs" else key: _renamed(item) for key, item in value.items()}
