"""The folder of one run: where everything is, who holds it, how it is written.

runs/<experiment>/<stamp>-<slug>-<hex>/
    config.yaml resolved.yaml meta.json status.json journal.jsonl result.json
    trials/<id>/  tb/<id>/  plots/
"""

import contextlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lrlab.errors import ResourceError, UsageError
from lrlab.paths import expand_home
from lrlab.runs.atomic import sync_folder, write_atomic, write_json
from lrlab.runs.journal import Journal
from lrlab.runs.lock import FolderLock
from lrlab.runs.names import run_name, slugify
from lrlab.runs.status import STATUS_NAME, State, Status, change_status, read_status, start_status

META_NAME, RESULT_NAME, JOURNAL_NAME = "meta.json", "result.json", "journal.jsonl"
_META_FORMAT = 1
_ATTEMPTS = 200  # 65,536 names a second; a second with 50 starts meets a taken one once in fifty
_TRIAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class RunPaths:
    """Where everything of a run is. Holds nothing: worker processes find their trial's folders with it.

    Attributes:
        path: the run folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def trial(self, trial_id: str) -> Path:
        """The folder of one trial, made when missing."""
        return self._folder("trials", _checked(trial_id))

    def tb(self, trial_id: str) -> Path:
        """The TensorBoard folder of one trial (or of the `summary`), made when missing."""
        return self._folder("tb", _checked(trial_id))

    @property
    def plots(self) -> Path:
        """The folder of the plots, made when missing."""
        return self._folder("plots")

    def _folder(self, *parts: str) -> Path:
        folder = self.path.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


class RunFolder(RunPaths):
    """A run folder this process holds; `create` or `open` it, and close it.

    Attributes:
        journal: trials proposed and done.
    """

    def __init__(self, path: Path, lock: FolderLock) -> None:
        super().__init__(path)
        self.journal = Journal(path / JOURNAL_NAME)
        self._lock = lock

    @classmethod
    def create(cls, root: Path, experiment: str, slug: str) -> "RunFolder":
        """Make a new folder under `root/experiment`, hold it, and mark it created.

        Raises:
            ResourceError: `root` cannot be written; nothing is left behind.
        """
        try:
            path = _make(Path(root).expanduser().absolute() / slugify(experiment), slug)
        except (OSError, RuntimeError) as error:  # RuntimeError: the ~ of nobody, which is no name for a folder
            raise _unwritable(Path(root), error) from error
        try:
            run = cls(path, FolderLock(path))
            start_status(path)
            sync_folder(path.parent)
        except BaseException as error:
            shutil.rmtree(path, ignore_errors=True)
            if isinstance(error, OSError):
                raise _unwritable(Path(root), error) from error
            raise
        return run

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Hold an existing run folder.

        Raises:
            UsageError: `path` is no run folder.
            RunBusyError: another process holds it.
            ResourceError: it cannot be written.
        """
        path = expand_home(path).absolute()
        if not (path / STATUS_NAME).is_file():
            raise UsageError(f"{path} is not a run folder: no {STATUS_NAME} in it", hint="see: lrlab runs ls")
        return cls(path, FolderLock(path))

    def write_config(self, text: str | None) -> None:
        """Keep the config as the user wrote it; None (the built-in default) writes nothing."""
        if text is not None:
            write_atomic(self.path / "config.yaml", text)

    def write_resolved(self, text: str) -> None:
        """Keep every value of the config and where it came from."""
        write_atomic(self.path / "resolved.yaml", text)

    def write_meta(self, meta: Mapping[str, Any]) -> None:
        """Keep what the run was made of; `config_hash` is what `--resume` looks for."""
        write_json(self.path / META_NAME, {"format": _META_FORMAT, **meta})

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Keep the answer: experiment, headline, answer, trials."""
        write_json(self.path / RESULT_NAME, dict(result))

    def meta(self) -> dict[str, Any]:
        """What `write_meta` kept; empty before it."""
        return read_object(self.path / META_NAME)

    def result(self) -> dict[str, Any]:
        """What `write_result` kept; empty before it."""
        return read_object(self.path / RESULT_NAME)

    def set_status(self, state: State | str, **facts: Any) -> Status:
        """Go to `state`; see `lrlab.runs.status` for what may follow what."""
        return change_status(self.path, state, facts)

    def status(self) -> Status:
        """Where the run stands."""
        return read_status(self.path)

    def close(self) -> None:
        """Let the folder go; again does nothing."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; empty when there is no such file.

    Raises:
        ValueError: it holds something else.
        OSError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path.name}: not a JSON object")
    return value


def _make(parent: Path, slug: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    for _ in range(_ATTEMPTS):
        path = parent / run_name(slug)
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path
    raise FileExistsError(f"no free run name in {parent} after {_ATTEMPTS} attempts")


def _checked(trial_id: str) -> str:
    if not _TRIAL_ID.fullmatch(trial_id):
        raise ValueError(f"trial id {trial_id!r} is not a file name")
    return trial_id


def _unwritable(root: Path, error: Exception) -> ResourceError:
    return ResourceError(
        f"cannot make a run folder in {root}: {getattr(error, 'strerror', None) or error}",
        hint="name a folder that can be written: --out DIR",
    )
