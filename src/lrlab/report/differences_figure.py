"""Arms against a reference: paired differences with their intervals, a panel per table."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lrlab.report.style import BLUE, GREY, LABEL, SMALL, dress, new_figure


@dataclass(frozen=True)
class Difference:
    """A line of the figure, in points of accuracy.

    Attributes:
        note: what stands beside it.
        estimate: None for the reference, and for an arm without a number.
        low, high: the interval; None with one seed.
        differs: at the family's error rate.
    """

    name: str
    note: str
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    differs: bool = False


@dataclass(frozen=True)
class Panel:
    """One table; its lines from the top down."""

    title: str
    reference: str
    lines: tuple[Difference, ...]


def differences_figure(panels: Sequence[Panel], *, title: str) -> Figure:
    """Filled where an arm differs, hollow where it is tied; an interval that leaves the panel ends in an arrow."""
    heights = [0.34 * len(panel.lines) + 1.0 for panel in panels]
    figure = new_figure(8.5, sum(heights) + 0.7)
    grid = figure.subplots(len(panels), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for axes, panel in zip(grid, panels, strict=True):
        _panel(axes, panel)
    figure.suptitle(title, fontsize=LABEL + 2, x=0.01, ha="left")
    figure.legend(handles=_key(), loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
    return figure


def _panel(axes: Axes, panel: Panel) -> None:
    reach = _reach(panel.lines)
    axes.axvline(0, color=GREY, linewidth=1.2)
    for place, line in enumerate(panel.lines):
        if line.estimate is not None:
            _line(axes, place, line, reach)
        axes.annotate(
            line.note,
            (1.02, place),
            xycoords=("axes fraction", "data"),
            fontsize=SMALL,
            va="center",
            annotation_clip=False,
        )
    axes.plot(0, next(i for i, line in enumerate(panel.lines) if line.name == panel.reference), "D", color=GREY)
    dress(axes, title=panel.title, x=f"test accuracy against {panel.reference}, percentage points")
    axes.set_xlim(-reach, reach)
    axes.set_ylim(len(panel.lines) - 0.5, -0.5)
    axes.set_yticks(range(len(panel.lines)), [line.name for line in panel.lines])
    axes.grid(visible=False, axis="y")


def _line(axes: Axes, place: int, line: Difference, reach: float) -> None:
    assert line.estimate is not None
    if line.low is not None and line.high is not None:
        low, high = max(line.low, -reach), min(line.high, reach)
        axes.plot([low, high], [place, place], color=BLUE, linewidth=1.8, solid_capstyle="butt")
        for end, cut, arrow in ((low, low > line.low, "<"), (high, high < line.high, ">")):
            axes.plot(end, place, arrow if cut else "|", color=BLUE, markersize=8, clip_on=False)
    if abs(line.estimate) <= reach:
        face = BLUE if line.differs else "white"
        axes.plot(line.estimate, place, "o", color=BLUE, markerfacecolor=face, markersize=7, zorder=3)


def _reach(lines: Sequence[Difference]) -> float:
    """Half of the x-axis: every estimate, and the intervals but for those far longer than most."""
    estimates = [abs(line.estimate) for line in lines if line.estimate is not None]
    halves = [(line.high - line.low) / 2 for line in lines if line.low is not None and line.high is not None]
    if not estimates:
        return 1.0
    return 1.1 * max(estimates) + (1.5 * median(halves) if halves else 0.1)


def _key() -> list[Line2D]:
    differs, tied = (
        Line2D([], [], color=BLUE, marker="o", markersize=7, linewidth=1.8, label=label)
        for label in ("differs (Holm, 5 %), with 95 % interval", "tied")
    )
    tied.set_markerfacecolor("white")
    return [differs, tied, Line2D([], [], color=GREY, marker="D", linestyle="", label="the reference")]
