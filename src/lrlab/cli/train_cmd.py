"""`lrlab train`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrlab.cli.ask import Asked, Question, ask, with_common_options
from lrlab.cli.completion import words
from lrlab.cli.inputs import StrictResume

if TYPE_CHECKING:
    from lrlab.experiments.train import Train, TrainFinding

PolicyName = Annotated[
    str | None,
    typer.Option("--policy", metavar="NAME", help="The policy; see: lrlab policy ls", autocompletion=words.policies),
]


@with_common_options
def train_command(policy: PolicyName = None, strict_resume: StrictResume = False, *, asked: Asked) -> None:
    """Train with a policy; one-cycle unless the config says otherwise."""
    flags = [("--policy", "policy.name", policy), ("--seeds", "train.seeds", asked.seeds)]
    question = Question(_experiment, _report, _show, lambda finding: not finding.diverged)
    ask(question, asked, flags, strict=strict_resume)


def _experiment(config: Mapping[str, Any]) -> "Train":
    from lrlab.experiments.train import Train

    return Train.from_config(config)


def _report(folder: Path, finding: "TrainFinding", what: str) -> list[Path]:
    from lrlab.report.run_report import report_training

    return report_training(folder, finding, title=f"Training: {what}")


def _show(finding: "TrainFinding", folder: Path, plots: Sequence[Path], tuned: Path | None) -> None:
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
