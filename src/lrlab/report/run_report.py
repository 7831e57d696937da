"""The figures of a finished run: into its `plots/` folder and into its TensorBoard."""

import sys
from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.experiments.range_test import RangeFinding
from lrlab.experiments.train import TrainFinding
from lrlab.report.gate_figure import gate_figure
from lrlab.report.plot import climbed, plot
from lrlab.report.save import save_figure
from lrlab.report.training_figure import training_figure
from lrlab.track.guard import GuardedSinks
from lrlab.track.jsonl import read_rows
from lrlab.track.tensorboard import tensorboard_sink


def report_range_test(folder: Path, finding: RangeFinding, *, title: str) -> list[Path]:
    """The loss-vs-lr figure, as files and on TensorBoard's images page, with the answer on its hparams page."""
    answers = {"max_lr": finding.suggestion} if finding.suggestion is not None else {}
    return publish(folder, {"range-test": plot(finding, title=title)}, answers, step=len(finding.lrs))


def report_min_lr(folder: Path, finding: MinLrFinding, *, title: str) -> list[Path]:
    """The comparison, or what stopped at the gate, and the range test that came first; the answer as hparams.

    After a max-lr was halved both are drawn: `min-lr` is the answer, `gate` how it came to that max-lr.
    """
    figures: dict[str, Figure] = {}
    if climbed(finding):
        figures["min-lr"] = plot(finding, title=title)
    if finding.candidates and len(finding.gate.attempts) > 1:
        figures["gate"] = gate_figure(finding, title=title)
    if finding.range_finding is not None:
        figures["range-test"] = plot(finding.range_finding, title=f"The range test before it. {title}")
    return publish(folder, figures, _min_lr_answers(finding), step=finding.up + finding.hold)


def _min_lr_answers(finding: MinLrFinding) -> dict[str, float]:
    if finding.min_lr is None or finding.ratio is None:
        return {"largest_max_lr_that_passes": finding.passes} if finding.passes is not None else {}
    answers = {"min_lr": finding.min_lr, "max_lr": finding.max_lr, "ratio": finding.ratio}
    answers["decisive"] = float(finding.decisive)
    winner = next(c for c in finding.candidates if c.min_lr == finding.min_lr)
    return answers if winner.median is None else {**answers, "median_updates": winner.median}


def report_training(folder: Path, finding: TrainFinding, *, title: str, name: str = "training") -> list[Path]:
    """Loss, accuracy, lr and momentum over the steps, all seeds in one figure."""
    rows = {outcome.seed: read_rows(folder / "trials" / outcome.id / "metrics.jsonl") for outcome in finding.seeds}
    metrics = {name: found.mean for name, found in finding.summary.items()}
    last = max(outcome.steps for outcome in finding.seeds)
    return publish(folder, {name: training_figure(rows, title=title)}, metrics, step=last)


def publish(folder: Path, figures: Mapping[str, Figure], answers: Mapping[str, float], *, step: int) -> list[Path]:
    """Each figure as PNG and SVG, and on TensorBoard's images page; `answers` on its hparams page."""
    sinks = GuardedSinks([tensorboard_sink(folder / "tb" / "summary")], _warn)
    paths: list[Path] = []
    for name, figure in figures.items():
        paths += save_figure(figure, folder / "plots", name)
        sinks.figure(name, figure, step)
    if answers:
        sinks.hparams({"experiment": folder.parent.name, "run": folder.name}, answers)
    sinks.close()
    return paths


def _warn(text: str) -> None:
    sys.stderr.write(f"warning: {text}\n")
