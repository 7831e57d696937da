"""Fetching a data set through torchvision, one process at a time."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from lrlab.data.catalog import KNOWN
from lrlab.data.presence import check_files
from lrlab.errors import DataError, ResourceError

_LOCK = ".lrlab-download.lock"


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Hold the download lock of `root`: a second process waits here and then finds the files."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / _LOCK).open("w")
    except OSError as error:
        raise ResourceError(f"cannot write to {root}: {error.strerror}", hint="choose another --root") from error
    with lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        except ImportError:  # no flock on this system: torchvision's own checksums still hold
            pass
        yield


def fetch(name: str, root: Path) -> Path:
    """Download a named set into `root` unless it is there, checksums verified by torchvision.

    Returns:
        The folder that holds its files.

    Raises:
        DataError: the download failed; says why in one line.
        ResourceError: `root` cannot be written.
    """
    with _alone(root):
        if not _is_there(name, root):
            _download(name, root)
            check_files(name, root)
    return root / KNOWN[name].folder


def _is_there(name: str, root: Path) -> bool:
    try:
        check_files(name, root)
    except DataError as error:
        if "damaged" in error.message:  # torchvision would take the file for a good one
            raise
        return False
    return True


def _download(name: str, root: Path) -> None:
    from torchvision import datasets

    kinds = {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}
    try:
        with redirect_stdout(sys.stderr):  # stdout is for answers
            kinds[name](str(root), download=True)
    except (
        OSError,
        RuntimeError,
    ) as error:  # URLError is an OSError; torchvision raises RuntimeError after its mirrors
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"could not download {name!r} to {root}: {reason}",
            hint=f"check the network, or copy the files to {root / KNOWN[name].folder} by hand",
        ) from error
