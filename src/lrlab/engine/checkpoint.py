"""Checkpoints that survive a crash at any instant and are checked before they are trusted.

A checkpoint is a folder `step-00000123/` with the tensors and a manifest of their sha256. It is written under a
temporary name, synced, and renamed into place: there is never half of one. Of the regular ones the last k stay;
`initial`, `best-...` and `snapshot-...` are outside that count.
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

from lrlab.errors import CheckpointError

FORMAT = 1
_MANIFEST, _STATE = "manifest.json", "state.pt"


@dataclass
class CheckpointStore:
    """The checkpoints of one trial.

    Attributes:
        folder: where they are; made at the first save.
        keep: how many regular checkpoints stay.
    """

    folder: Path
    keep: int = 2

    def save_step(self, step: int, state: dict[str, Any]) -> Path:
        """A regular checkpoint; older ones beyond `keep` go once it is safely there."""
        path = self._write(f"step-{step:08d}", step, state)
        for old in self.steps()[: -self.keep]:
            shutil.rmtree(old, ignore_errors=True)
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
        found = self._named("best-")
        return load_checkpoint(found[-1]) if found else None

    def _named(self, prefix: str) -> list[Path]:
        return sorted(self.folder.glob(f"{prefix}[0-9]*")) if self.folder.is_dir() else []

    def _write(self, name: str, step: int, state: dict[str, Any]) -> Path:
        final, temporary = self.folder / name, self.folder / f".tmp-{name}-{os.getpid()}"
        for leftover in self.folder.glob(f".tmp-{name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary.mkdir(parents=True)
        buffer = io.BytesIO()
        torch.save(state, buffer)
        data = buffer.getvalue()
        manifest = {"format": FORMAT, "step": step, "files": {_STATE: hashlib.sha256(data).hexdigest()}}
        _write_synced(temporary / _STATE, data)
        _write_synced(temporary / _MANIFEST, json.dumps(manifest, indent=1).encode())
        replaced = self.folder / f".tmp-old-{name}-{os.getpid()}"
        if final.exists():  # the same step once more, after a resume
            os.rename(final, replaced)
        os.rename(temporary, final)
        _sync_folder(self.folder)
        shutil.rmtree(replaced, ignore_errors=True)
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


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
