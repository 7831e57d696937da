"""Paths as users write them."""

import os
from pathlib import Path


def expand_home(path: str | Path) -> Path:
    """`path` with a leading `~` or `~user` filled in; unlike `Path.expanduser` as it is where that is nobody's home."""
    return Path(os.path.expanduser(path))


def real_path(path: str | Path) -> Path:
    """`path` absolute, without links; unlike `Path.resolve` it lets a circle of links stand, for opening to refuse."""
    return Path(os.path.realpath(expand_home(path)))
