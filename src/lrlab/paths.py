"""Paths as users write them."""

import os
from pathlib import Path


def expand_home(path: str | Path) -> Path:
    """`path` with a leading `~` or `~user` filled in; unlike `Path.expanduser` as it is where that is nobody's home."""
    return Path(os.path.expanduser(path))


def real_path(path: str | Path) -> Path:
    """`path` absolute, without links; unlike `Path.resolve` it lets what is no path stand, for opening to refuse."""
    expanded = expand_home(path)
    try:
        return Path(os.path.realpath(expanded))
    except ValueError:  # a zero byte
        return expanded
