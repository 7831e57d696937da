"""A training over its steps: loss, accuracy, lr and momentum."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lrlab.report.style import BLUE, GREY, PURPLE, SEED_COLOURS, SMALL, dress, new_figure
from lrlab.track.sink import Row

_SMOOTH = 25  # a training loss is drawn as the mean of so many neighbours (fewer where there are fewer steps)


def training_figure(rows_by_seed: Mapping[int, Sequence[Row]], *, title: str = "Training") -> Figure:
    """Three panels over the step: loss (log), accuracy, lr with momentum. Seeds have a colour each."""
    figure = new_figure(8, 8)
    loss, accuracy, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 2))
    loss.set_yscale("log")
    for i, rows in enumerate(rows_by_seed.values()):
        colour = SEED_COLOURS[i % len(SEED_COLOURS)]
        _curves(loss, rows, "loss", colour)
        _curves(accuracy, rows, "accuracy", colour, scale=100)
    _policy(rate, next(iter(rows_by_seed.values()), []))
    dress(loss, title=title, y="loss (log scale)")
    dress(accuracy, y="accuracy, %")
    dress(rate, x="step (optimizer updates)", y="learning rate")
    _zoom(accuracy, rows_by_seed)
    figure.legend(handles=_key(list(rows_by_seed)), loc="outside lower center", ncols=6, fontsize=SMALL, frameon=False)
    return figure


def _key(seeds: Sequence[int]) -> list[Line2D]:
    """What a line's form and colour mean; outside the panels, so that it covers nothing."""
    forms = [
        Line2D([], [], color=GREY, linewidth=0.9, label="train, smoothed"),
        Line2D([], [], color=GREY, marker="o", markersize=3.5, label="validation"),
        Line2D([], [], color=GREY, marker="*", markersize=11, linestyle="", markeredgecolor="black", label="test"),
    ]
    colours = [
        Line2D([], [], color=SEED_COLOURS[i % len(SEED_COLOURS)], linewidth=4, label=f"seed {seed}")
        for i, seed in enumerate(seeds)
    ]
    return forms + colours


def _curves(axes: Axes, rows: Sequence[Row], value: str, colour: str, *, scale: float = 1.0) -> None:
    train = _points(rows, "train", value)
    width = max(1, min(_SMOOTH, len(train) // 8))
    if train:
        values = _running_mean([scale * v for _, v in train], width)
        axes.plot([s for s, _ in train], values, color=colour, linewidth=0.9, alpha=0.55)
    if val := _points(rows, "val", value):
        axes.plot([s for s, _ in val], [scale * v for _, v in val], "o-", color=colour, markersize=3.5)
    for step, v in _points(rows, "test", value):
        axes.plot(step, scale * v, "*", color=colour, markersize=11, markeredgecolor="black", markeredgewidth=0.6)


def _policy(axes: Axes, rows: Sequence[Row]) -> None:
    lrs, momenta = _points(rows, "train", "lr"), _points(rows, "train", "momentum")
    axes.plot([s for s, _ in lrs], [v for _, v in lrs], color=BLUE, linewidth=1.8)
    axes.yaxis.label.set_color(BLUE)
    if len({v for _, v in momenta}) > 1:
        twin = axes.twinx()
        twin.plot([s for s, _ in momenta], [v for _, v in momenta], color=PURPLE, linewidth=1.4, linestyle="--")
        twin.set_ylabel("momentum", color=PURPLE)
        twin.tick_params(labelsize=SMALL)
        twin.spines[["top"]].set_visible(False)


def _zoom(axes: Axes, rows_by_seed: Mapping[int, Sequence[Row]]) -> None:
    """Leave the first stumbling out of the accuracy panel where the rest is far above it."""
    reached = [
        100 * v
        for rows in rows_by_seed.values()
        for kind in ("val", "test")
        for _, v in _points(rows, kind, "accuracy")
    ]
    if reached and min(reached) > 60:
        axes.set_ylim(max(0.0, min(reached) - 0.6 * (100.5 - min(reached))), 100.5)


def _points(rows: Sequence[Row], kind: str, value: str) -> list[tuple[float, float]]:
    found = [(float(row["step"]), float(row[value])) for row in rows if row["kind"] == kind and value in row]
    return [(step, v) for step, v in found if math.isfinite(v)]


def _running_mean(values: Sequence[float], width: int) -> list[float]:
    half = width // 2
    windows = (values[max(0, i - half) : i + half + 1] for i in range(len(values)))
    return [sum(window) / len(window) for window in windows]
