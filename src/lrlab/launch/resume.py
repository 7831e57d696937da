"""Which run folder: a new one, or an old one that may go on; and what an edited config may change of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrlab.config.compare import Change, changes, refusal, rounding
from lrlab.config.explain import config_hash
from lrlab.config.load import LoadedConfig, load_config
from lrlab.errors import CheckpointError, DataError, ExitCode, LrlabError
from lrlab.launch.experiment import Experiment
from lrlab.launch.history import History, Remaining
from lrlab.launch.origin import HINT, STRICT_HINT, inexact
from lrlab.runs.folder import RunFolder
from lrlab.runs.index import RunInfo, find_run, newest_unfinished
from lrlab.runs.journal import Journal

Changes = Sequence[Change]


class FinishedRunError(LrlabError):
    """A run that is asked to continue has its answer already; not a failure."""

    exit_code = ExitCode.OK

    def __init__(self, path: Path, headline: str) -> None:
        super().__init__(f"{path.name} is finished: {headline}")
        self.path = path


@dataclass(frozen=True)
class Opened:
    """A run folder this process holds.

    Attributes:
        changes: what an edited config changed.
        remaining: what is left to run; None for a new run.
    """

    folder: RunFolder
    changes: Changes = ()
    remaining: Remaining | None = None


def open_run(
    experiment: Experiment, loaded: LoadedConfig, root: Path, resume: str | None, *, strict: bool = False
) -> Opened:
    """A new folder without `resume`, else the one it means.

    `auto` is the newest unfinished run of the same config. A run that is named may go on with an edited config as
    long as every trial it has proposed is proposed still: an edit may add trials, and change how they are stored
    or read, but never what one of them does. So a finished run can be given more seeds.

    Raises:
        CheckpointError: there is nothing to resume, the run or its journal is damaged, or the edit would change a
            trial; with `strict` also if it would change the last bits of one.
        UsageError: no such run.
        FinishedRunError: nothing is left to do.
        RunBusyError: another process holds it.
    """
    if resume is None:
        slug = loaded.path.stem if loaded.path else loaded.config.data.name
        return Opened(RunFolder.create(root, experiment.name, loaded.config.name or slug))
    found = find_unfinished(experiment.name, loaded, root, resume)
    folder = RunFolder.open(found.path)
    try:
        found_changes, remaining = compare(experiment, loaded, found, folder.journal, strict=strict)
    except BaseException:
        folder.close()
        raise
    return Opened(folder, found_changes, remaining)


def compare(
    experiment: Experiment, loaded: LoadedConfig, found: RunInfo, journal: Journal, *, strict: bool = False
) -> tuple[Changes, Remaining]:
    """What the config changes of the run `found`, and what is left to run.

    Raises:
        FinishedRunError, CheckpointError: see `open_run`.
    """
    same = found.config_hash in (None, config_hash(loaded.config))
    edited = [] if same else config_changes(found.path, loaded)
    remaining = History.of(journal.read()).replay(experiment)
    if remaining.dropped:
        raise _refused(found, edited, len(remaining.dropped))
    if strict and (bits := rounding(edited)):
        raise CheckpointError(inexact(bits), hint=STRICT_HINT)
    if not (edited or remaining.missing or found.status is None or found.status.unfinished):
        raise FinishedRunError(found.path.absolute(), found.headline or str(found.status.state))
    return edited, remaining


def check_data(recorded: Mapping[str, Any], fingerprint: str) -> None:
    """Refuse to go on with other images than the run began with.

    Raises:
        DataError: their hash is another.
    """
    began = recorded.get("data", {}).get("sha256")
    if began is not None and began != fingerprint:
        raise DataError(
            f"the images are not those the run began with (sha256 {fingerprint[:12]}, then {began[:12]})",
            hint="start a new run without --resume",
        )


def config_changes(run: Path, loaded: LoadedConfig) -> Changes:
    """What `loaded` changes of the config that a run records."""
    old = load_config(run / "resolved.yaml").config.model_dump(mode="json")
    return changes(old, loaded.config.model_dump(mode="json"))


def changes_text(edited: Changes) -> str:
    """A line per changed key, `  train.seeds was 3, is 5`, and what they cost."""
    lines = [f"  {change}" for change in edited]
    bits = rounding(edited)
    return "\n".join([*lines, f"  {inexact(bits)}"] if bits else lines)


def find_unfinished(name: str, loaded: LoadedConfig, root: Path, resume: str) -> RunInfo:
    """The run that `resume` means.

    Raises:
        CheckpointError: `auto`, and there is none of this config; or the one named cannot be read.
        UsageError: no such run.
    """
    if resume != "auto":
        named = find_run(root, resume)
        if named.problem:
            raise CheckpointError(
                f"{named.name} cannot go on, it is {named.state}",
                hint="restore the file from a copy, or start a new run without --resume",
            )
        return named
    found = newest_unfinished(root, name, config_hash(loaded.config))
    if found is None:
        raise CheckpointError(
            f"nothing to resume: no unfinished {name} with this config in {root}",
            hint="start without --resume, or name the run: lrlab runs ls",
        )
    return found


def _refused(found: RunInfo, edited: Changes, dropped: int) -> CheckpointError:
    trials = "a trial" if dropped == 1 else f"{dropped} trials"
    reason = refusal(edited) or changes_text(edited).strip()
    return CheckpointError(
        f"{found.name} was made with another config: {reason}; that changes {trials} it has begun",
        hint=f"an edit may only add trials. {HINT}",
    )
