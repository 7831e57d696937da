"""`lrlab find-min-lr`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrlab.cli.ask import Asked, Question, ask, with_common_options
from lrlab.cli.inputs import comma_numbers
from lrlab.cli.min_lr_text import print_min_lr

if TYPE_CHECKING:
    from lrlab.experiments.min_lr.experiment import FindMinLr
    from lrlab.experiments.min_lr.finding import MinLrFinding

MaxLr = Annotated[
    float | None, typer.Option("--max-lr", metavar="LR", help="Where every climb ends; without it a range test first.")
]
Ratios = Annotated[
    str | None,
    typer.Option("--ratios", metavar="R,R,...", help="Candidates as shares of max-lr; default: 1/10 to 1/5."),
]
Lrs = Annotated[str | None, typer.Option("--lrs", metavar="LR,LR,...", help="Candidate lrs, instead of shares.")]
MethodName = Annotated[
    str | None, typer.Option("--method", metavar="time-to-target|stable-ramp", help="What candidates are compared by.")
]
AutoShrink = Annotated[
    bool, typer.Option("--auto-shrink", help="Where max-lr fails, go on with the largest tried half that passes.")
]
Confirm = Annotated[
    bool, typer.Option("--confirm", help="Then train winner and reference with short one-cycles, paired.")
]
Apply = Annotated[
    bool, typer.Option("--apply", help="Write a copy of the config with the found lrs into the run folder.")
]


@with_common_options
def find_min_lr_command(
    max_lr: MaxLr = None,
    ratios: Ratios = None,
    lrs: Lrs = None,
    method: MethodName = None,
    auto_shrink: AutoShrink = False,
    confirm: Confirm = False,
    apply: Apply = False,
    *,
    asked: Asked,
) -> None:
    """Where should the climb to max-lr begin? Candidates race to one loss, on the same seeds."""
    flags = [
        ("--max-lr", "find_min_lr.max_lr", max_lr),
        ("--ratios", "find_min_lr.ratios", comma_numbers(ratios)),
        ("--lrs", "find_min_lr.lrs", comma_numbers(lrs)),
        ("--method", "find_min_lr.method", method),
        ("--seeds", "find_min_lr.seeds", asked.seeds),
        ("--auto-shrink", "find_min_lr.auto_shrink", auto_shrink or None),
        ("--confirm", "find_min_lr.confirm", confirm or None),
    ]
    question = Question(_experiment, _report, print_min_lr, lambda finding: finding.min_lr is not None, _found)
    ask(question, asked, flags, apply=apply)


def _experiment(config: Mapping[str, Any]) -> "FindMinLr":
    from lrlab.experiments.min_lr.experiment import FindMinLr

    return FindMinLr.from_config(config)


def _report(folder: Path, finding: "MinLrFinding", what: str) -> list[Path]:
    from lrlab.report.run_report import report_min_lr

    return report_min_lr(folder, finding, title=f"Min-lr search: {what}")


def _found(finding: "MinLrFinding") -> tuple[float, float] | None:
    return None if finding.min_lr is None else (finding.max_lr, finding.min_lr)
