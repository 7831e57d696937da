"""A tuning's answer as text: three answers, how sure each is, what it cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrlab.experiments.tune_finding import TuneFinding


def print_tune(finding: "TuneFinding", folder: Path, plots: Sequence[Path], tuned: Path | None) -> None:
    """The answers, then where everything is and what to do next."""
    from rich.console import Console

    from lrlab.experiments.tune_sentences import answers, cost_of

    console = Console(soft_wrap=True, highlight=False)
    for answer in answers(finding):
        console.print(f"{answer.part:10}{answer.headline}")
        for sentence in answer.evidence:
            console.print(f"{'':10}{sentence}")
    console.print(f"\n[bold]{finding.headline}[/bold]")
    console.print(f"cost      {cost_of(finding)}")
    console.print(f"run       {folder}")
    for plot in plots:
        if plot.suffix == ".html":
            console.print(f"report    {plot}")
        elif plot.suffix == ".png":
            console.print(f"plot      {plot}")
    if tuned is not None:
        console.print(f"tuned     {tuned}")
        console.print(f"board     lrlab board {folder.name}")
        console.print(f"next      lrlab train {tuned}")
