"""Fetching a data set: into a temporary folder, checked, then renamed into place; one process at a time."""

import errno
import fcntl
import os
import shutil
import socket
import sys
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from lrlab.data.catalog import KNOWN
from lrlab.data.presence import check_files, get_command, set_folder
from lrlab.errors import DataError, ResourceError
from lrlab.runs.atomic import sync_folder

STALL_SECONDS = 60.0  # a server that says nothing for so long is gone
_LOCK, _TEMPORARY = ".lrlab-download.lock", ".lrlab-get-"
_FULL = (errno.ENOSPC, errno.EDQUOT)
# URLError is an OSError; torchvision raises RuntimeError after its last mirror, the others come from unpacking
_FAILURES = (OSError, RuntimeError, HTTPException, EOFError, ValueError, AssertionError, zlib.error, tarfile.TarError)


def fetch(name: str, root: Path, *, force: bool = False) -> Path:
    """Download a named set into `root` unless it is there and whole; what torchvision's checksums refuse never is.

    A second process waits and then finds the files. A download that is cut short, even by a kill, leaves nothing
    that could be taken for a data set.

    Args:
        name: of a set in the catalog that has files.
        root: folder of data sets.
        force: fetch it whatever is there, and replace that.

    Returns:
        The folder that holds its files.

    Raises:
        DataError: the download failed; says why, and the command that tries again.
        ResourceError: `root` cannot be written, or the disk is full.
    """
    with _alone(root):
        for stale in root.glob(f"{_TEMPORARY}*"):  # left by a download that was killed: we hold the lock
            shutil.rmtree(stale, ignore_errors=True)
        if force or not _is_whole(name, root):
            _download(name, root)
    return set_folder(name, root)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Hold the download lock of `root`; the kernel drops it when its holder dies."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / _LOCK).open("w")
    except OSError as error:
        raise ResourceError(f"cannot write to {root}: {error.strerror}", hint="choose another --root") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"waiting for another process that downloads into {root}\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            raise ResourceError(
                f"cannot lock {root}: {error.strerror}", hint="choose a --root on a disk that has locks"
            ) from error
        yield


def _is_whole(name: str, root: Path) -> bool:
    try:
        check_files(name, root)
    except DataError as error:
        if "damaged" in error.message:
            sys.stderr.write(f"{error.message}; it is fetched again\n")
        return False
    from lrlab.data.integrity import damaged_files

    damaged = damaged_files(name, root)
    for file in damaged:
        sys.stderr.write(f"{file} is damaged; it is fetched again\n")
    return not damaged


def _download(name: str, root: Path) -> None:
    try:
        with TemporaryDirectory(prefix=f"{_TEMPORARY}{name}-", dir=root) as temporary:
            _download_into(name, Path(temporary))
            _move(name, Path(temporary), root)
    except _FAILURES as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            raise ResourceError(
                f"the disk of {root} is full", hint="free some space or choose another --root"
            ) from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"could not download {name!r} to {root}: {reason}",
            hint=f"check the network, then run: {get_command(name, root)}; "
            f"or copy the files to {set_folder(name, root)} by hand",
        ) from error


def _download_into(name: str, temporary: Path) -> None:
    """Have torchvision fetch, unpack, check and read both splits."""
    from lrlab.data.integrity import torchvision_set

    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        with redirect_stdout(sys.stderr):  # stdout is for answers
            torchvision_set(name, temporary, "train", download=True)
            torchvision_set(name, temporary, "test", download=True)
    finally:
        socket.setdefaulttimeout(patience)
    check_files(name, temporary)


def _move(name: str, temporary: Path, root: Path) -> None:
    """Rename the set's files into place: the folder at once where there is none yet, else file by file.

    The packed files of an IDX set move along, as torchvision leaves them: their sums are the published ones.
    """
    known, source, target = KNOWN[name], set_folder(name, temporary), set_folder(name, root)
    files = [source / file for file in (*known.files, *(f"{file}.gz" for file in known.files if known.idx))]
    for file in files:
        with file.open("rb") as data:
            os.fsync(data.fileno())
    for other in set(source.iterdir()) - set(files):
        if other.is_file():
            other.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        for file in files:
            os.replace(file, target / file.name)
    else:
        os.rename(source, target)
    sync_folder(target)
    sync_folder(target.parent)
