"""`lrlab tune`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lrlab.cli.inputs import (
    DEFAULT_OUT,
    Arguments,
    AsJson,
    Device,
    DryRun,
    FailFast,
    Grace,
    Imports,
    Jobs,
    Out,
    Quiet,
    Resume,
    Retries,
    Seeds,
    StrictResume,
    Timeout,
    Verbose,
    announce,
    describe,
    load,
    places,
    print_json,
    recorded_answer,
    run_options,
)
from lrlab.cli.plan_text import print_plan
from lrlab.cli.tune_text import print_tune

if TYPE_CHECKING:
    from lrlab.config.load import LoadedConfig
    from lrlab.experiments.tune_finding import TuneFinding

BudgetText = Annotated[
    str | None,
    typer.Option("--budget", metavar="30ep|3000it|10min", help="What all of it may cost; a third is the search's."),
]
Baseline = Annotated[bool, typer.Option("--baseline", help="Also train with the config's own lr: what tuning bought.")]


def tune_command(
    arguments: Arguments = None,
    budget: BudgetText = None,
    baseline: Baseline = False,
    seeds: Seeds = None,
    device: Device = None,
    jobs: Jobs = 1,
    timeout: Timeout = None,
    retries: Retries = 1,
    fail_fast: FailFast = False,
    grace: Grace = 20.0,
    imports: Imports = None,
    out: Out = DEFAULT_OUT,
    resume: Resume = None,
    strict_resume: StrictResume = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """The whole recipe: range test, min-lr search, one-cycle training with what they found."""
    flags = [
        ("--budget", "tune.budget", budget),
        ("--baseline", "tune.baseline", baseline or None),
        ("--seeds", "train.seeds", seeds),
        ("--device", "train.device", device),
    ]
    loaded = load(arguments or [], flags, resume=resume, root=out, imports=imports)
    announce(loaded, verbose=verbose)
    from lrlab.experiments.tune import Tune
    from lrlab.experiments.tune_finding import TuneFinding
    from lrlab.launch.session import FinishedRunError, execute
    from lrlab.report.tune_report import report_tune

    experiment = Tune.from_config(loaded.config.model_dump(mode="json"))
    options = run_options(
        out,
        resume,
        quiet,
        strict=strict_resume,
        jobs=jobs,
        timeout=timeout,
        retries=retries,
        fail_fast=fail_fast,
        grace=grace,
    )
    if dry_run:
        return print_plan(experiment, loaded, options, as_json=as_json)
    try:
        outcome = execute(experiment, loaded, options)
    except FinishedRunError as finished:
        if as_json:
            copy = finished.path / "tuned.yaml"
            print_json({**recorded_answer(finished.path), "tuned": str(copy) if copy.exists() else None})
        raise
    finding = outcome.finding
    assert isinstance(finding, TuneFinding)
    plots = report_tune(outcome.folder, finding, title=describe(loaded))
    tuned = _write(loaded, finding, outcome.folder)
    if as_json:
        answer = {"experiment": "tune", "headline": finding.headline, **finding.to_json()}
        print_json({**answer, **places(outcome.folder, plots), "tuned": str(tuned) if tuned else None})
    else:
        print_tune(finding, outcome.folder, plots, tuned)
    if finding.training is None or finding.training.diverged:
        raise typer.Exit(4)
    if outcome.lost_checkpoints:
        for sentence in outcome.lost_checkpoints:
            typer.echo(f"degraded: {sentence}", err=True)
        raise typer.Exit(5)


def _write(loaded: "LoadedConfig", finding: "TuneFinding", folder: Path) -> Path | None:
    """The tuned copy of the config, or None when there is nothing to write."""
    from lrlab.launch.tuned import write_tuned

    if finding.max_lr is None or finding.min_lr is None:
        return None
    return write_tuned(loaded, finding.max_lr, folder / "tuned.yaml", min_lr=finding.min_lr)
