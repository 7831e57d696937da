"""Checkpoints that survive a crash at any instant and are checked before they are trusted.

A checkpoint is a folder `step-00000123/` with the tensors and a manifest of their sha256. It is written under a
temporary name, synced, and renamed into place: there is never half of one. Where one of that name is replaced, the
former one steps aside as `.old-step-00000123` and counts until the new one is there. Of the regular ones the last k
stay; `initial`, `best-...` and `snapshot-...` are outside that count.
"""

import hashlib
import io
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lrlab.engine.faultpoint import faultpoint
from lrlab.errors import CheckpointError
from lrlab.runs.atomic import sync_folder

FORMAT = 2
"""1: without batches, early stop, loss scaler and origin; it is still read (`state.restore_state`)."""
_MANIFEST, _STATE = "manifest.json", "state.pt"
_TEMPORARY, _OLD, _DAMAGED = ".tmp-", ".old-", ".damaged-"


@dataclass
class CheckpointStore:
    """The checkpoints of one trial, with one writer at a time (the run folder's lock sees to that).

    Attributes:
        folder: where they are; made at the first save.
        keep: how many regular checkpoints stay.
    """

    folder: Path
    keep: int = 2

    def save_step(self, step: int, state: dict[str, Any]) -> Path:
        """A regular checkpoint; older ones beyond `keep` go once it is safely there."""
        path = self._write(f"step-{step:08d}", step, state)
        self._rotate(self.keep, path)
        return path

    def save_best(self, step: int, state: dict[str, Any]) -> Path:
        """The best so far; the former best goes once this one is safely there."""
        former = self._named("best-")
        path = self._write(f"best-{step:08d}", step, state)
        for old in former:
            if old != path:
                shutil.rmtree(old, ignore_errors=True)
        return path

    def save_initial(self, weights: dict[str, Any]) -> Path:
        """The weights before the first update; kept for good."""
        return self._write("initial", 0, {"model": weights})

    def save_snapshot(self, step: int, weights: dict[str, Any]) -> Path:
        """The weights at a chosen step; kept for good."""
        return self._write(f"snapshot-{step:08d}", step, {"model": weights})

    def steps(self) -> list[Path]:
        """Regular checkpoints, oldest first."""
        return self._named("step-")

    def latest(self) -> tuple[dict[str, Any], list[str]] | None:
        """The newest regular checkpoint that is whole, and what was wrong with newer ones; None without any.

        Raises:
            CheckpointError: there are checkpoints, and every one is damaged.
        """
        self._put_back()
        problems: list[str] = []
        for path in reversed(self.steps()):
            try:
                return load_checkpoint(path), problems
            except CheckpointError as error:
                problems.append(error.message)
        if problems:
            raise CheckpointError("no checkpoint is whole: " + "; ".join(problems), hint="start the run afresh")
        return None

    def best(self) -> dict[str, Any] | None:
        """The best checkpoint's state, or None."""
        self._put_back()
        found = self._named("best-")
        return load_checkpoint(found[-1]) if found else None

    def clear(self) -> list[str]:
        """Remove what a write that was cut short left behind; the names."""
        self._put_back()
        left = sorted(self.folder.glob(f"{_TEMPORARY}*")) if self.folder.is_dir() else []
        for path in left:
            shutil.rmtree(path, ignore_errors=True)
        return [path.name for path in left]

    def set_aside_after(self, step: int) -> None:
        """Take regular checkpoints past `step`, which are damaged when one goes on from `step`, out of the count."""
        for path in self.steps():
            if int(path.name.removeprefix("step-")) > step:
                shutil.rmtree(path.with_name(_DAMAGED + path.name), ignore_errors=True)
                os.rename(path, path.with_name(_DAMAGED + path.name))

    def make_room(self) -> None:
        """Remove leftovers, and of the regular checkpoints all but the newest."""
        self.clear()
        for old in self.steps()[:-1]:
            shutil.rmtree(old, ignore_errors=True)

    def _rotate(self, keep: int, newest: Path) -> None:
        others = [path for path in self.steps() if path != newest]
        for old in others[: max(0, len(others) + 1 - keep)]:
            shutil.rmtree(old, ignore_errors=True)

    def _named(self, prefix: str) -> list[Path]:
        return sorted(self.folder.glob(f"{prefix}[0-9]*")) if self.folder.is_dir() else []

    def _put_back(self) -> None:
        """A replacement cut short between its two renames: the former checkpoint gets its name back."""
        for path in self.folder.glob(f"{_OLD}*") if self.folder.is_dir() else ():
            final = path.with_name(path.name.removeprefix(_OLD))
            if final.exists():
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.rename(path, final)

    def _write(self, name: str, step: int, state: dict[str, Any]) -> Path:
        self.clear()
        final, temporary, old = (self.folder / (lead + name) for lead in ("", _TEMPORARY, _OLD))
        buffer = io.BytesIO()
        torch.save(state, buffer)
        data = buffer.getvalue()
        manifest = {"format": FORMAT, "step": step, "files": {_STATE: hashlib.sha256(data).hexdigest()}}
        try:
            temporary.mkdir(parents=True)
            faultpoint("folder made")
            _write_synced(temporary / _STATE, data)
            faultpoint("state written")
            _write_synced(temporary / _MANIFEST, json.dumps(manifest, indent=1).encode())
            sync_folder(temporary)
            faultpoint("manifest written")
            if final.exists():  # the same step once more, after a resume
                os.rename(final, old)
                faultpoint("former one aside")
            os.rename(temporary, final)
        except OSError:
            shutil.rmtree(temporary, ignore_errors=True)  # a full disk has no room for half a checkpoint
            self._put_back()
            raise
        faultpoint("in place")
        sync_folder(self.folder)
        shutil.rmtree(old, ignore_errors=True)
        faultpoint("done")
        return final


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint folder after checking every byte of it. Never unpickles code (`weights_only`).

    Raises:
        CheckpointError: a file is missing, damaged, of a newer format, or holds more than tensors and plain data.
    """
    try:
        manifest = json.loads((path / _MANIFEST).read_bytes())
        data = (path / _STATE).read_bytes()
        wanted, version = manifest["files"][_STATE], manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: not a whole checkpoint ({error})") from error
    if version > FORMAT:
        raise CheckpointError(f"{path}: format {version}; this lrlab reads up to {FORMAT}", hint="update lrlab")
    if hashlib.sha256(data).hexdigest() != wanted:
        raise CheckpointError(f"{path / _STATE}: its sha256 is not the manifest's; the file is damaged")
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises several kinds; each means the same to the user
        raise CheckpointError(f"{path / _STATE}: refused ({type(error).__name__})") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path / _STATE}: holds a {type(state).__name__}, not a state")
    return state


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
