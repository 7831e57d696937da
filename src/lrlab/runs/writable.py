"""Can files be written there, and how much room is left?

Found out by writing one: a disk that is full, read-only or held by a quota does not show in permissions.
"""

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lrlab.paths import expand_home

_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that something will be written to.

    Attributes:
        path: absolute.
        exists: whether it is there already.
        free: bytes left for this user; 0 where that is not known.
        problem: why nothing can be written, in the system's words; empty when it can.
    """

    path: Path
    exists: bool
    free: int
    problem: str


def look_at(folder: Path) -> Place:
    """Write a file into `folder`, or into the nearest folder above it that is there, and take it away again."""
    path = expand_home(folder).absolute()
    there = next((place for place in (path, *path.parents) if os.path.lexists(place)), path)
    free, problem = 0, ""
    with contextlib.suppress(OSError, ValueError):
        free = shutil.disk_usage(there).free
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        problem = f"{there}: {problem}" if there != path else problem
    return Place(path, path.is_dir(), free, problem)
