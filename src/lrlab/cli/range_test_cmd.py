"""`lrlab range-test`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrlab.cli.ask import Asked, Question, ask, with_common_options

if TYPE_CHECKING:
    from lrlab.experiments.range_test import RangeFinding, RangeTest

Apply = Annotated[
    bool,
    typer.Option("--apply", help="Write a copy of the config with the found max-lr into the run folder."),
]


@with_common_options
def range_test_command(apply: Apply = False, *, asked: Asked) -> None:
    """How large may the lr be? Raise it from 1e-6 to 10 and watch the loss."""
    question = Question(_experiment, _report, _show, lambda finding: finding.suggestion is not None, _found)
    ask(question, asked, [("--seeds", "range_test.seeds", asked.seeds)], apply=apply)


def _experiment(config: Mapping[str, Any]) -> "RangeTest":
    from lrlab.experiments.range_test import RangeTest

    return RangeTest.from_config(config)


def _report(folder: Path, finding: "RangeFinding", what: str) -> list[Path]:
    from lrlab.report.run_report import report_range_test

    return report_range_test(folder, finding, title=f"Range test: {what}")


def _found(finding: "RangeFinding") -> tuple[float, None] | None:
    return None if finding.suggestion is None else (finding.suggestion, None)


def _show(finding: "RangeFinding", folder: Path, plots: Sequence[Path], tuned: Path | None) -> None:
    """The table of rules, the answer, what to know about it, where everything is, what to do next."""
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=True, highlight=False)
    table = Table("rule", "lr", box=None, pad_edge=False)
    for rule, lr in finding.suggestions.items():
        mark = " <- the answer" if rule == finding.rule and lr is not None else ""
        table.add_row(rule, f"{lr:.3g}{mark}" if lr is not None else "-")
    console.print(table)
    sweep = max(finding.sweeps, key=lambda s: len(s.lrs))
    console.print(f"\n[bold]{finding.headline}[/bold]")
    console.print(f"stopped: {finding.stop.value} at lr {sweep.lrs[-1]:.3g}, {len(sweep.lrs)} points; {_cost(finding)}")
    for flag in finding.flags:
        console.print(f"{flag.code}: {flag.message}")
    for note in finding.notes:
        console.print(f"note: {note}")
    console.print(f"run    {folder}")
    console.print(f"plot   {next(p for p in plots if p.suffix == '.png')}")
    if tuned is not None:
        console.print(f"tuned  {tuned}")
        console.print(f"next   lrlab train {tuned} --policy onecycle")
    elif finding.suggestion is not None:
        console.print(
            f"next   lrlab train --policy onecycle optimizer.lr={finding.suggestion:.3g} (with the same config)"
        )


def _cost(finding: "RangeFinding") -> str:
    cost = finding.cost
    return f"{cost['steps']:.0f} steps in {cost['seconds']:.1f} s"
