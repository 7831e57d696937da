"""Which code: the commit of a git checkout, and a hash of what was changed since."""

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

_TIMEOUT = 10.0  # seconds a git command may take
_LARGEST = 1 << 20  # bytes; of larger untracked files only the size counts


def checkout_state(folder: Path) -> dict[str, Any] | None:
    """Commit, whether anything differs from it, and a sha256 of the difference.

    The hash covers the diff against the commit and the untracked files that are not ignored (path and
    contents; of files above 1 MiB, path and size).

    Returns:
        `{"commit": str | None, "dirty": bool, "diff_sha256": str | None}`, or None outside a checkout,
        without git, or when git fails.
    """
    try:
        top = _git(folder, "rev-parse", "--show-toplevel")
        if top is None:
            return None
        root = Path(os.fsdecode(top.rstrip(b"\n")))
        commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
        diff = _git(root, "diff", "--binary", "--no-ext-diff", "--no-textconv", "HEAD" if commit else "--cached")
        listed = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    names = sorted(name for name in (listed or b"").split(b"\0") if name)
    dirty = bool(diff) or bool(names)
    return {
        "commit": commit.decode().strip() if commit else None,
        "dirty": dirty,
        "diff_sha256": _digest(root, diff or b"", names) if dirty else None,
    }


def _digest(root: Path, diff: bytes, names: list[bytes]) -> str:
    digest = hashlib.sha256(diff)
    for name in names:
        digest.update(b"\0" + name + b"\0" + _content(root / os.fsdecode(name)))
    return digest.hexdigest()


def _content(path: Path) -> bytes:
    try:
        size = path.lstat().st_size
        if path.is_symlink() or not path.is_file() or size > _LARGEST:
            return str(size).encode()
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return b"unreadable"


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git prints, or None when it fails. Takes no lock in the checkout."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=_TIMEOUT,
        env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
        check=False,
    )
    return done.stdout if done.returncode == 0 else None
