"""What the figures of a comparison show, read off their artists; rendered once each, since warnings are errors."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from paper_trials import conclude, experiment, lr_of, policy_of

from lrlab.launch.spec import TrialSpec
from lrlab.report import compare_report
from lrlab.report.accuracy_lines_figure import Line, Point, accuracy_lines_figure
from lrlab.report.arm_curves_figure import ArmCurves, arm_curves_figure
from lrlab.report.differences_figure import Difference, Panel, differences_figure
from lrlab.report.save import save_figure

Rows = list[dict[str, Any]]


def recorded(seed: int) -> Rows:
    """Ten updates, validated after each second one."""
    train: Rows = [{"kind": "train", "step": k, "lr": 0.1, "lr_effective": 1.0, "loss": 1.0} for k in range(1, 11)]
    return train + [
        {"kind": "val", "step": k, "loss": (1 + seed) / k, "accuracy": 1 - (1 + seed) / (9 * k)}
        for k in range(2, 11, 2)
    ]


def lines_of(figure: Figure, axes: int) -> list[Any]:
    return list(figure.axes[axes].lines)


def test_curves_are_the_median_and_the_range_of_the_seeds(tmp_path: Path) -> None:
    arms = [
        ArmCurves("a", "a, lr 0.1", {seed: recorded(seed) for seed in range(3)}),
        ArmCurves("b", "b", {}),
        *(ArmCurves(name, name, {0: recorded(0)}) for name in "cde"),
    ]
    figure = arm_curves_figure(arms, reference="a", title="t")
    grid = [axes for axes in figure.axes if axes.get_visible()]
    assert len(grid) == 3 * 5
    by_title = {axes.get_title(loc="left"): i for i, axes in enumerate(figure.axes)}
    loss = figure.axes[by_title["a, lr 0.1"] + 4]  # four to a row
    assert list(loss.lines[0].get_ydata()) == [2 / k for k in range(2, 11, 2)]
    band = loss.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((1 / 10, 3 / 2))
    assert len(loss.lines) == 1 and len(figure.axes[by_title["c"] + 4].lines) == 2  # the reference behind the others
    save_figure(figure, tmp_path, "curves")


def test_a_difference_is_filled_and_a_tie_hollow_and_what_is_too_long_ends_in_an_arrow(tmp_path: Path) -> None:
    lines = (
        Difference("far", "98 %", 1.0, 0.8, 1.2, differs=True),
        Difference("held", "97 %"),
        Difference("near", "97 %", 0.1, -0.1, 0.3),
        Difference("wild", "90 %", -0.5, -60.0, 59.0),
    )
    figure = differences_figure([Panel("t", "held", lines)], title="t")
    dots = [line for line in lines_of(figure, 0) if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, True, True]
    ends = [line.get_marker() for line in lines_of(figure, 0) if line.get_marker() in "<>|"]
    assert ends == ["|", "|", "|", "|", "<", ">"]
    assert figure.axes[0].get_xlim()[1] < 3
    save_figure(figure, tmp_path, "differences")


def test_the_front_is_the_best_so_far_and_upwards_is_better(tmp_path: Path) -> None:
    lines = [
        Line("a", (Point(10, 90.0, 89.0, 91.0), Point(30, 97.0, whole=False), Point(90, 96.0))),
        Line("b", (Point(10, 92.0), Point(30, 95.0, chosen=True), Point(90, 100.0))),
    ]
    figure = accuracy_lines_figure(lines, title="t", x="x", y="y", finest=0.05, front=True)
    front = next(line for line in lines_of(figure, 0) if line.get_label() == "Pareto front")
    assert list(front.get_xdata()) == [10, 30, 90] and list(front.get_ydata()) == pytest.approx([8, 3, 0.05])
    bottom, top = figure.axes[0].get_ylim()
    assert bottom > top  # the axis holds errors, turned round
    save_figure(figure, tmp_path, "budgets")


def test_a_finding_with_an_arm_that_has_no_number_is_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawn: dict[str, Figure] = {}
    monkeypatch.setattr(compare_report, "publish", lambda folder, figures, *_, **__: drawn.update(figures) or [])
    monkeypatch.setattr(compare_report, "read_rows", lambda path: recorded(0))
    asked = experiment("compare_policy.policies=[onecycle,cosine]", "compare_policy.budgets=[20it,40it]")

    def lost(spec: TrialSpec) -> str | None:
        return "diverged" if policy_of(spec) == "cosine" or lr_of(spec) > 0.15 else None

    found = conclude(asked, lambda spec: (0.9 - lr_of(spec), 0.9), lost)
    compare_report.report_compare_policy(tmp_path, found, title="t")
    kinds = [f"{kind}-policies-{budget}" for budget in ("20it", "40it") for kind in ("curves", "lrs")]
    assert set(drawn) == {*kinds, "differences", "budgets-policies"}
    drawn.clear()
    nothing = conclude(asked, lambda spec: (0.9, 0.9), lambda spec: "diverged")
    compare_report.report_compare_policy(tmp_path, nothing, title="t")
    assert drawn == {}
