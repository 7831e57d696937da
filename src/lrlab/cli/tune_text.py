"""A tuning's answer as text: three answers, how sure each is, what it cost."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrlab.experiments.tune_finding import TuneFinding


def print_tune(finding: "TuneFinding", folder: Path, plots: Sequence[Path], tuned: Path | None) -> None:
    """The answers, then where everything is and what to do next."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    for line in _answers(finding):
        console.print(line)
    console.print(f"\n[bold]{finding.headline}[/bold]")
    for line in _cost(finding):
        console.print(line)
    console.print(f"run    {folder}")
    for plot in plots:
        if plot.suffix in (".png", ".html"):
            console.print(f"{'plot' if plot.suffix == '.png' else 'report':7}{plot}")
    if tuned is not None:
        console.print(f"tuned  {tuned}")
        console.print(f"board  lrlab board {folder.name}")
        console.print(f"next   lrlab train {tuned}")


def _answers(finding: "TuneFinding") -> Iterator[str]:
    found, search, training = finding.range_test, finding.search, finding.training
    yield f"max-lr  {found.headline}"
    for flag in found.flags:
        yield f"        {flag.code}: {flag.message}"
    if search is None:
        return
    passed = sum(attempt.passed for attempt in search.gate.attempts)
    if passed:
        climbs = len(search.gate.attempts[-1].failures)
        yield f"        {search.max_lr:.3g} passes the gate: {climbs} climbs to it and a hold"
    yield f"min-lr  {search.headline}"
    yield f"        {search.verdict}"
    for flag in search.flags:
        if flag.message != search.verdict:
            yield f"        {flag.code}: {flag.message}"
    if training is None:
        return
    yield f"train   {training.headline}"
    for note in training.notes:
        yield f"        {note}"
    if finding.baseline is not None:
        yield f"own lr  {finding.baseline_lr:.3g}: {finding.baseline.headline}"
        yield f"        {_gain(finding)}"


def _gain(finding: "TuneFinding") -> str:
    gain = finding.gain
    if gain is None:
        return "no pair of trainings completed, so nothing can be said of what tuning bought"
    text = f"tuning bought {100 * gain.estimate:+.2f} points of test accuracy"
    if gain.low is None or gain.high is None:
        return f"{text} on one seed; that is no evidence: --seeds 5"
    return f"{text} ({100 * gain.low:+.2f} to {100 * gain.high:+.2f}, {gain.n} seeds)"


def _cost(finding: "TuneFinding") -> Iterator[str]:
    whole = sum(share.steps for share in finding.shares) or 1
    parts = [f"{s.part} {s.steps} ({100 * s.steps / whole:.0f} %, {s.seconds:.1f} s)" for s in finding.shares]
    budget = finding.budget
    of = f" of the {budget.steps} that {budget.written} is" if budget is not None else ""
    yield f"cost   {whole} updates{of}: {', '.join(parts)}"
