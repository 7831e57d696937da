"""`lrlab range-test`."""

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
    describe,
    load,
    places,
    print_json,
    recorded_answer,
    run_options,
)
from lrlab.cli.plan_text import print_plan

if TYPE_CHECKING:
    from lrlab.experiments.range_test import RangeFinding

Apply = Annotated[
    bool,
    typer.Option("--apply", help="Write a copy of the config with the found max-lr into the run folder."),
]


def range_test_command(
    arguments: Arguments = None,
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
    apply: Apply = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """How large may the lr be? Raise it from 1e-6 to 10 and watch the loss."""
    flags = [("--seeds", "range_test.seeds", seeds), ("--device", "train.device", device)]
    loaded = load(arguments or [], flags, resume=resume, root=out, imports=imports)
    announce(loaded, verbose=verbose)
    from lrlab.experiments.range_test import RangeFinding, RangeTest
    from lrlab.launch.session import FinishedRunError, execute
    from lrlab.report.run_report import report_range_test

    experiment = RangeTest.from_config(loaded.config.model_dump(mode="json"))
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
    assert isinstance(finding, RangeFinding)
    plots = report_range_test(outcome.folder, finding, title=f"Range test: {describe(loaded)}")
    tuned = _apply(loaded, finding, outcome.folder) if apply else None
    if as_json:
        answer = {"experiment": "range-test", "headline": finding.headline, **finding.to_json()}
        print_json({**answer, **places(outcome.folder, plots), "tuned": str(tuned) if tuned else None})
    else:
        _print(finding, outcome.folder, plots, tuned)
    if finding.suggestion is None:
        raise typer.Exit(4)


def _print(finding: "RangeFinding", folder: Path, plots: list[Path], tuned: Path | None) -> None:
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


def _apply(loaded: object, finding: "RangeFinding", folder: Path) -> Path | None:
    """The tuned copy of the config, or None when there is nothing to write."""
    from lrlab.config.load import LoadedConfig
    from lrlab.launch.tuned import write_tuned

    assert isinstance(loaded, LoadedConfig)
    return None if finding.suggestion is None else write_tuned(loaded, finding.suggestion, folder / "tuned.yaml")
