"""Files that are either the old version or the new one, whatever happens in between.

Temporary file in the same folder, fsync, rename over the old file, fsync of the folder. A crash leaves at
most a stray `.<name>.<hex>.tmp`, which nothing reads.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lrlab.runs.jsontext import dumps


@contextlib.contextmanager
def open_atomic(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` when the block ends without an exception.

    Raises:
        OSError: the disk refused; `path` is as it was and the temporary file is gone.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def write_atomic(path: Path, data: str | bytes) -> None:
    """Replace the contents of `path` by `data` (text as UTF-8).

    Raises:
        OSError: the disk refused; the old contents are untouched.
    """
    with open_atomic(path) as file:
        file.write(data.encode("utf-8") if isinstance(data, str) else data)


def write_json(path: Path, value: Any) -> None:
    """Replace `path` by `value` as indented JSON, in the form of `lrlab.runs.jsontext`."""
    write_atomic(path, dumps(value, indent=2) + "\n")


def sync_folder(folder: Path) -> None:
    """Make renames and new files in `folder` survive a power cut, where the file system can.

    Some network file systems refuse fsync on a folder; the rename itself has happened by then, so that is no
    failure of the write.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
