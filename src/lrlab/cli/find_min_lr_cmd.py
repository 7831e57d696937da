"""`lrlab find-min-lr`."""

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
    Timeout,
    Verbose,
    announce,
    comma_numbers,
    describe,
    load,
    places,
    print_json,
    recorded_answer,
    run_options,
)
from lrlab.cli.min_lr_text import print_min_lr
from lrlab.cli.plan_text import print_plan

if TYPE_CHECKING:
    from lrlab.config.load import LoadedConfig
    from lrlab.experiments.min_lr.finding import MinLrFinding

MaxLr = Annotated[
    float | None, typer.Option("--max-lr", metavar="LR", help="Where every climb ends; without it a range test first.")
]
Ratios = Annotated[
    str | None,
    typer.Option("--ratios", metavar="R,R,...", help="Candidates as shares of max-lr; default: 1/10 to 1/5."),
]
Lrs = Annotated[str | None, typer.Option("--lrs", metavar="LR,LR,...", help="Candidate lrs, instead of shares.")]
MethodName = Annotated[
    str | None, typer.Option("--method", metavar="time-to-target|stable-ramp", help="What candidates are compared by.")
]
AutoShrink = Annotated[
    bool, typer.Option("--auto-shrink", help="Where max-lr fails, go on with the largest tried half that passes.")
]
Confirm = Annotated[
    bool, typer.Option("--confirm", help="Then train winner and reference with short one-cycles, paired.")
]
Apply = Annotated[
    bool, typer.Option("--apply", help="Write a copy of the config with the found lrs into the run folder.")
]


def find_min_lr_command(
    arguments: Arguments = None,
    max_lr: MaxLr = None,
    ratios: Ratios = None,
    lrs: Lrs = None,
    method: MethodName = None,
    seeds: Seeds = None,
    auto_shrink: AutoShrink = False,
    confirm: Confirm = False,
    device: Device = None,
    jobs: Jobs = 1,
    timeout: Timeout = None,
    retries: Retries = 1,
    fail_fast: FailFast = False,
    grace: Grace = 20.0,
    imports: Imports = None,
    out: Out = DEFAULT_OUT,
    resume: Resume = None,
    apply: Apply = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Where should the climb to max-lr begin? Candidates race to one loss, on the same seeds."""
    flags = [
        ("--max-lr", "find_min_lr.max_lr", max_lr),
        ("--ratios", "find_min_lr.ratios", comma_numbers(ratios)),
        ("--lrs", "find_min_lr.lrs", comma_numbers(lrs)),
        ("--method", "find_min_lr.method", method),
        ("--seeds", "find_min_lr.seeds", seeds),
        ("--auto-shrink", "find_min_lr.auto_shrink", auto_shrink or None),
        ("--confirm", "find_min_lr.confirm", confirm or None),
        ("--device", "train.device", device),
    ]
    loaded = load(arguments or [], flags, resume=resume, root=out, imports=imports)
    announce(loaded, verbose=verbose)
    from lrlab.experiments.min_lr.experiment import FindMinLr
    from lrlab.experiments.min_lr.finding import MinLrFinding
    from lrlab.launch.session import FinishedRunError, execute
    from lrlab.report.run_report import report_min_lr

    experiment = FindMinLr.from_config(loaded.config.model_dump(mode="json"))
    options = run_options(
        out, resume, quiet, jobs=jobs, timeout=timeout, retries=retries, fail_fast=fail_fast, grace=grace
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
    assert isinstance(finding, MinLrFinding)
    plots = report_min_lr(outcome.folder, finding, title=f"Min-lr search: {describe(loaded)}")
    tuned = _apply(loaded, finding, outcome.folder) if apply else None
    if as_json:
        answer = {"experiment": "find-min-lr", "headline": finding.headline, **finding.to_json()}
        print_json({**answer, **places(outcome.folder, plots), "tuned": str(tuned) if tuned else None})
    else:
        print_min_lr(finding, outcome.folder, plots, tuned)
    if finding.min_lr is None:
        raise typer.Exit(4)


def _apply(loaded: "LoadedConfig", finding: "MinLrFinding", folder: Path) -> Path | None:
    """The tuned copy of the config, or None when there is nothing to write."""
    from lrlab.launch.tuned import write_tuned

    if finding.min_lr is None:
        return None
    return write_tuned(loaded, finding.max_lr, folder / "tuned.yaml", min_lr=finding.min_lr)
