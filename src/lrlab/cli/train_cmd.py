"""`lrlab train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lrlab.cli.completion import words
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

if TYPE_CHECKING:
    from lrlab.experiments.train import TrainFinding

PolicyName = Annotated[
    str | None,
    typer.Option("--policy", metavar="NAME", help="The policy; see: lrlab policy ls", autocompletion=words.policies),
]


def train_command(
    arguments: Arguments = None,
    policy: PolicyName = None,
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
    """Train with a policy; one-cycle unless the config says otherwise."""
    flags = [
        ("--policy", "policy.name", policy),
        ("--seeds", "train.seeds", seeds),
        ("--device", "train.device", device),
    ]
    loaded = load(arguments or [], flags, resume=resume, root=out, imports=imports)
    announce(loaded, verbose=verbose)
    from lrlab.experiments.train import Train, TrainFinding
    from lrlab.launch.session import FinishedRunError, execute
    from lrlab.report.run_report import report_training

    experiment = Train.from_config(loaded.config.model_dump(mode="json"))
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
            print_json(recorded_answer(finished.path))
        raise
    finding = outcome.finding
    assert isinstance(finding, TrainFinding)
    plots = report_training(outcome.folder, finding, title=f"Training: {describe(loaded)}")
    if as_json:
        answer = {"experiment": "train", "headline": finding.headline, **finding.to_json()}
        print_json({**answer, **places(outcome.folder, plots)})
    else:
        _print(finding, outcome.folder, plots)
    if finding.diverged:
        raise typer.Exit(4)
    if outcome.lost_checkpoints:
        for sentence in outcome.lost_checkpoints:
            typer.echo(f"degraded: {sentence}", err=True)
        raise typer.Exit(5)


def _print(finding: "TrainFinding", folder: Path, plots: list[Path]) -> None:
    """A row per seed, the answer, where everything is."""
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=True, highlight=False)
    table = Table(
        "seed",
        "status",
        "steps",
        "val loss",
        "val acc %",
        "test loss",
        "test acc %",
        "seconds",
        box=None,
        pad_edge=False,
    )
    for seed in finding.seeds:
        m = seed.metrics
        table.add_row(
            str(seed.seed),
            seed.status,
            str(seed.steps),
            *(_number(m, f"{split}_{what}") for split in ("val", "test") for what in ("loss", "accuracy")),
            f"{seed.seconds:.1f}",
        )
    console.print(table)
    console.print(f"\n[bold]{finding.headline}[/bold]")
    for note in finding.notes:
        console.print(note)
    if finding.diverged:
        console.print(
            "the loss became non-finite at the last step shown; the last good checkpoint is kept.\n"
            "Lower optimizer.lr; to find how large it may be: lrlab range-test"
        )
    for outcome in finding.seeds:
        if outcome.status == "failed":
            console.print(f"seed {outcome.seed} failed: {'; '.join(outcome.notes)}")
    console.print(f"run    {folder}")
    for plot in plots:
        if plot.suffix == ".png":
            console.print(f"plot   {plot}")
    console.print(f"board  lrlab board {folder.name}")


def _number(metrics: object, name: str) -> str:
    assert isinstance(metrics, dict)
    if name not in metrics:
        return "-"
    return f"{100 * metrics[name]:.2f}" if name.endswith("accuracy") else f"{metrics[name]:.4f}"
