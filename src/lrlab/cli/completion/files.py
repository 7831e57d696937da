"""Paths that begin as typed. A folder that cannot be read has nothing in it."""

import os
from collections.abc import Callable

from lrlab.paths import expand_home

_DEEPEST = 8  # folders entered by themselves; a link may lead in a circle
_YAML = (".yaml", ".yml")


def yaml_files(typed: str) -> list[str]:
    """YAML files and the folders that may lead to one. The only folder is entered, so that no space follows it."""
    return _paths(typed, lambda entry: entry.name.endswith(_YAML))


def folders(typed: str) -> list[str]:
    """Folders, each with a slash and without, since a path may end here or go on."""
    parent, entries = _listing(typed)
    names = [f"{parent}{entry.name}" for entry in entries if entry.is_dir()]
    return [text for name in names for text in (name, f"{name}/")]


def _paths(typed: str, wanted: Callable[["os.DirEntry[str]"], bool], depth: int = 0) -> list[str]:
    parent, entries = _listing(typed)
    files = [f"{parent}{entry.name}" for entry in entries if not entry.is_dir() and wanted(entry)]
    inside = [f"{parent}{entry.name}/" for entry in entries if entry.is_dir()]
    leading = [folder for folder in inside if _leads_on(folder, wanted)]
    if not files and len(leading) == 1 and depth < _DEEPEST:
        return _paths(leading[0], wanted, depth + 1)
    return sorted((*files, *leading))


def _leads_on(folder: str, wanted: Callable[["os.DirEntry[str]"], bool]) -> bool:
    return any(entry.is_dir() or wanted(entry) for entry in _listing(folder)[1])


def _listing(typed: str) -> tuple[str, list["os.DirEntry[str]"]]:
    """The folder as typed, up to its slash, and what in it begins as typed; hidden files only where that is a dot."""
    begun = typed.rpartition("/")[2]
    parent = typed[: len(typed) - len(begun)]
    try:
        with os.scandir(expand_home(parent or ".")) as entries:
            found = [entry for entry in entries if entry.name.startswith(begun)]
    except (OSError, ValueError):
        return parent, []
    return parent, [entry for entry in found if begun or not entry.name.startswith(".")]
