"""A copy of a config with the lr that was found."""

import os
from pathlib import Path
from typing import Any

from lrlab.config.edit import set_keys
from lrlab.config.load import LoadedConfig, load_config
from lrlab.paths import expand_home, real_path
from lrlab.runs.atomic import write_atomic


def write_tuned(loaded: LoadedConfig, max_lr: float, path: Path, *, min_lr: float | None = None) -> Path:
    """Write `loaded`'s text with its overrides and `optimizer.lr` set to `max_lr`; comments stay.

    A policy that names its own peak (`policy.max_lr`, constant's `policy.lr`) gets it too, and one that has a
    `min_lr` the one that was found. The copy is read back before it is written, so that it is known to load.
    """
    text = loaded.source_text or f"# made by lrlab {'range-test' if min_lr is None else 'find-min-lr'} --apply\n"
    rounded = float(f"{max_lr:.4g}")
    plugins = {f"plugins.{name}": plugin.model_dump() for name, plugin in loaded.config.plugins.items()}
    written = {key: value for key, value in loaded.overrides.items() if not key.startswith("plugins.")}
    changes: dict[str, Any] = {**plugins, **written, "optimizer.lr": rounded}
    policy = loaded.config.policy
    for key in ("max_lr", "lr"):
        if getattr(policy, key, None) is not None:
            changes[f"policy.{key}"] = rounded
    if min_lr is not None and hasattr(policy, "min_lr"):
        changes["policy.min_lr"] = float(f"{min_lr:.4g}")
    parent = _parent(loaded)
    if parent is not None:
        changes["extends"] = os.path.relpath(parent, path.parent.resolve())
    write_atomic(path, set_keys(text, changes))
    load_config(path)
    return path


def _parent(loaded: LoadedConfig) -> Path | None:
    """The file that the config extends, absolute; the copy lies elsewhere."""
    import yaml

    if loaded.path is None or loaded.source_text is None:
        return None
    node = yaml.compose(loaded.source_text, Loader=yaml.BaseLoader)
    named = {key.value: value.value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    beside = real_path(loaded.path).parent
    return real_path(beside / expand_home(named["extends"])) if "extends" in named else None
