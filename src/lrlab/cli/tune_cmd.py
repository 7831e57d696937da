"""`lrlab tune`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrlab.cli.ask import Asked, Question, ask, with_common_options
from lrlab.cli.inputs import StrictResume
from lrlab.cli.tune_text import print_tune

if TYPE_CHECKING:
    from lrlab.experiments.tune import Tune
    from lrlab.experiments.tune_finding import TuneFinding

BudgetText = Annotated[
    str | None,
    typer.Option("--budget", metavar="30ep|3000it|10min", help="What all of it may cost; a third is the search's."),
]
Baseline = Annotated[bool, typer.Option("--baseline", help="Also train with the config's own lr: what tuning bought.")]


@with_common_options
def tune_command(
    budget: BudgetText = None, baseline: Baseline = False, strict_resume: StrictResume = False, *, asked: Asked
) -> None:
    """The whole recipe: range test, min-lr search, one-cycle training with what they found."""
    flags = [
        ("--budget", "tune.budget", budget),
        ("--baseline", "tune.baseline", baseline or None),
        ("--seeds", "train.seeds", asked.seeds),
    ]
    ask(Question(_experiment, _report, print_tune, _answered, _found), asked, flags, strict=strict_resume, apply=True)


def _experiment(config: Mapping[str, Any]) -> "Tune":
    from lrlab.experiments.tune import Tune

    return Tune.from_config(config)


def _report(folder: Path, finding: "TuneFinding", what: str) -> list[Path]:
    from lrlab.report.tune_report import report_tune

    return report_tune(folder, finding, title=what)


def _answered(finding: "TuneFinding") -> bool:
    return finding.training is not None and not finding.training.diverged


def _found(finding: "TuneFinding") -> tuple[float, float] | None:
    return None if finding.max_lr is None or finding.min_lr is None else (finding.max_lr, finding.min_lr)
