"""`section.key=value` from the command line, and settings that come from options, as layers."""

from collections.abc import Iterable, Sequence
from typing import Any

from lrlab.config.source import Layer, Path, Place, parse_value
from lrlab.errors import ConfigError, Diagnostic


def parse_overrides(overrides: Iterable[str | tuple[int, str]]) -> Layer:
    """All overrides as one layer. `(3, "train.epochs=5")` is argument 3; plain texts count from 1.

    Raises:
        ConfigError: every override that has no `=`, no value, a bad value, or a key given twice.
    """
    data: dict[str, Any] = {}
    places: dict[Path, Place] = {}
    problems: list[Diagnostic] = []
    for position, given in enumerate(overrides, start=1):
        number, text = (position, given) if isinstance(given, str) else given
        where = f"command line, argument {number}"
        key, equals, value = text.partition("=")
        path = tuple(key.strip().split("."))
        if not equals or not all(path):
            problems.append(Diagnostic(where, f"{text!r} is not KEY=VALUE", "for example train.epochs=5"))
        elif not value.strip():
            problems.append(Diagnostic(where, f"{text!r} has no value", f"write {key}=null for none"))
        elif path in places:
            problems.append(Diagnostic(where, f"{key} is given twice; first by {places[path].where}"))
        else:
            try:
                _put(data, path, parse_value(value, where), where)
            except ConfigError as error:
                problems += error.diagnostics
            places[path] = Place(where, f"  {text}", value)
    if problems:
        raise ConfigError(problems)
    return Layer(data, places, places)


def flag_layer(flags: Sequence[tuple[str, str, Any]]) -> Layer:
    """Settings from options: (text of the option, dotted key, value)."""
    data: dict[str, Any] = {}
    places: dict[Path, Place] = {}
    for text, key, value in flags:
        path = tuple(key.split("."))
        _put(data, path, value, text)
        places[path] = Place(text, "", str(value))
    return Layer(data, places, places)


def _put(data: dict[str, Any], path: Path, value: Any, where: str) -> None:
    for depth, key in enumerate(path[:-1], start=1):
        data = data.setdefault(key, {})
        if not isinstance(data, dict):
            taken = ".".join(path[:depth])
            raise ConfigError([Diagnostic(where, f"{'.'.join(path)}: {taken} has a value of its own already")])
    if isinstance(data.get(path[-1]), dict) and data[path[-1]]:
        raise ConfigError([Diagnostic(where, f"{'.'.join(path)} is a section that another argument writes into")])
    data[path[-1]] = value
