"""Accuracy against something that was varied (the budget, the lr): a line per arm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from lrlab.report.style import ARM_COLOURS, ARM_MARKERS, GREY, SMALL, dress, new_figure


@dataclass(frozen=True)
class Point:
    """Accuracy in per cent at x, with its interval where there is one; hollow where a seed is missing."""

    x: float
    accuracy: float
    low: float | None = None
    high: float | None = None
    chosen: bool = False
    whole: bool = True


@dataclass(frozen=True)
class Line:
    """An arm."""

    name: str
    points: tuple[Point, ...]


def accuracy_lines_figure(
    lines: Sequence[Line],
    *,
    title: str,
    x: str,
    y: str,
    finest: float,
    ticks: Mapping[float, str] = MappingProxyType({}),
    front: bool = False,
) -> Figure:
    """Upwards is better. The scale is the error's logarithm: 99 and 99.5 % are as far apart as 90 and 95.

    Args:
        ticks: x -> its label, where that is more than the number.
        finest: the smallest error drawn, in per cent: half of what one image makes.
        front: also the best mean that any arm reaches with so much or less.
    """
    figure = new_figure(8.5, 5.2)
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    for i, line in enumerate(lines):
        shift = 1.012 ** (i - (len(lines) - 1) / 2)  # so that intervals at one x stand beside each other
        _line(axes, line, i, shift, finest)
    if front:
        _front(axes, lines, finest)
    dress(axes, title=title, x=x, y=y)
    _scales(axes, {point.x: ticks.get(point.x, f"{point.x:,.6g}") for line in lines for point in line.points})
    figure.legend(loc="outside right upper", fontsize=SMALL, frameon=False)
    return figure


def _line(axes: Axes, line: Line, index: int, shift: float, finest: float) -> None:
    colour, marker = ARM_COLOURS[index % len(ARM_COLOURS)], ARM_MARKERS[index % len(ARM_MARKERS)]
    xs = [point.x * shift for point in line.points]
    errors = [_error(point.accuracy, finest) for point in line.points]
    axes.plot(xs, errors, color=colour, marker=marker, markersize=5.5, linewidth=1.4, label=line.name)
    for x, error, point in zip(xs, errors, line.points, strict=True):
        if point.low is not None and point.high is not None:
            ends = [_error(point.low, finest), _error(point.high, finest)]
            axes.plot([x, x], ends, color=colour, linewidth=1.0, alpha=0.6)
        if not point.whole:
            axes.plot(x, error, marker, color=colour, markersize=5.5, markerfacecolor="white", zorder=3)
        if point.chosen:
            axes.plot(x, error, "o", color=colour, markersize=12, markerfacecolor="none", markeredgewidth=1.4)


def _front(axes: Axes, lines: Sequence[Line], finest: float) -> None:
    best: list[tuple[float, float]] = []
    for x in sorted({point.x for line in lines for point in line.points}):
        reached = max(point.accuracy for line in lines for point in line.points if point.x <= x)
        best.append((x, _error(reached, finest)))
    axes.plot(*zip(*best, strict=True), color=GREY, linewidth=7, alpha=0.25, zorder=0, label="Pareto front")


def _scales(axes: Axes, ticks: Mapping[float, str]) -> None:
    axes.invert_yaxis()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda error, _: f"{100 - error:.6g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.xaxis.set_minor_locator(NullLocator())


def _error(accuracy: float, finest: float) -> float:
    return max(100 - accuracy, finest)
