"""`lrlab compare-policy`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrlab.cli.ask import Asked, Question, ask, with_common_options
from lrlab.cli.inputs import comma_list, comma_numbers

if TYPE_CHECKING:
    from lrlab.experiments.compare_policy import ComparePolicy, ComparePolicyFinding
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


@with_common_options
def compare_policy_command(
    policies: Policies = None, lrs: Lrs = None, budgets: Budgets = None, ablations: Ablations = None, *, asked: Asked
) -> None:
    """Which policy? Each at its own best lr of one grid, over the same seeds."""
    flags = [
        ("--policies", "compare_policy.policies", comma_list(policies)),
        ("--lrs", "compare_policy.lrs", comma_numbers(lrs)),
        ("--budgets", "compare_policy.budgets", comma_list(budgets)),
        ("--ablation", "compare_policy.ablations", ablations or None),
        ("--seeds", "compare_policy.seeds", asked.seeds),
    ]
    ask(Question(_experiment, _report, _show, lambda finding: finding.answered), asked, flags)


def _experiment(config: Mapping[str, Any]) -> "ComparePolicy":
    from lrlab.experiments.compare_policy import ComparePolicy

    return ComparePolicy.from_config(config)


def _report(folder: Path, finding: "ComparePolicyFinding", what: str) -> list[Path]:
    from lrlab.report.compare_report import report_compare_policy

    return report_compare_policy(folder, finding, title=what)


def _show(finding: "ComparePolicyFinding", folder: Path, plots: Sequence[Path], tuned: Path | None) -> None:
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
