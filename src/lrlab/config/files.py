"""A config file and what it extends, as layers from the root of the chain to the file itself."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lrlab.config.plugins import anchor
from lrlab.config.shipped import shipped_configs
from lrlab.config.source import Layer, parse_layer
from lrlab.config.versions import migrate
from lrlab.errors import ConfigError, Diagnostic, ResourceError
from lrlab.paths import expand_home, real_path
from lrlab.registry import nearest


def read_chain(path: Path) -> tuple[list[Layer], str, list[str]]:
    """The layers of `path` and of all it extends, the most general first; the text of `path`; notes for the user.

    Relative paths in a file are relative to the file itself, also where it is reached by a link.

    Raises:
        ConfigError: a file cannot be read or parsed or is newer than this lrlab, or the chain is a circle.
    """
    layers: list[Layer] = []
    notes: list[str] = []
    seen: list[Path] = []
    first_text, current, asked_by = "", path, ""
    while True:
        resolved = real_path(current)
        if resolved in seen:
            circle = " -> ".join(p.name for p in (*seen, resolved))
            raise ConfigError([Diagnostic(asked_by, f"extends goes in a circle: {circle}", "remove one of them")])
        text = read_text(current, asked_by)
        layer, changes = migrate(parse_layer(text, str(current)), str(current))
        notes += changes
        first_text = first_text if seen else text
        seen.append(resolved)
        parent = layer.data.get("extends")
        layers.insert(0, anchor(_without_extends(layer), resolved.parent))
        if parent is None:
            return layers, first_text, notes
        place = layer.values[("extends",)]
        if not isinstance(parent, str):
            raise ConfigError([Diagnostic(place.where, f"extends names one file, not {parent!r}", "", place.excerpt)])
        beside = resolved.parent if expand_home(current).is_symlink() else current.parent
        asked_by, current = place.where, beside / expand_home(Path(parent))


def find_configs(paths: Iterable[Path]) -> list[Path]:
    """The files among `paths`, and every YAML file below a folder among them.

    Raises:
        ConfigError: a folder has none.
    """
    found: list[Path] = []
    for path in paths:
        if not os.path.isdir(folder := expand_home(path)):
            found.append(path)
            continue
        below = sorted(file for file in folder.rglob("*.y*ml") if file.suffix in (".yaml", ".yml"))
        if not below:
            raise ConfigError([Diagnostic(str(path), "there is no YAML file in this folder")])
        found += below
    return found


def read_text(path: Path, asked_by: str = "") -> str:
    """The text of a config file, with or without a byte-order mark.

    Raises:
        ConfigError: missing, a folder, unreadable, empty, binary, or not UTF-8; lists files with a similar name.
    """
    where, file = asked_by or str(path), expand_home(path)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConfigError([Diagnostic(where, f"there is no file {path}", _similar(path))]) from error
    except IsADirectoryError as error:
        hint = _similar(path / "x.yaml")
        raise ConfigError([Diagnostic(where, f"{path} is a folder, not a config file", hint)]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Diagnostic(where, f"{path} is not UTF-8 text (byte {error.start})")]) from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or error
        raise ConfigError([Diagnostic(where, f"cannot read {path}: {reason}")]) from error
    if "\0" in text:
        raise ConfigError([Diagnostic(where, f"{path} is a binary file, not a config")])
    if not text.strip():
        raise ConfigError([Diagnostic(where, f"{path} is empty", "see: lrlab config show, for every setting")])
    return text


def _similar(path: Path) -> str:
    folder = expand_home(path).parent
    names = sorted(p.name for p in folder.glob("*.y*ml")) if folder.is_dir() else []
    if near := nearest(path.name, names):
        return f"did you mean {folder / near}?"
    with suppress(ResourceError):
        if path.stem in shipped_configs():
            return f"to have a copy of the one that comes with lrlab: lrlab configs cp {path.stem} {path}"
    return f"in {folder} there are: {', '.join(names[:8])}" if names else ""


def _without_extends(layer: Layer) -> Layer:
    data: dict[str, Any] = {key: value for key, value in layer.data.items() if key != "extends"}
    return Layer(data, layer.keys, layer.values)
