"""A copy of a config with the lr that was found."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lrlab.config.edit import set_keys
from lrlab.config.load import LoadedConfig, load_config
from lrlab.paths import expand_home, real_path
from lrlab.runs.atomic import write_atomic


def one_cycle(policy: Mapping[str, Any], max_lr: float, min_lr: float) -> dict[str, Any]:
    """The keys that make a policy section a one-cycle between the two lrs, to four digits, as the tuned copy has them.

    A final lr of its own stays, unless it is above the min-lr that was found.
    """
    found = {"name": "onecycle", "max_lr": rounded(max_lr), "min_lr": rounded(min_lr)}
    final = policy.get("final_lr")
    above = policy["name"] == "onecycle" and final is not None and final > found["min_lr"]
    return {**found, "final_lr": None} if above else found


def rounded(lr: float) -> float:
    """To four digits."""
    return float(f"{lr:.4g}")


def write_tuned(loaded: LoadedConfig, max_lr: float, path: Path, *, min_lr: float | None = None) -> Path:
    """Write `loaded`'s text with its overrides and `optimizer.lr` set to `max_lr`; comments stay.

    A policy that names its own peak (`policy.max_lr`, constant's `policy.lr`) gets it too. With a `min_lr` the policy
    is a one-cycle between the two. The copy is read back, so that it is known to load.
    """
    policy = loaded.config.policy.model_dump()
    peaks = {key: rounded(max_lr) for key in ("max_lr", "lr") if policy.get(key) is not None}
    found = peaks if min_lr is None else one_cycle(policy, max_lr, min_lr)
    changes = {"optimizer.lr": rounded(max_lr), **{f"policy.{key}": value for key, value in found.items()}}
    switched = found.get("name", policy["name"]) != policy["name"]
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
    kept = {key: value for key, value in _overrides(loaded).items() if not key.startswith("policy.")}
    return set_keys(text, {**extends, **kept, **changes})


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
