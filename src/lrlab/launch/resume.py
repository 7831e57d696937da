"""Which run folder: a new one, or an old one that may go on; and what an edited config may change of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lrlab.config.explain import config_hash
from lrlab.config.load import LoadedConfig, load_config
from lrlab.errors import CheckpointError, DataError, ExitCode, LrlabError, UsageError
from lrlab.launch.experiment import Experiment
from lrlab.launch.history import History, Remaining
from lrlab.runs.folder import RunFolder
from lrlab.runs.index import RunInfo, find_run, newest_unfinished
from lrlab.runs.journal import Journal

Changes = Mapping[str, tuple[Any, Any]]
_ABSENT = "(not there)"


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
        changes: dotted key -> (old, new) of what an edited config changed.
        remaining: what is left to run; None for a new run.
    """

    folder: RunFolder
    changes: Changes = field(default_factory=dict)
    remaining: Remaining | None = None


def open_run(experiment: Experiment, loaded: LoadedConfig, root: Path, resume: str | None) -> Opened:
    """A new folder without `resume`, else the one it means.

    `auto` is the newest unfinished run of the same config. A run that is named may go on with an edited config as
    long as every trial it has proposed is proposed still: an edit may add trials, and change how they are stored
    or read, but never what one of them does. So a finished run can be given more seeds.

    Raises:
        CheckpointError: there is nothing to resume, or the journal is damaged.
        UsageError: no such run, or the edit would change a trial.
        FinishedRunError: nothing is left to do.
        RunBusyError: another process holds it.
    """
    if resume is None:
        slug = loaded.path.stem if loaded.path else loaded.config.data.name
        return Opened(RunFolder.create(root, experiment.name, loaded.config.name or slug))
    found = find_unfinished(experiment.name, loaded, root, resume)
    folder = RunFolder.open(found.path)
    try:
        changes, remaining = compare(experiment, loaded, found, folder.journal)
    except BaseException:
        folder.close()
        raise
    return Opened(folder, changes, remaining)


def compare(
    experiment: Experiment, loaded: LoadedConfig, found: RunInfo, journal: Journal
) -> tuple[Changes, Remaining]:
    """What the config changes of the run `found`, and what is left to run.

    Raises:
        UsageError, FinishedRunError, CheckpointError: see `open_run`.
    """
    changes = {} if found.config_hash == config_hash(loaded.config) else config_changes(found.path, loaded)
    remaining = History.of(journal.read()).replay(experiment)
    if remaining.dropped:
        raise _refused(found, changes, len(remaining.dropped))
    if not (changes or remaining.missing or found.status is None or found.status.unfinished):
        raise FinishedRunError(found.path, found.headline or str(found.status.state))
    return changes, remaining


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
    old = _flat(load_config(run / "resolved.yaml").config.model_dump(mode="json"))
    new = _flat(loaded.config.model_dump(mode="json"))
    keys = dict.fromkeys((*old, *new))
    pairs = {key: (old.get(key, _ABSENT), new.get(key, _ABSENT)) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def changes_text(changes: Changes) -> str:
    """A line per changed key: `  train.seeds: 3 -> 5`."""
    return "\n".join(f"  {key}: {old} -> {new}" for key, (old, new) in changes.items())


def find_unfinished(name: str, loaded: LoadedConfig, root: Path, resume: str) -> RunInfo:
    """The run that `resume` means.

    Raises:
        CheckpointError: `auto`, and there is none of this config.
        UsageError: no such run.
    """
    if resume != "auto":
        return find_run(root, resume)
    found = newest_unfinished(root, name, config_hash(loaded.config))
    if found is None:
        raise CheckpointError(
            f"nothing to resume: no unfinished {name} with this config in {root}",
            hint="start without --resume, or name the run: lrlab runs ls",
        )
    return found


def _refused(found: RunInfo, changes: Changes, dropped: int) -> UsageError:
    trials = "a trial" if dropped == 1 else f"{dropped} trials"
    return UsageError(
        f"{found.name} was made with another config; this one changes {trials} it has begun:\n{changes_text(changes)}",
        hint=f"an edit may only add trials; resume it as it was: lrlab {found.experiment} --resume {found.name}",
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return flat
