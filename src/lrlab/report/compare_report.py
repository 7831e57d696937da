"""The figures of `compare-policy`: curves, differences, accuracy against lr and against budget."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from lrlab.experiments.compare_policy import MOMENTUM, ComparePolicyFinding
from lrlab.experiments.ranking import Row, Table
from lrlab.report.accuracy_lines_figure import Line, Point, accuracy_lines_figure
from lrlab.report.arm_curves_figure import ArmCurves, Rate, arm_curves_figure
from lrlab.report.differences_figure import Difference, Panel, differences_figure
from lrlab.report.run_report import publish
from lrlab.track.jsonl import read_rows

_SCALE = "(log scale of the error)"


def report_compare_policy(folder: Path, finding: ComparePolicyFinding, *, title: str) -> list[Path]:
    """Every figure that the finding has something for, as files and in TensorBoard."""
    figures: dict[str, Figure] = {}
    answered = [table for table in finding.tables if table.steps]
    for table in answered:
        name, caption = f"{table.question}-{table.budget}", f"{title}: {table.question}, {table.budget}"
        figures[f"curves-{name}"] = _curves(folder, table, caption)
        if len(finding.lrs) > 1:
            figures[f"lrs-{name}"] = _lrs(finding, table, caption)
    if answered:
        figures["differences"] = _differences(answered, title)
    if len(finding.budgets) > 1:
        for question in dict.fromkeys(table.question for table in answered):
            caption = f"{title}: {question}, mean and 95 % interval"
            figures[f"budgets-{question}"] = _budgets(finding, question, caption)
    first = finding.tables[0]
    means = {f"{row.name}/test_accuracy": row.mean.mean for row in first.rows if row.mean}
    return publish(folder, figures, means, step=max(table.steps for table in finding.tables))


def _curves(folder: Path, table: Table, title: str) -> Figure:
    arms = [
        ArmCurves(
            row.name,
            row.name if row.contender.choice.lr is None else f"{row.name}, lr {row.contender.choice.lr:g}",
            {r.seed: read_rows(folder / "trials" / r.id / "metrics.jsonl") for r in row.contender.trainings},
        )
        for row in table.rows
    ]
    rate: Rate = "lr_effective" if table.question == MOMENTUM else "lr"  # what an lr means differs between those arms
    return arm_curves_figure(arms, reference=table.reference, rate=rate, title=title)


def _differences(tables: Sequence[Table], title: str) -> Figure:
    panels = [
        Panel(
            f"{table.question}, {table.budget} ({table.steps:,} steps)",
            table.reference,
            tuple(_difference(row) for row in table.rows),
        )
        for table in tables
    ]
    return differences_figure(panels, title=title)


def _difference(row: Row) -> Difference:
    lr = row.contender.choice.lr
    note = "no seed completed" if row.mean is None else f"{_mean(row)} %, lr {lr:g}"
    if row.difference is None:
        return Difference(row.name, note)
    found = row.difference.comparison
    low, high = (None if end is None else 100 * end for end in (found.low, found.high))
    return Difference(row.name, note, 100 * found.estimate, low, high, row.difference.differs)


def _mean(row: Row) -> str:
    assert row.mean is not None
    half = row.mean.half_width
    return f"{100 * row.mean.mean:.2f}" + (f" ± {100 * half:.2f}" if half is not None else "")


def _lrs(finding: ComparePolicyFinding, table: Table, title: str) -> Figure:
    lines = [
        Line(
            name,
            tuple(
                Point(score.lr, 100 * score.val_accuracy, chosen=score.lr == choice.lr, whole=not score.broken)
                for score in choice.scores
                if score.val_accuracy is not None
            ),
        )
        for name in finding.arms[table.question]
        if (choice := table.row(name).contender.choice)
    ]
    x, y = (
        "lr of the grid (log scale); circled: chosen; hollow: a seed diverged or failed",
        f"validation accuracy, % {_SCALE}",
    )
    return accuracy_lines_figure(lines, title=title, x=x, y=y, finest=_finest([table]))


def _budgets(finding: ComparePolicyFinding, question: str, title: str) -> Figure:
    tables = [table for table in finding.tables if table.question == question and table.steps]
    lines = [
        Line(name, tuple(_point(table, table.row(name)) for table in tables if table.row(name).mean is not None))
        for name in finding.arms[question]
    ]
    ticks = {float(table.steps): _tick(table) for table in tables}
    x, y = "budget (log scale)", f"test accuracy, % {_SCALE}"
    return accuracy_lines_figure(lines, title=title, x=x, y=y, finest=_finest(tables), ticks=ticks, front=True)


def _tick(table: Table) -> str:
    return f"{table.steps:,} steps" + (f"\n({table.budget})" if table.budget.endswith("ep") else "")


def _point(table: Table, row: Row) -> Point:
    assert row.mean is not None
    low, high = (None if end is None else 100 * end for end in (row.mean.low, row.mean.high))
    return Point(table.steps, 100 * row.mean.mean, low, high)


def _finest(tables: Sequence[Table]) -> float:
    sizes = [r.test_size for table in tables for row in table.rows for r in row.contender.trainings]
    return 50 / max(sizes, default=5000)
