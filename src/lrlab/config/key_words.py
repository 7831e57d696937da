"""The keys that `key=value` can set and what may stand behind the `=`, for completion in a shell.

Read off the JSON schema that comes with lrlab: that takes milliseconds, importing the schema itself far longer.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lrlab.config.shipped import schema_file

Json = dict[str, Any]
_FILE_ONLY = ("extends", "plugins", "schema_version")  # written in files, not on a command line


@dataclass(frozen=True, slots=True)
class KeyWord:
    """One key.

    Attributes:
        name: dotted, for example `train.checkpoint.every`.
        values: those that can be listed: of an enumeration, true and false, null, the default.
        sentence: what it is for.
    """

    name: str
    values: tuple[str, ...]
    sentence: str


def key_words(chosen: Mapping[str, str]) -> dict[str, KeyWord]:
    """All keys, by name; `chosen` says of a section which `name` it has, as far as that is known.

    A section whose name is not known has the keys of all its names.
    """
    schema = json.loads(schema_file().read_text(encoding="utf-8"))
    definitions = schema["definitions"]
    found: dict[str, KeyWord] = {}
    for section, node in schema["properties"].items():
        if section not in _FILE_ONLY:
            for key in _keys(section, node, definitions, chosen.get(section)):
                known = found.get(key.name)
                values = dict.fromkeys((*(known.values if known else ()), *key.values))
                found[key.name] = KeyWord(key.name, tuple(values), known.sentence if known else key.sentence)
    return found


def _keys(name: str, node: Json, definitions: Json, arm: str | None) -> Iterator[KeyWord]:
    """The key `name` itself, or all keys below it."""
    fields = node.get("properties", {})
    models = _models(node, arm)
    if not fields and not models:
        yield KeyWord(name, tuple(_values(node)), node.get("description", ""))
    for field, inner in fields.items():
        yield from _keys(f"{name}.{field}", inner, definitions, None)
    for model in models:
        for field, inner in definitions[model].get("properties", {}).items():
            if field not in fields:
                yield from _keys(f"{name}.{field}", inner, definitions, None)


def _models(node: Json, arm: str | None) -> list[str]:
    """The definitions that a section follows: its only one, that of the arm, or those of all arms."""
    found: dict[str, list[str]] = {}
    for rule in node.get("allOf", []):
        reference = rule.get("then", rule).get("$ref")
        if reference is not None:
            names = rule.get("if", {}).get("properties", {}).get("name", {}).get("enum", [""])
            found.setdefault(reference.rpartition("/")[2], []).extend(names)
    return [model for model, names in found.items() if arm in names] or list(found)


def _values(node: Json) -> Iterator[str]:
    for part in (node, *node.get("anyOf", [])):
        yield from map(str, part.get("enum", []))
        yield from ("true", "false") if part.get("type") == "boolean" else ()
        yield from ("null",) if part.get("type") == "null" else ()
    default = node.get("default")
    if isinstance(default, str) and default:
        yield default
    elif isinstance(default, int | float) and not isinstance(default, bool):
        yield json.dumps(default)
