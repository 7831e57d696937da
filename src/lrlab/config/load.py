"""A config from a file, overrides and options."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrlab.config.arms import merge_all
from lrlab.config.files import read_chain
from lrlab.config.overrides import flag_layer, parse_overrides
from lrlab.config.plugins import anchor, plugin_names, roles
from lrlab.config.schema import Config, schema_for
from lrlab.config.source import Layer
from lrlab.config.validate import validate
from lrlab.errors import ConfigError, Diagnostic


@dataclass(frozen=True)
class LoadedConfig:
    """A config and where it came from.

    Attributes:
        config: every value, typed.
        origins: dotted key -> `file:line:col`, `command line, argument 2` or an option; keys left out are defaults.
        notes: what was dropped, migrated or left unused on the way, for the user.
        source_text: the text of the file, as written; None without one.
        path: the file; None for the embedded default.
        overrides: values that came from overrides and options, by dotted key.
    """

    config: Config
    origins: Mapping[str, str]
    notes: tuple[str, ...]
    source_text: str | None
    path: Path | None
    overrides: Mapping[str, Any]


def load_config(
    path: Path | None,
    overrides: Iterable[str | tuple[int, str]] = (),
    *,
    flags: Sequence[tuple[str, str, Any]] = (),
) -> LoadedConfig:
    """Read `path` and what it extends, lay overrides and options over it, and check everything.

    Args:
        path: a YAML file; None takes the embedded default, the digits.
        overrides: `section.key=value`, each with its position on the command line or without.
        flags: what options set: (text of the option, dotted key, value). They come last.

    Raises:
        ConfigError: everything wrong, at once.
    """
    problems: list[Diagnostic] = []
    layers: list[Layer] = []
    notes: list[str] = []
    text = None
    try:
        if path is not None:
            layers, text, notes = read_chain(path)
    except ConfigError as error:
        problems += error.diagnostics
    above: list[Layer] = []
    makers: tuple[Callable[[], Layer], ...] = (lambda: parse_overrides(overrides), lambda: flag_layer(flags))
    for make in makers:
        try:
            above.append(anchor(make(), Path.cwd()))
        except ConfigError as error:
            problems += error.diagnostics
    if problems:
        raise ConfigError(problems)
    layers += above
    merged = merge_all(layers, schema_for(plugin_names(layers)))
    config = validate(merged)
    origins = {".".join(key): place.where for key, place in merged.values.items()}
    notes += [*merged.notes, *_unused(config, origins)]
    return LoadedConfig(config, origins, tuple(notes), text, path, _leaves(above))


def _unused(config: Config, origins: Mapping[str, str]) -> list[str]:
    used = roles(config).values()
    return [
        f"plugins.{name} ({origins.get(f'plugins.{name}', 'default')}) is named and nothing uses it"
        for name in config.plugins
        if name not in used
    ]


def _leaves(layers: Sequence[Layer]) -> dict[str, Any]:
    """Dotted key -> value of all layers, the last one winning."""
    found: dict[str, Any] = {}
    for layer in layers:
        _collect(layer.data, "", found)
    return found


def _collect(data: Mapping[str, Any], prefix: str, found: dict[str, Any]) -> None:
    for key, value in data.items():
        if isinstance(value, Mapping):
            _collect(value, f"{prefix}{key}.", found)
        else:
            found[prefix + key] = value
