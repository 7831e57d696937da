"""Names for the user's own code: where they are written, what they may be called, what their modules' folder is.

A plugin is named in a `plugins` section or by `--import` and nowhere else; nothing here imports it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as File
from typing import Any

from lrlab.config.source import Layer, Path
from lrlab.errors import ConfigError, Diagnostic
from lrlab.paths import expand_home, real_path
from lrlab.registry import built_in

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def anchor(layer: Layer, folder: File) -> Layer:
    """`layer` with each plugin as target and absolute folder: modules are looked up beside the file that names them."""
    named = layer.data.get("plugins")
    if not isinstance(named, Mapping):
        return layer
    values = dict(layer.values)
    for name in named:
        place = values.get(("plugins", name))
        for key in ("target", "folder"):
            if place is not None:
                values.setdefault(("plugins", name, key), place)
    plugins = {name: _anchored(value, folder) for name, value in named.items()}
    return Layer({**layer.data, "plugins": plugins}, layer.keys, values)


def _anchored(value: Any, folder: File) -> Any:
    if isinstance(value, str):
        return {"target": value, "folder": str(folder)}
    if isinstance(value, Mapping) and isinstance(value.get("folder", ""), str):
        return {**value, "folder": str(real_path(folder / expand_home(value.get("folder", ""))))}
    return value  # the schema says what is wrong with it


def plugin_names(layers: Iterable[Layer]) -> frozenset[str]:
    """Every usable name in the `plugins` sections of `layers`."""
    sections = [layer.data.get("plugins") for layer in layers]
    return frozenset(
        name for section in sections if isinstance(section, Mapping) for name in section if not name_problem(name)
    )


def name_problem(name: str) -> str:
    """Why a plugin cannot be called `name`; empty when it can."""
    if not _NAME.fullmatch(name):
        return "is not a word of letters, digits, _ and -"
    kind = built_in(name)
    return f"is the name of a built-in {kind}" if kind else ""


def import_flags(imports: Sequence[str]) -> list[tuple[str, str, Any]]:
    """`--import NAME=MODULE:ATTRIBUTE` as settings: (text of the option, dotted key, value).

    Raises:
        ConfigError: every one without a `=`, with a name that has a dot, or with a name given twice.
    """
    flags: list[tuple[str, str, Any]] = []
    problems: list[Diagnostic] = []
    for text in imports:
        name, equals, target = (part.strip() for part in text.partition("="))
        where = f"--import {text}"
        if not (equals and target and _NAME.fullmatch(name)):
            hint = "for example --import my_net=my_module:MyNet"
            problems.append(Diagnostic(where, f"{text!r} is not NAME=MODULE:ATTRIBUTE", hint))
        elif any(key == f"plugins.{name}" for _, key, _ in flags):
            problems.append(Diagnostic(where, f"{name} is imported twice"))
        else:
            flags.append((where, f"plugins.{name}", target))
    if problems:
        raise ConfigError(problems)
    return flags


def roles(config: Any) -> dict[Path, str]:
    """Which keys of a typed config name a plugin: path -> the plugin's name."""
    named = {
        ("model", "name"): config.model.name,
        ("data", "name"): config.data.name,
        ("train", "loss"): config.train.loss,
    }
    return {path: name for path, name in named.items() if name in config.plugins}


def identity(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a config asks for, without where the plugins' modules lie and how its keys are versioned."""
    kept = {key: value for key, value in values.items() if key != "schema_version"}
    if kept.get("plugins"):
        kept["plugins"] = {name: plugin["target"] for name, plugin in kept["plugins"].items()}
    else:
        kept.pop("plugins", None)
    return kept
