"""One process per run folder: an advisory lock on `.lock`, with the holder's name in it.

The kernel drops the lock when its holder dies, so the lock of a dead process is free to take; the name in the
file only serves the message.
"""

import errno
import fcntl
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from lrlab.errors import ResourceError, RunBusyError
from lrlab.runs.jsontext import dumps
from lrlab.runs.process import ProcessMark

LOCK_NAME = ".lock"


class FolderLock:
    """Holds `folder` until `release`, or until this process ends.

    Raises:
        RunBusyError: another process holds it; the message names the process.
        ResourceError: the lock file cannot be opened, or the file system has no locks.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_NAME
        try:
            # Not inheritable across exec (PEP 446), so spawned workers do not hold it.
            self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ResourceError(f"cannot open the run folder {folder}: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._sign()
        except OSError as error:
            os.close(self._descriptor)
            self._descriptor = None
            raise _refusal(error, folder, path) from error

    def _sign(self) -> None:
        assert self._descriptor is not None
        holder = ProcessMark.current().to_json() | {"since": datetime.now(UTC).isoformat(timespec="seconds")}
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, dumps(holder).encode(), 0)

    def release(self) -> None:
        """Let go; again does nothing. The file stays, since deleting it would let two processes in."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)


def _refusal(error: OSError, folder: Path, path: Path) -> RunBusyError | ResourceError:
    if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
        holder = _holder(path)
        return RunBusyError(
            f"run folder {folder} is in use by {holder}",
            hint="wait until it ends, or start a new run without --resume",
        )
    return ResourceError(
        f"cannot lock the run folder {folder}: {error.strerror}", hint="keep runs on a local disk: --out DIR"
    )


def _holder(path: Path) -> str:
    try:
        values = json.loads(path.read_bytes())
        mark, since = ProcessMark.from_json(values), values.get("since")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "another process"
    if mark.alive() is False:  # forked children share their parent's lock and may outlive it
        return f"a child of {mark}, which has ended"
    return f"{mark} (since {since})"
