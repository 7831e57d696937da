"""`lrlab compare-policy`."""

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
    comma_list,
    comma_numbers,
    describe,
    load,
    places,
    print_json,
    recorded_answer,
    run_options,
)
from lrlab.cli.plan_text import print_plan

if TYPE_CHECKING:
    from lrlab.experiments.compare_policy import ComparePolicyFinding
    from lrlab.experiments.ranking import Row, Table

Policies = Annotated[
    str | None, typer.Option("--policies", metavar="A,B,...", help="What is compared; see: lrlab policy ls")
]
Lrs = Annotated[
    str | None,
    typer.Option("--lrs", metavar="LR,LR,...", help="The grid of lrs (default: 1/4, 1/2, 1 and 2 times optimizer.lr)."),
]
Budgets = Annotated[
    str | None, typer.Option("--budgets", metavar="1ep,200it", help="Lengths to compare at, in epochs or steps.")
]
Ablations = Annotated[
    list[str] | None,
    typer.Option("--ablation", metavar="annihilation|momentum", help="Also take one-cycle apart; may be repeated."),
]


def compare_policy_command(
    arguments: Arguments = None,
    policies: Policies = None,
    lrs: Lrs = None,
    budgets: Budgets = None,
    ablations: Ablations = None,
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
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Which policy? Each at its own best lr of one grid, over the same seeds."""
    flags = [
        ("--policies", "compare_policy.policies", comma_list(policies)),
        ("--lrs", "compare_policy.lrs", comma_numbers(lrs)),
        ("--budgets", "compare_policy.budgets", comma_list(budgets)),
        ("--ablation", "compare_policy.ablations", ablations or None),
        ("--seeds", "compare_policy.seeds", seeds),
        ("--device", "train.device", device),
    ]
    loaded = load(arguments or [], flags, resume=resume, root=out, imports=imports)
    announce(loaded, verbose=verbose)
    from lrlab.experiments.compare_policy import ComparePolicy, ComparePolicyFinding
    from lrlab.launch.session import FinishedRunError, execute
    from lrlab.report.compare_report import report_compare_policy

    experiment = ComparePolicy.from_config(loaded.config.model_dump(mode="json"))
    options = run_options(
        out, resume, quiet, jobs=jobs, timeout=timeout, retries=retries, fail_fast=fail_fast, grace=grace
    )
    if dry_run:
        return print_plan(experiment, loaded, options, as_json=as_json, outline=experiment.outline)
    try:
        outcome = execute(experiment, loaded, options)
    except FinishedRunError as finished:
        if as_json:
            print_json(recorded_answer(finished.path))
        raise
    finding = outcome.finding
    assert isinstance(finding, ComparePolicyFinding)
    plots = report_compare_policy(outcome.folder, finding, title=describe(loaded))
    if as_json:
        answer = {"experiment": experiment.name, "headline": finding.headline, **finding.to_json()}
        print_json({**answer, **places(outcome.folder, plots)})
    else:
        _print(finding, outcome.folder, plots)
    if not finding.answered:
        raise typer.Exit(4)
    if outcome.lost_checkpoints:
        for sentence in outcome.lost_checkpoints:
            typer.echo(f"degraded: {sentence}", err=True)
        raise typer.Exit(5)


def _print(finding: "ComparePolicyFinding", folder: Path, plots: list[Path]) -> None:
    """A table per question and budget, the answer, what to know about it, where everything is."""
    from lrlab.cli.tables import print_table

    for table in finding.tables:
        typer.echo(f"{table.question}, {table.budget} ({table.steps:,} steps)")
        header = ("rank", "arm", "lr", "test acc %", "95 %", f"vs {table.reference}", "95 %", "verdict")
        print_table(header, [_cells(row, table) for row in table.rows], right=("rank", "lr", "test acc %"))
        typer.echo(f"{table.headline}\n")
    typer.echo(
        "differs: from the reference, at 5 % for all of a table together (Holm); an interval is about its pair alone"
    )
    for note in finding.notes:
        typer.echo(f"note: {note}")
    cost = finding.cost
    typer.echo(f"cost   {cost['trials']:.0f} trainings, {cost['steps']:.0f} steps, {cost['cpu_seconds']:.0f} CPU s")
    typer.echo(f"run    {folder}")
    for plot in plots:
        if plot.suffix == ".png":
            typer.echo(f"plot   {plot}")
    typer.echo(f"board  lrlab board {folder.name}")


def _cells(row: "Row", table: "Table") -> tuple[str, ...]:
    choice, found = row.contender.choice, row.difference.comparison if row.difference else None
    name, lr = row.name, "-" if choice.lr is None else f"{choice.lr:g}"
    verdict = "the reference" if name == table.reference else ""
    if row.difference:
        verdict = "differs" if row.difference.differs else "tied"
    verdict = ", ".join(filter(None, (verdict, *(flag.code for flag in choice.flags))))
    if row.mean is None:
        return "-", name, lr, "-", "-", "-", "-", verdict
    return (
        str(row.rank),
        name,
        lr,
        f"{100 * row.mean.mean:.2f}",
        _span(row.mean.low, row.mean.high),
        f"{100 * found.estimate:+.2f}" if found else "",
        _span(found.low, found.high, sign="+") if found else "",
        verdict,
    )


def _span(low: float | None, high: float | None, sign: str = "") -> str:
    return "-" if low is None or high is None else f"{100 * low:{sign}.2f} to {100 * high:{sign}.2f}"
