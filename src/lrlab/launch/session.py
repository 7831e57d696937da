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
from lrlab.errors import CheckpointError, ExitCode, InterruptedRunError, LrlabError, UsageError
from lrlab.launch.assemble import Trial, assemble, check_first_batch
from lrlab.launch.experiment import Experiment, Finding, drive
from lrlab.launch.plugin_record import check_unchanged, import_used, plugin_record
from lrlab.launch.run_trial import TrialRunner
from lrlab.launch.spec import TrialResult
from lrlab.runs.folder import RunFolder, mark_latest
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
    """

    root: Path = Path("runs")
    resume: str | None = None
    argv: Sequence[str] = ()
    quiet: bool = False


@dataclass(frozen=True)
class Outcome:
    """A finished run: its answer, its trials, its folder."""

    finding: Finding
    results: tuple[TrialResult, ...]
    folder: Path
    lost_sinks: tuple[str, ...] = field(default=())


def execute(experiment: Experiment, loaded: LoadedConfig, options: RunOptions) -> Outcome:
    """Answer the experiment's question in a run folder.

    Everything that can be checked is checked before the folder is made: data, device, model, policy, one batch.

    Raises:
        LrlabError: what went wrong; the run folder says so too.
        InterruptedRunError: Ctrl-C or SIGTERM; everything finished is on disk and `--resume` continues.
    """
    import_used(loaded)
    first = assemble(experiment.propose([])[0])
    check_first_batch(first)
    hash_ = config_hash(loaded.config)
    with _folder(experiment.name, loaded, hash_, options) as folder:
        if not folder.meta():
            _write_facts(folder, loaded, hash_, options, first)
        else:
            check_unchanged(loaded.config, folder.meta())
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
        runner = TrialRunner(folder, request, quiet=options.quiet, resume=options.resume is not None)
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
    state = "diverged" if diverged else "degraded" if runner.lost else "completed"
    folder.set_status(state, headline=finding.headline, lost=list(runner.lost))
    mark_latest(folder.path)
    return Outcome(finding, tuple(results), folder.path, tuple(runner.lost))


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
    if found.config_hash is not None and found.config_hash != hash_:
        raise UsageError(
            f"{found.name} was made with another config (see {found.path / 'resolved.yaml'})",
            hint=f"resume it as it was: lrlab {name} --resume {found.name}",
        )
    if found.status is not None and not found.status.unfinished:
        raise FinishedRunError(found.path, found.headline or str(found.status.state))
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
        "plugins": plugin_record(loaded.config),
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
