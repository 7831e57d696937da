"""Arms over their steps: the lr, the validation loss and the validation accuracy of each, with bands over the seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from lrlab.report.style import BLUE, GREY, LABEL, ORANGE, SMALL, dress, new_figure
from lrlab.track.sink import Row

Rate = Literal["lr", "lr_effective"]
_RATES = {"lr": "lr", "lr_effective": "effective lr"}
_COLUMNS = 4
_RATIOS = (1.1, 2.0, 2.0)


@dataclass(frozen=True)
class ArmCurves:
    """An arm's trainings at its chosen lr.

    Attributes:
        caption: name and lr.
        rows: by seed, as recorded; none when no training completed.
    """

    name: str
    caption: str
    rows: Mapping[int, Sequence[Row]]


@dataclass(frozen=True)
class _Band:
    steps: Sequence[float]
    low: Sequence[float]
    middle: Sequence[float]
    high: Sequence[float]


def arm_curves_figure(arms: Sequence[ArmCurves], *, reference: str, title: str, rate: Rate = "lr") -> Figure:
    """Three panels below each other for each arm; scales are shared, and the reference's median is in all of them."""
    columns = min(_COLUMNS, len(arms))
    blocks = math.ceil(len(arms) / columns)
    figure = new_figure(3.0 * columns + 0.6, 4.7 * blocks + 0.5)
    grid = figure.subplots(
        3 * blocks, columns, squeeze=False, sharex=True, gridspec_kw={"height_ratios": _RATIOS * blocks}
    )
    held = next((arm for arm in arms if arm.name == reference), None)
    for i, arm in enumerate(arms):
        block, column = divmod(i, columns)
        schedule, loss, accuracy = grid[3 * block : 3 * block + 3, column]
        _schedule(schedule, arm, rate)
        for axes, value, scale in ((loss, "loss", 1.0), (accuracy, "accuracy", 100.0)):
            if held is not None and held is not arm:
                _reference(axes, _band(held.rows, value, scale))
            _draw(axes, _band(arm.rows, value, scale))
        left = column == 0
        dress(schedule, title=arm.caption, y=_RATES[rate] if left else "")
        dress(loss, y="validation loss\n(log scale)" if left else "")
        dress(accuracy, x="step", y="validation\naccuracy, %" if left else "")
        _plain_numbers(loss)
        accuracy.tick_params(labelbottom=True)
        if not arm.rows:
            loss.text(0.5, 0.5, "no seed completed\nat any lr", transform=loss.transAxes, ha="center", va="center")
    for column in range(len(arms) - columns * (blocks - 1), columns):  # places of the last block without an arm
        for axes in grid[-3:, column]:
            axes.set_visible(False)
    _share(list(grid[0::3].flat), bottom=0.0)
    _share(list(grid[1::3].flat))
    _frame_accuracy(list(grid[2::3].flat), arms)
    for row in grid[:, 1:]:
        for axes in row:
            axes.tick_params(labelleft=False, which="both")
    figure.suptitle(title, fontsize=LABEL + 2, x=0.01, ha="left")
    figure.legend(
        handles=_key(arms, reference, rate), loc="outside lower center", ncols=4, fontsize=SMALL, frameon=False
    )
    return figure


def _band(rows_by_seed: Mapping[int, Sequence[Row]], value: str, scale: float) -> _Band:
    """Median and range over the seeds, at the steps that all of them validated at."""
    curves = [
        {float(row["step"]): scale * float(row[value]) for row in rows if row["kind"] == "val" and value in row}
        for rows in rows_by_seed.values()
    ]
    steps = sorted(set.intersection(*map(set, curves))) if curves else []
    columns = [[curve[step] for curve in curves] for step in steps]
    kept = [(step, column) for step, column in zip(steps, columns, strict=True) if all(map(math.isfinite, column))]
    return _Band(
        [step for step, _ in kept],
        [min(column) for _, column in kept],
        [median(column) for _, column in kept],
        [max(column) for _, column in kept],
    )


def _draw(axes: Axes, band: _Band) -> None:
    axes.fill_between(band.steps, band.low, band.high, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(band.steps, band.middle, "o-", color=BLUE, linewidth=1.6, markersize=3)


def _reference(axes: Axes, band: _Band) -> None:
    axes.plot(band.steps, band.middle, "--", color=GREY, linewidth=1.2)


def _schedule(axes: Axes, arm: ArmCurves, rate: Rate) -> None:
    rows = [row for row in next(iter(arm.rows.values()), []) if row["kind"] == "train"]
    axes.plot([row["step"] for row in rows], [row[rate] for row in rows], color=ORANGE, linewidth=1.6)


def _plain_numbers(axes: Axes) -> None:
    """A log scale whose ticks read 0.2, 0.5, 1, 2."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _share(axes: Sequence[Axes], bottom: float | None = None) -> None:
    """One scale for all panels of a kind that show something."""
    shown = [panel for panel in axes if any(np.size(line.get_xdata()) for line in panel.lines)]
    if shown:
        lows, highs = zip(*(panel.get_ylim() for panel in shown), strict=True)
        for panel in axes:
            panel.set_ylim(min(lows) if bottom is None else bottom, max(highs))


def _frame_accuracy(axes: Sequence[Axes], arms: Sequence[ArmCurves]) -> None:
    """From the worst arm's accuracy half way up to the best: what comes before is the same climb in all of them."""
    bands = [band for arm in arms if (band := _band(arm.rows, "accuracy", 100.0)).steps]
    if not bands:
        return
    late = [low for band in bands for low in band.low[len(band.low) // 2 :]]
    top = max(high for band in bands for high in band.high)
    room = 0.08 * max(top - min(late), 0.5)
    for panel in axes:
        panel.set_ylim(max(0.0, min(late) - room), min(100.0, top) + room)


def _key(arms: Sequence[ArmCurves], reference: str, rate: Rate) -> list[Line2D | Patch]:
    seeds = max((len(arm.rows) for arm in arms), default=0)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=ORANGE, linewidth=1.6, label=_RATES[rate]),
        Line2D(
            [], [], color=BLUE, marker="o", markersize=3, label=f"median of {seeds} seeds" if seeds > 1 else "1 seed"
        ),
    ]
    if seeds > 1:
        handles.append(Patch(color=BLUE, alpha=0.2, linewidth=0, label="their range"))
    return [*handles, Line2D([], [], color=GREY, linestyle="--", linewidth=1.2, label=f"{reference}, median")]
