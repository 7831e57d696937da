"""A config file and what it extends, as layers from the root of the chain to the file itself."""

from pathlib import Path
from typing import Any

from lrlab.config.source import Layer, parse_layer
from lrlab.errors import ConfigError, Diagnostic
from lrlab.registry import nearest


def read_chain(path: Path) -> tuple[list[Layer], str]:
    """The layers of `path` and of all it extends, the most general first; and the text of `path`.

    Raises:
        ConfigError: a file cannot be read or parsed, or the chain is a circle.
    """
    layers: list[Layer] = []
    seen: list[Path] = []
    first_text, current, asked_by = "", path, ""
    while True:
        resolved = current.expanduser().resolve()
        if resolved in seen:
            circle = " -> ".join(p.name for p in (*seen, resolved))
            raise ConfigError([Diagnostic(asked_by, f"extends goes in a circle: {circle}", "remove one of them")])
        text = read_text(current, asked_by)
        layer = parse_layer(text, str(current))
        first_text = first_text if seen else text
        seen.append(resolved)
        parent = layer.data.get("extends")
        layers.insert(0, _without_extends(layer))
        if parent is None:
            return layers, first_text
        place = layer.values[("extends",)]
        if not isinstance(parent, str):
            raise ConfigError([Diagnostic(place.where, f"extends names one file, not {parent!r}", "", place.excerpt)])
        asked_by, current = place.where, current.parent / Path(parent).expanduser()


def read_text(path: Path, asked_by: str = "") -> str:
    """The text of a config file, with or without a byte-order mark.

    Raises:
        ConfigError: missing, a folder, unreadable, empty, binary, or not UTF-8; lists files with a similar name.
    """
    where = asked_by or str(path)
    if not path.expanduser().exists():
        raise ConfigError([Diagnostic(where, f"there is no file {path}", _similar(path))])
    if path.expanduser().is_dir():
        raise ConfigError([Diagnostic(where, f"{path} is a folder, not a config file", _similar(path / "x.yaml"))])
    try:
        text = path.expanduser().read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError([Diagnostic(where, f"cannot read {path}: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Diagnostic(where, f"{path} is not UTF-8 text (byte {error.start})")]) from error
    if "\0" in text:
        raise ConfigError([Diagnostic(where, f"{path} is a binary file, not a config")])
    if not text.strip():
        raise ConfigError([Diagnostic(where, f"{path} is empty", "see: lrlab config show, for every setting")])
    return text


def _similar(path: Path) -> str:
    folder = path.expanduser().parent
    names = sorted(p.name for p in folder.glob("*.y*ml")) if folder.is_dir() else []
    if near := nearest(path.name, names):
        return f"did you mean {folder / near}?"
    return f"in {folder} there are: {', '.join(names[:8])}" if names else ""


def _without_extends(layer: Layer) -> Layer:
    data: dict[str, Any] = {key: value for key, value in layer.data.items() if key != "extends"}
    return Layer(data, layer.keys, layer.values)
