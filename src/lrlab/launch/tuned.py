"""A copy of a config with the lr that was found."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lrlab.config.edit import set_keys
from lrlab.config.load import LoadedConfig, load_config
from lrlab.paths import expand_home, real_path
from lrlab.runs.atomic import write_atomic

_FOUND = ("policy.name", "policy.max_lr", "policy.min_lr")  # what a one-cycle gets


def write_tuned(loaded: LoadedConfig, max_lr: float, path: Path, *, min_lr: float | None = None) -> Path:
    """Write `loaded`'s text with its overrides and `optimizer.lr` set to `max_lr`; comments stay.

    A policy that names its own peak (`policy.max_lr`, constant's `policy.lr`) gets it too. With a `min_lr` the policy
    is a one-cycle between the two. The copy is read back, so that it is known to load.
    """
    found = float(f"{max_lr:.4g}")
    policy = loaded.config.policy
    changes: dict[str, Any] = {"optimizer.lr": found}
    for key in ("max_lr", "lr"):
        if getattr(policy, key, None) is not None:
            changes[f"policy.{key}"] = found
    if min_lr is not None:
        changes |= {"policy.name": "onecycle", "policy.max_lr": found, "policy.min_lr": float(f"{min_lr:.4g}")}
    switched = min_lr is not None and policy.name != "onecycle"
    write_atomic(path, _child(loaded, changes, path) if switched else _copy(loaded, changes, path))
    load_config(path)
    return path


def _copy(loaded: LoadedConfig, changes: Mapping[str, Any], path: Path) -> str:
    """The config's own text with its overrides and the changes in it."""
    text = loaded.source_text or "# made by lrlab --apply\n"
    parent = _parent(loaded)
    extends = {"extends": os.path.relpath(parent, path.parent.resolve())} if parent is not None else {}
    return set_keys(text, {**_overrides(loaded), **changes, **extends})


def _child(loaded: LoadedConfig, changes: Mapping[str, Any], path: Path) -> str:
    """A file that extends the config: a policy of another name can take the place of the one below it only there."""
    text = "# made by lrlab --apply\n"
    extends = {} if loaded.path is None else {"extends": os.path.relpath(real_path(loaded.path), path.parent.resolve())}
    own = {key: value for key, value in changes.items() if not key.startswith("policy.") or key in _FOUND}
    kept = {key: value for key, value in _overrides(loaded).items() if not key.startswith("policy.")}
    return set_keys(text, {**extends, **kept, **own})


def _overrides(loaded: LoadedConfig) -> dict[str, Any]:
    """What the command line set."""
    plugins = {f"plugins.{name}": plugin.model_dump() for name, plugin in loaded.config.plugins.items()}
    return {**plugins, **{key: value for key, value in loaded.overrides.items() if not key.startswith("plugins.")}}


def _parent(loaded: LoadedConfig) -> Path | None:
    """The file that the config extends, absolute; the copy lies elsewhere."""
    import yaml

    if loaded.path is None or loaded.source_text is None:
        return None
    node = yaml.compose(loaded.source_text, Loader=yaml.BaseLoader)
    named = {key.value: value.value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    beside = real_path(loaded.path).parent
    return real_path(beside / expand_home(named["extends"])) if "extends" in named else None
