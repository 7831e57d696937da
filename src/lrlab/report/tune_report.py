"""The report of a tuning: the figures of its parts, and one page with all of it."""

from pathlib import Path

from lrlab.experiments.min_lr.table import COLUMNS, cells
from lrlab.experiments.tune_finding import TuneFinding
from lrlab.experiments.tune_sentences import Answer, answers, cost_of
from lrlab.report.page import Section, write_page
from lrlab.report.run_report import report_min_lr, report_range_test, report_training
from lrlab.runs.folder import META_NAME, read_object

_TITLES = {
    "max-lr": "How large may the lr be?",
    "min-lr": "How small should it start?",
    "training": "Training with both",
    "own lr": "Training at the config's own lr",
}
_FIGURES = {"max-lr": "range-test", "min-lr": "min-lr", "training": "training", "own lr": "baseline"}


def report_tune(folder: Path, finding: TuneFinding, *, title: str) -> list[Path]:
    """Figures of all parts, and `report.html`; the page comes first in what is returned."""
    paths = report_range_test(folder, finding.range_test, title=f"Range test: {title}")
    if finding.search is not None:
        paths += report_min_lr(folder, finding.search, title=f"Min-lr search: {title}")
    if finding.training is not None:
        paths += report_training(folder, finding.training, title=f"Training: {title}")
    if finding.baseline is not None:
        paths += report_training(folder, finding.baseline, title=f"At its own lr: {title}", name="baseline")
    return [_page(folder, finding, title), *dict.fromkeys(paths)]


def _page(folder: Path, finding: TuneFinding, title: str) -> Path:
    sections = [_section(folder, finding, answer) for answer in answers(finding)]
    sections.append(Section("What it cost", sentences=(cost_of(finding),)))
    meta = read_object(folder / META_NAME)
    command = " ".join(meta.get("argv", ()))
    footer = f"{folder.name} - {command}" if command else folder.name
    return write_page(folder / "report.html", f"lrlab tune: {title}", finding.headline, sections, footer)


def _section(folder: Path, finding: TuneFinding, answer: Answer) -> Section:
    search = finding.search if answer.part == "min-lr" else None
    return Section(
        _TITLES[answer.part],
        answer.headline,
        answer.evidence,
        columns=COLUMNS if search is not None and search.candidates else (),
        rows=cells(search) if search is not None else (),
        figure=folder / "plots" / f"{_FIGURES[answer.part]}.svg",
        code=search.snippet if search is not None else "",
    )
