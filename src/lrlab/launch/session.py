"""A run on disk: check, make or find the folder, drive the experiment, record what came of it."""

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lrlab.config.explain import config_hash, dump_resolved
from lrlab.config.load import LoadedConfig
from lrlab.engine.device import describe_device
from lrlab.engine.interrupt import undisturbed
from lrlab.errors import InterruptedRunError
from lrlab.launch.assemble import Trial, assemble, forget_data
from lrlab.launch.conduct import RunOptions, conduct
from lrlab.launch.experiment import Experiment, Finding
from lrlab.launch.first_batch import check_first_batch
from lrlab.launch.plugin_record import check_unchanged, import_used, plugin_record
from lrlab.launch.policies_fit import check_policies
from lrlab.launch.progress import Console, Overview
from lrlab.launch.resume import FinishedRunError, Opened, changes_text, check_data, open_run
from lrlab.launch.spec import TrialResult
from lrlab.runs.folder import RunFolder
from lrlab.runs.provenance import collect

__all__ = ["FinishedRunError", "Outcome", "RunOptions", "execute"]


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
        InterruptedRunError: Ctrl-C, SIGTERM or SIGHUP; everything finished is on disk and `--resume` continues.
    """
    import_used(loaded)
    specs = experiment.propose([])
    first = assemble(specs[0])
    check_first_batch(first)
    check_policies(specs, first.batches_per_epoch)
    opened = open_run(experiment, loaded, options.root, options.resume, strict=options.strict_resume)
    with opened.folder as folder:
        quiet = options.quiet
        console = Overview(folder, first.policy.total, quiet=quiet) if options.pooled else Console(folder, quiet=quiet)
        _record_facts(opened, loaded, options, first, console)
        if options.pooled:  # the workers load their own, and need the memory
            del first
            forget_data()
        folder.set_status("running")
        try:
            finding, results = conduct(experiment, folder, loaded.config.train, options, console)
            return _record_answer(experiment, folder, finding, results, console)
        except BaseException as error:
            _record_failure(folder, error)
            raise


def _record_answer(
    experiment: Experiment, folder: RunFolder, finding: Finding, results: list[TrialResult], console: Console
) -> Outcome:
    failed = sum(result.status == "failed" for result in results)
    trials = [{"id": r.id, "seed": r.seed, "status": r.status, "metrics": dict(r.metrics)} for r in results]
    answer = {"experiment": experiment.name, "headline": finding.headline, "answer": finding.to_json()}
    folder.write_result({**answer, "trials": trials})
    if failed:
        console.warn(
            f"warning: {failed} of {len(results)} trials failed; error.txt in the trial's folder says why\n"
            f"  hint: run them again with: lrlab {experiment.name} --resume {folder.path.name}"
        )
    diverged = all(result.status in ("diverged", "failed") for result in results)
    checkpoints = tuple(f"seed {result.seed}: {sentence}" for result in results for sentence in result.lost)
    lost = [*console.lost_sinks, *checkpoints]
    state = "diverged" if diverged else "degraded" if lost or failed else "completed"
    folder.set_status(state, headline=finding.headline, lost=lost, failed=failed)
    return Outcome(finding, tuple(results), folder.path, tuple(console.lost_sinks), checkpoints)


def _record_facts(opened: Opened, loaded: LoadedConfig, options: RunOptions, first: Trial, console: Console) -> None:
    """What the run is made of; of a resumed one, what an edit changed, and what is kept."""
    folder, recorded = opened.folder, opened.folder.meta()
    for note in folder.journal.notes:
        console.warn(f"note: {note}")
    if not recorded:
        folder.write_config(loaded.source_text)
        folder.write_resolved(dump_resolved(loaded))
        folder.write_meta(collect(options.argv, **_facts(loaded, first), jobs=options.jobs))
        return
    check_unchanged(loaded.config, recorded)
    if first.facts is not None:
        check_data(recorded, first.facts.fingerprint)
    if opened.changes and opened.remaining is not None:
        kept, missing = opened.remaining.kept, len(opened.remaining.missing)
        console.warn(f"note: {folder.path.name} goes on with an edited config: {kept} trials kept, {missing} to run")
        console.warn(changes_text(opened.changes))
        edit = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "argv": list(options.argv),
            "changes": {change.key: [change.old, change.new] for change in opened.changes},
        }
        folder.write_resolved(dump_resolved(loaded))
        new = {"config_hash": config_hash(loaded.config), "edits": [*recorded.get("edits", []), edit]}
        folder.write_meta({**recorded, **new})


def _facts(loaded: LoadedConfig, first: Trial) -> dict[str, Any]:
    facts: dict[str, Any] = {
        **describe_device(first.task.device),
        "config_hash": config_hash(loaded.config),
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
    return facts


def _record_failure(folder: RunFolder, error: BaseException) -> None:
    interrupted = isinstance(error, KeyboardInterrupt | InterruptedRunError)
    with undisturbed(), contextlib.suppress(OSError):  # a full disk must not hide what went wrong
        folder.set_status("interrupted" if interrupted else "failed", reason=f"{type(error).__name__}: {error}")
