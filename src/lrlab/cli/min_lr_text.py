"""A min-lr search's answer as text."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrlab.experiments.min_lr.confirm import Confirmation
    from lrlab.experiments.min_lr.finding import Candidate, MinLrFinding

COLUMNS = (
    "ratio", "min-lr", "updates", "IQR", "time ratio", "95 % interval", "fails", "literal", "steps", "images", "s",
)  # fmt: skip
WIDTH = 110  # of the table, at least: a narrower one would break its cells


def print_min_lr(finding: "MinLrFinding", folder: Path, plots: Sequence[Path], tuned: Path | None) -> None:
    """The gate, the table, the answer and how sure it is, where everything is, what to do next."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    console.width = max(console.width, WIDTH)
    print_search(finding, console)
    console.print(f"run    {folder}")
    for plot in plots:
        if plot.suffix == ".png":
            console.print(f"plot   {plot}")
    if tuned is not None:
        console.print(f"tuned  {tuned}\nnext   lrlab train {tuned} --policy onecycle")
    elif finding.min_lr is not None:
        console.print(f"\nto use it, in the config:\n{finding.snippet}", end="")


def print_search(finding: "MinLrFinding", console: object) -> None:
    """Gate, table and answer."""
    from rich.console import Console
    from rich.table import Table

    assert isinstance(console, Console)
    for line in _gate_lines(finding):
        console.print(line)
    if finding.candidates:
        table = Table(*COLUMNS, box=None, pad_edge=False)
        for candidate in finding.candidates:
            table.add_row(*_row(candidate, finding))
        console.print(table)
    console.print(f"\n[bold]{finding.headline}[/bold]")
    console.print(finding.verdict)
    for flag in finding.flags:
        if flag.message not in finding.verdict:
            console.print(f"{flag.code}: {flag.message}")
    if finding.confirmation is not None:
        console.print(_confirmed(finding.confirmation))
    for note in finding.notes:
        console.print(f"note: {note}")
    cost = finding.cost
    saved = f"; {finding.saved} steps saved by ending climbs early" if finding.saved else ""
    console.print(f"cost   {cost.steps} steps, {cost.images} images, {cost.seconds:.1f} s{saved}")


def _gate_lines(finding: "MinLrFinding") -> Iterator[str]:
    for attempt in finding.gate.attempts:
        failed = [f"seed {seed} {how}" for seed, how in attempt.failures.items() if how]
        state = f"fails: {', '.join(failed)}" if failed else f"passes, {len(attempt.failures)} climbs and a hold"
        yield f"gate   max-lr {attempt.max_lr:.4g} {state}"
    if finding.candidates and finding.method == "time-to-target":
        critical = finding.gate.critical_lr
        known = f"; critical lr at the start {critical:.3g}" if critical is not None else ""
        yield f"target loss {finding.gate.target:.3g} (chance is {finding.gate.chance:.3g}){known}\n"


def _row(candidate: "Candidate", finding: "MinLrFinding") -> tuple[str, ...]:
    reference = candidate.ratio == finding.reference
    interval = "" if candidate.low is None else f"{candidate.low:.2f} to {candidate.high:.2f}"
    ratio = "reference" if reference else "-" if candidate.time_ratio is None else f"{candidate.time_ratio:.2f}"
    median = "-" if candidate.at_least is None else f"> {candidate.at_least:g}"
    if candidate.median is not None:
        median = f"{candidate.median:g}"
    return (
        f"{candidate.ratio:.3g}",
        f"{candidate.min_lr:.3g}",
        candidate.dropped or median,
        "" if candidate.iqr is None else f"{candidate.iqr[0]:g}-{candidate.iqr[1]:g}",
        "" if candidate.dropped else ratio,
        interval,
        str(len(candidate.failures)),
        str(candidate.literal),
        str(candidate.cost.steps),
        str(candidate.cost.images),
        f"{candidate.cost.seconds:.1f}",
    )


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
