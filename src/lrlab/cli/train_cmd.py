"""`lrlab train`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lrlab.cli.inputs import (
    DEFAULT_OUT,
    Arguments,
    AsJson,
    Device,
    Imports,
    Out,
    Quiet,
    Resume,
    Seeds,
    Verbose,
    announce,
    describe,
    load,
    run_options,
)

if TYPE_CHECKING:
    from lrlab.experiments.train import TrainFinding

PolicyName = Annotated[
    str | None,
    typer.Option("--policy", metavar="NAME", help="constant, range, onecycle or torch; see: lrlab policy ls"),
]


def train_command(
    arguments: Arguments = None,
    policy: PolicyName = None,
    seeds: Seeds = None,
    device: Device = None,
    imports: Imports = None,
    out: Out = DEFAULT_OUT,
    resume: Resume = None,
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
    from lrlab.launch.session import execute
    from lrlab.report.run_report import report_training

    outcome = execute(Train.from_config(loaded.config.model_dump(mode="json")), loaded, run_options(out, resume, quiet))
    finding = outcome.finding
    assert isinstance(finding, TrainFinding)
    plots = report_training(outcome.folder, finding, title=f"Training: {describe(loaded)}")
    if as_json:
        extra = {"run": str(outcome.folder), "plots": [str(p) for p in plots]}
        typer.echo(json.dumps({"experiment": "train", "headline": finding.headline, **finding.to_json(), **extra}))
    else:
        _print(finding, outcome.folder, plots)
    if finding.diverged:
        raise typer.Exit(4)


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
    if finding.diverged:
        console.print(
            "the loss became non-finite at the last step shown; the last good checkpoint is kept.\n"
            "Lower optimizer.lr; to find how large it may be: lrlab range-test"
        )
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
