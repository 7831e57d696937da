"""Which code of the user's own a run is made of: imported before anything else, recorded, and the same on resume."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from lrlab.config.load import LoadedConfig
from lrlab.config.plugins import roles
from lrlab.config.schema import Config
from lrlab.errors import ConfigError, Diagnostic, UsageError
from lrlab.launch.plugin_import import import_plugin, plugin_file


def import_used(loaded: LoadedConfig) -> None:
    """Import every plugin that the config uses; a problem names the place in the config.

    Raises:
        ConfigError: everything wrong with them, at once.
    """
    problems = []
    for name in dict.fromkeys(roles(loaded.config).values()):
        try:
            import_plugin(name, loaded.config.plugins[name])
        except UsageError as error:
            where = loaded.origins.get(f"plugins.{name}", "config")
            problems.append(Diagnostic(where, error.message, error.hint or ""))
    if problems:
        raise ConfigError(problems)


def plugin_record(config: Config) -> dict[str, dict[str, str | None]]:
    """For the run's record, of each plugin in use: its target, the file of its module, and that file's sha256."""
    record: dict[str, dict[str, str | None]] = {}
    for name in dict.fromkeys(roles(config).values()):
        import_plugin(name, config.plugins[name])
        file = plugin_file(config.plugins[name])
        digest = sha256(file.read_bytes()).hexdigest() if file is not None else None
        record[name] = {"target": config.plugins[name].target, "file": str(file) if file else None, "sha256": digest}
    return record


def check_unchanged(config: Config, meta: Mapping[str, Any]) -> None:
    """A run goes on with the code it began with, or not at all.

    Raises:
        UsageError: a plugin's file is another one than `meta`, the run's record, says.
    """
    recorded = meta.get("plugins") or {}
    for name, now in plugin_record(config).items():
        before = recorded.get(name, {}).get("sha256")
        if before is not None and before != now["sha256"]:
            raise UsageError(
                f"{now['file']} has changed since this run began (plugins.{name})",
                hint="put the file back to go on, or start a new run",
            )
