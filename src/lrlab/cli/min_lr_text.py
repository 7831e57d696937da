"""A min-lr search's answer as text."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from lrlab.experiments.min_lr.confirm import Confirmation
    from lrlab.experiments.min_lr.finding import MinLrFinding


def print_min_lr(finding: "MinLrFinding", folder: Path, plots: Sequence[Path], tuned: Path | None) -> None:
    """The gate, the table, the answer and how sure it is, where everything is, what to do next."""
    from lrlab.cli.tables import print_table
    from lrlab.experiments.min_lr.table import COLUMNS, cells

    for line in _gate_lines(finding):
        typer.echo(line)
    if finding.candidates:
        print_table(COLUMNS, cells(finding))
    typer.echo(f"\n{typer.style(finding.headline, bold=True)}")
    for line in _evidence(finding):
        typer.echo(line)
    typer.echo(f"run    {folder}")
    for plot in plots:
        if plot.suffix == ".png":
            typer.echo(f"plot   {plot}")
    if tuned is not None:
        typer.echo(f"tuned  {tuned}\nnext   lrlab train {tuned} --policy onecycle")
    elif finding.min_lr is not None:
        typer.echo(f"\nto use it, in the config:\n{finding.snippet}", nl=False)


def _evidence(finding: "MinLrFinding") -> Iterator[str]:
    """How sure the answer is, and what it cost."""
    yield finding.verdict
    yield from (f"{flag.code}: {flag.message}" for flag in finding.flags if flag.message != finding.verdict)
    if finding.confirmation is not None:
        yield _confirmed(finding.confirmation)
    yield from (f"note: {note}" for note in finding.notes)
    cost = finding.cost
    saved = f"; {finding.saved} steps saved by ending climbs early" if finding.saved else ""
    yield f"cost   {cost.steps} steps, {cost.images} images, {cost.seconds:.1f} s{saved}"


def _gate_lines(finding: "MinLrFinding") -> Iterator[str]:
    for attempt in finding.gate.attempts:
        failed = [f"seed {seed} {how}" for seed, how in attempt.failures.items() if how]
        state = f"fails: {', '.join(failed)}" if failed else f"passes, {len(attempt.failures)} climbs and a hold"
        yield f"gate   max-lr {attempt.max_lr:.4g} {state}"
    if finding.candidates and finding.method == "time-to-target":
        critical = finding.gate.critical_lr
        known = f"; critical lr at the start {critical:.3g}" if critical is not None else ""
        yield f"target loss {finding.gate.target:.3g} (chance is {finding.gate.chance:.3g}){known}\n"


def _confirmed(found: "Confirmation") -> str:
    """The paired trainings in a sentence."""
    comparison = found.comparison
    if comparison is None:
        return "confirm: no pair of trainings completed"
    accuracy = found.metric == "val_accuracy"
    scale, unit, name = (100, " points", "validation accuracy") if accuracy else (1, "", "validation loss")
    text = f"{scale * comparison.estimate:+.3g}{unit}"
    if comparison.low is not None and comparison.high is not None:
        text += f" ({scale * comparison.low:+.2g} to {scale * comparison.high:+.2g})"
    sure = "a sure difference" if comparison.decisive else "no sure difference"
    return (
        f"confirm: after {found.steps} steps of one-cycle, {name} from ratio {found.ratio:.3g} against "
        f"{found.reference:.3g}: {text}, {comparison.n} pairs, {sure}"
    )
