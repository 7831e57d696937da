"""A run on disk: check, make or find the folder, drive the experiment, record what came of it."""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lrlab.config.explain import config_hash, dump_resolved
from lrlab.config.load import LoadedConfig
from lrlab.engine.device import describe_device
from lrlab.engine.interrupt import StopRequest
from lrlab.errors import CheckpointError, ExitCode, InterruptedRunError, LrlabError
from lrlab.launch.assemble import Trial, assemble
from lrlab.launch.experiment import Experiment, Finding, drive
from lrlab.launch.first_batch import check_first_batch
from lrlab.launch.origin import check_config
from lrlab.launch.run_trial import TrialRunner
from lrlab.launch.spec import TrialResult
from lrlab.runs.folder import RunFolder
from lrlab.runs.index import find_run, newest_unfinished
from lrlab.runs.provenance import collect


@dataclass(frozen=True)
class RunOptions:
    """How to run, as opposed to what.

    Attributes:
        root: where run folders are made.
        resume: None starts a new run; `auto` continues the newest unfinished one of the same config; else a name.
        argv: the command line, for the record.
        quiet: no progress.
        strict_resume: refuse to go on from less than the newest checkpoint, or where bits may differ.
    """

    root: Path = Path("runs")
    resume: str | None = None
    argv: Sequence[str] = ()
    quiet: bool = False
    strict_resume: bool = False


@dataclass(frozen=True)
class Outcome:
    """A finished run: its answer, its trials, its folder, and what could not be written."""

    finding: Finding
    results: tuple[TrialResult, ...]
    folder: Path
    lost_sinks: tuple[str, ...] = field(default=())
    lost_checkpoints: tuple[str, ...] = field(default=())


def execute(experiment: Experiment, loaded: LoadedConfig, options: RunOptions) -> Outcome:
    """Answer the experiment's question in a run folder.

    Everything that can be checked is checked before the folder is made: data, device, model, policy, one batch.

    Raises:
        LrlabError: what went wrong; the run folder says so too.
        InterruptedRunError: Ctrl-C or SIGTERM; everything finished is on disk and `--resume` continues.
    """
    first = assemble(experiment.propose([])[0])
    check_first_batch(first)
    hash_ = config_hash(loaded.config)
    with _folder(experiment.name, loaded, hash_, options) as folder:
        if not folder.meta():
            _write_facts(folder, loaded, hash_, options, first)
        folder.set_status("running")
        try:
            return _drive(experiment, folder, options)
        except BaseException as error:
            _record_failure(folder, error)
            raise


def _drive(experiment: Experiment, folder: RunFolder, options: RunOptions) -> Outcome:
    def asked(name: str) -> None:
        sys.stderr.write(f"{name}: finishing this step and saving; once more stops at once\n")

    with StopRequest(asked) as request:
        resume = options.resume is not None
        runner = TrialRunner(folder, request, quiet=options.quiet, resume=resume, strict=options.strict_resume)
        finding, results = drive(experiment, runner, folder.journal)
    trials = [{"id": r.id, "seed": r.seed, "status": r.status, "metrics": dict(r.metrics)} for r in results]
    answer = {
        "experiment": experiment.name,
        "headline": finding.headline,
        "answer": finding.to_json(),
        "trials": trials,
    }
    folder.write_result(answer)
    diverged = all(result.status == "diverged" for result in results)
    checkpoints = tuple(f"seed {result.seed}: {sentence}" for result in results for sentence in result.lost)
    lost = [*runner.lost, *checkpoints]
    state = "diverged" if diverged else "degraded" if lost else "completed"
    folder.set_status(state, headline=finding.headline, lost=lost)
    return Outcome(finding, tuple(results), folder.path, tuple(runner.lost), checkpoints)


def _folder(name: str, loaded: LoadedConfig, hash_: str, options: RunOptions) -> RunFolder:
    if options.resume is None:
        return RunFolder.create(options.root, name, loaded.config.name or _slug(loaded))
    if options.resume == "auto":
        found = newest_unfinished(options.root, name, hash_)
        if found is None:
            raise CheckpointError(
                f"nothing to resume: no unfinished {name} with this config in {options.root}",
                hint="start without --resume, or name the run: lrlab runs ls",
            )
        return RunFolder.open(found.path)
    found = find_run(options.root, options.resume)
    notes = check_config(found, loaded.config, strict=options.strict_resume)
    if found.status is not None and not found.status.unfinished:
        raise FinishedRunError(found.path, found.headline or str(found.status.state))
    sys.stderr.writelines(f"note: {note}\n" for note in notes)
    return RunFolder.open(found.path)


class FinishedRunError(LrlabError):
    """A run that is asked to continue has its answer already; not a failure."""

    exit_code = ExitCode.OK

    def __init__(self, path: Path, headline: str) -> None:
        super().__init__(f"{path.name} is finished: {headline}")
        self.path = path


def _slug(loaded: LoadedConfig) -> str:
    return loaded.path.stem if loaded.path else loaded.config.data.name


def _write_facts(folder: RunFolder, loaded: LoadedConfig, hash_: str, options: RunOptions, first: Trial) -> None:
    facts: dict[str, Any] = {
        **describe_device(first.task.device),
        "config_hash": hash_,
        "seed": loaded.config.train.seed,
        "notes": list(loaded.notes),
    }
    if first.facts is not None:
        facts["data"] = {
            "name": first.facts.name,
            "sha256": first.facts.fingerprint,
            "storage": first.facts.storage,
        }
    folder.write_config(loaded.source_text)
    folder.write_resolved(dump_resolved(loaded))
    folder.write_meta(collect(options.argv, **facts))


def _record_failure(folder: RunFolder, error: BaseException) -> None:
    interrupted = isinstance(error, KeyboardInterrupt | InterruptedRunError)
    with contextlib.suppress(OSError):  # a full disk must not hide what went wrong
        folder.set_status("interrupted" if interrupted else "failed", reason=f"{type(error).__name__}: {error}")
