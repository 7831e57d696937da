"""The runs under a root: list them, find one, find what to resume.

Reads three small files a run, and never fails because of one run.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lrlab.errors import UsageError
from lrlab.paths import expand_home
from lrlab.registry import nearest
from lrlab.runs.folder import META_NAME, RESULT_NAME, read_object
from lrlab.runs.names import created_at
from lrlab.runs.status import STATUS_NAME, State, Status, read_status


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a listing shows of one run.

    Attributes:
        path: the run folder.
        status: None when the folder is unreadable.
        created: UTC.
        headline: the answer in a line; None before there is one.
        config_hash: from `meta.json`; None when unknown.
        problem: why the folder is unreadable; empty when it is not.
    """

    path: Path
    status: Status | None
    created: datetime
    headline: str | None = None
    config_hash: str | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def experiment(self) -> str:
        """The parent folder's name."""
        return self.path.parent.name

    @property
    def state(self) -> str:
        """The run's state, or `unreadable: reason`."""
        return str(self.status.state) if self.status else f"unreadable: {self.problem}"


def list_runs(root: Path) -> list[RunInfo]:
    """All runs under `root`, newest first; none when there is no such folder."""
    runs = [read_run(path) for path in _run_folders(root)]
    return sorted(runs, key=lambda run: (run.created, run.name), reverse=True)


def read_run(path: Path) -> RunInfo:
    """What `path` says about itself; a damaged or foreign folder becomes an unreadable run."""
    try:
        status = read_status(path)
        meta, result = read_object(path / META_NAME), read_object(path / RESULT_NAME)
        created = _utc(status.created)
    except (OSError, ValueError, RecursionError) as error:
        return RunInfo(path, None, _guessed_time(path), problem=_reason(error))
    return RunInfo(path, status, created, _text(result.get("headline")), _text(meta.get("config_hash")))


def find_run(root: Path, name: str) -> RunInfo:
    """The run that `name` means: a path, a run's name, or a prefix only one run has (`experiment/prefix`).

    `latest` is the newest of all, `experiment/latest` the newest of one experiment.

    Raises:
        UsageError: none, or several.
    """
    path = expand_home(name)
    if name and _looks_like_run(path):
        return read_run(path.absolute())
    folders = list(_run_folders(root))
    if folders and (newest := _newest(folders, name)) is not None:
        return newest
    exact = [folder for folder in folders if name in (folder.name, f"{folder.parent.name}/{folder.name}")]
    matches = exact or [folder for folder in folders if name and _has_prefix(folder, name)]
    if len(matches) == 1:
        return read_run(matches[0])
    if matches:
        some = ", ".join(sorted(folder.name for folder in matches)[:5])
        raise UsageError(f"{len(matches)} runs start with {name!r}: {some}", hint="write more of the name")
    near = nearest(name, [folder.name for folder in folders])
    raise UsageError(f"no run {name!r} in {root}", hint=f"did you mean {near}?" if near else "see: lrlab runs ls")


def _newest(folders: Sequence[Path], name: str) -> RunInfo | None:
    experiment, _, last = name.rpartition("/")
    if last != "latest":
        return None
    runs = [read_run(path) for path in folders if experiment in ("", path.parent.name)]
    return max(runs, key=lambda run: (run.created, run.name), default=None)


def run_folders(root: Path) -> list[Path]:
    """The folders of all runs under `root`, newest first by their names; opens no file."""
    return sorted(_run_folders(root), key=lambda folder: folder.name, reverse=True)


def newest_unfinished(root: Path, experiment: str, config_hash: str) -> RunInfo | None:
    """The newest run of `experiment` with this config that has something left to do, or None.

    A run that is alive on this host is passed over. One that runs on another host cannot be judged from here;
    it counts, and its lock decides.
    """
    runs = [read_run(path) for path in _run_folders(root) if path.parent.name == experiment]
    wanted = [run for run in runs if run.config_hash == config_hash and _resumable(run.status)]
    return max(wanted, key=lambda run: (run.created, run.name), default=None)


def _resumable(status: Status | None) -> bool:
    if status is None or not status.unfinished:
        return False
    return status.state not in (State.CREATED, State.RUNNING) or status.process.alive() is not True


def _run_folders(root: Path) -> Iterator[Path]:
    for experiment in _subfolders(root):
        for folder in _subfolders(experiment):
            if _looks_like_run(folder):
                yield folder


def _looks_like_run(folder: Path) -> bool:
    """By its name or by what is in it, so that neither a half-made run nor a stray folder misleads."""
    if created_at(folder.name) is not None and folder.is_dir():
        return True
    return any(os.path.lexists(folder / name) for name in (STATUS_NAME, META_NAME))


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [
                Path(entry.path)
                for entry in entries
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []


def _has_prefix(folder: Path, name: str) -> bool:
    return folder.name.startswith(name) or f"{folder.parent.name}/{folder.name}".startswith(name)


def _guessed_time(path: Path) -> datetime:
    stamp = created_at(path.name)
    if stamp is not None:
        return stamp
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.fromtimestamp(0, UTC)


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"no {STATUS_NAME}"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return " ".join(str(error).split()) or type(error).__name__


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
