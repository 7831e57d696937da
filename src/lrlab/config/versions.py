"""`schema_version`: what a file means never depends on which lrlab reads it.

A file without the key is version 1, now and later. A newer version is refused; an older one is brought up to date
in memory, one version at a time, before layers are merged, so that files of different versions can extend each other.
"""

from collections.abc import Callable, Mapping
from typing import Any

from lrlab.config.source import Layer, Path, Place
from lrlab.errors import ConfigError, Diagnostic

SCHEMA_VERSION = 1
Migration = Callable[[Layer], tuple[Layer, list[str]]]
MIGRATIONS: dict[int, Migration] = {}  # version -> the layer in the next one, and a sentence for each change


def migrate(layer: Layer, name: str) -> tuple[Layer, list[str]]:
    """`layer`, the contents of the file `name`, in the present version; and notes for the user.

    Raises:
        ConfigError: the file is newer than this lrlab.
    """
    version = layer.data.get("schema_version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        return layer, []  # the schema says what is wrong with it
    if version > SCHEMA_VERSION:
        place = layer.values[("schema_version",)]
        message = f"schema_version={version} is newer than this lrlab, which reads up to {SCHEMA_VERSION}"
        raise ConfigError([Diagnostic(place.where, message, "update lrlab: pip install -U lrlab", place.excerpt)])
    changes: list[str] = []
    for step in range(version, SCHEMA_VERSION):
        layer, done = MIGRATIONS[step](layer)
        changes += done
    written = "schema_version" in layer.data
    layer = Layer(
        {key: value for key, value in layer.data.items() if key != "schema_version"}, layer.keys, layer.values
    )
    if version == SCHEMA_VERSION or not (changes or written):
        return layer, []
    what = "; ".join(changes) or "nothing in it changed"
    note = f"{name} is schema version {version}, read as version {SCHEMA_VERSION}: {what}"
    return layer, [note]


def move_key(layer: Layer, old: str, new: str) -> tuple[Layer, list[str]]:
    """What most migrations are made of: the dotted key `old` is `new` from now on. Its place stays the written one."""
    source, target = tuple(old.split(".")), tuple(new.split("."))
    data = _copied(layer.data)
    holder = _section(data, source[:-1])
    if holder is None or source[-1] not in holder:
        return layer, []
    value = holder.pop(source[-1])
    inner = data
    for part in target[:-1]:
        inner = inner.setdefault(part, {})
    inner[target[-1]] = value
    moved = Layer(data, _moved(layer.keys, source, target), _moved(layer.values, source, target))
    return moved, [f"{old} is now {new}"]


def _section(data: dict[str, Any], path: Path) -> dict[str, Any] | None:
    for part in path:
        inner = data.get(part)
        if not isinstance(inner, dict):
            return None
        data = inner
    return data


def _moved(places: Mapping[Path, Place], source: Path, target: Path) -> dict[Path, Place]:
    depth = len(source)
    return {target + path[depth:] if path[:depth] == source else path: place for path, place in places.items()}


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, Mapping) else value
