"""Loss against lr: raw points, the smoothed curve, the suggestions, and what to know about them."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from statistics import median
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lrlab.analysis.seeds import Band
from lrlab.analysis.suggest import Flag
from lrlab.report.style import BLUE, GREEN, GREY, LABEL, ORANGE, RED, SKY, SMALL, dress, new_figure

_MARKS = {"steep": (ORANGE, ":"), "min": (GREY, "--")}


@dataclass(frozen=True)
class SweepCurve:
    """One seed's sweep as it is drawn; `smoothed` has a value per finite loss."""

    seed: int
    lrs: Sequence[float]
    losses: Sequence[float]
    smoothed: Sequence[float]
    val_losses: Sequence[float] = ()
    accuracies: Sequence[float] = ()
    grad_norms: Sequence[float] = ()


@dataclass(frozen=True)
class _Panel:
    values: str
    label: str
    scale: Literal["linear", "log"]
    factor: float = 1.0


_PANELS = (
    _Panel("accuracies", "accuracy, %", "linear", 100.0),
    _Panel("grad_norms", "gradient norm", "log"),
)


def range_figure(
    sweeps: Sequence[SweepCurve],
    *,
    suggestion: float | None,
    rule: str,
    suggestions: Mapping[str, float | None],
    flags: Sequence[Flag] = (),
    band: Band | None = None,
    title: str = "Range test",
) -> Figure:
    """The figure of a range test; with several seeds their band and median instead of one smoothed curve."""
    extras = [panel for panel in _PANELS if any(getattr(sweep, panel.values) for sweep in sweeps)]
    figure = new_figure(8, 5 + 1.7 * len(extras))
    ratios = (5, *(1.7 for _ in extras))
    axes, *below = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    axes.set_xscale("log")
    for sweep in sweeps:
        _raw(axes, sweep, only=len(sweeps) == 1)
    if band is not None and len(sweeps) > 1:
        _band(axes, band, sweeps)
    _validation(axes, sweeps)
    _marks(axes, suggestion, rule, suggestions)
    _frame(axes, sweeps)
    _notes(axes, flags)
    dress(axes, title=title, y="training loss before the step")
    axes.legend(loc="lower left", fontsize=SMALL, framealpha=0.9)
    for panel, place in zip(extras, below, strict=True):
        _extra(place, panel, sweeps)
        if suggestion is not None:
            place.axvline(suggestion, color=RED, linewidth=1.2)
    (below or [axes])[-1].set_xlabel("learning rate (log scale)", fontsize=LABEL)
    return figure


def _extra(axes: Axes, panel: _Panel, sweeps: Sequence[SweepCurve]) -> None:
    """A measure of every update below the loss, all seeds alike."""
    axes.set_yscale(panel.scale)
    for sweep in sweeps:
        values = [panel.factor * value for value in getattr(sweep, panel.values)]
        axes.plot(sweep.lrs[: len(values)], values, color=BLUE, linewidth=1.0, alpha=0.9 if len(sweeps) == 1 else 0.4)
    dress(axes, y=panel.label)


def _raw(axes: Axes, sweep: SweepCurve, *, only: bool) -> None:
    points = _finite(sweep)
    lrs, losses = [lr for lr, _ in points], [loss for _, loss in points]
    axes.plot(lrs, losses, ".", color=SKY, markersize=4, alpha=0.8 if only else 0.4, label="loss" if only else None)
    if only and len(sweep.smoothed) == len(lrs):
        axes.plot(lrs, sweep.smoothed, color=BLUE, linewidth=2.2, label="clipped and smoothed, no lag")


def _band(axes: Axes, band: Band, sweeps: Sequence[SweepCurve]) -> None:
    """The spread of the raw losses, and the median of the smoothed curves over the seeds that are still running."""
    label = f"{len(sweeps)} seeds, 10-90 %"
    axes.fill_between(band.lrs, band.low, band.high, color=BLUE, alpha=0.15, linewidth=0, label=label)
    columns = zip_longest(*(sweep.smoothed for sweep in sweeps))
    middle = [median(value for value in column if value is not None) for column in columns]
    axes.plot(band.lrs[: len(middle)], middle, color=BLUE, linewidth=2.2, label="clipped and smoothed, median")


def _validation(axes: Axes, sweeps: Sequence[SweepCurve]) -> None:
    for i, sweep in enumerate(sweeps):
        if sweep.val_losses:
            label = "validation batch" if i == 0 else None
            axes.plot(
                sweep.lrs[: len(sweep.val_losses)],
                sweep.val_losses,
                color=GREEN,
                linewidth=0.9,
                alpha=0.8,
                label=label,
            )


def _marks(axes: Axes, suggestion: float | None, rule: str, suggestions: Mapping[str, float | None]) -> None:
    for name, (colour, line) in _MARKS.items():
        if (lr := suggestions.get(name)) is not None and name != rule:
            axes.axvline(lr, color=colour, linestyle=line, linewidth=1.4, label=f"{name}: {lr:.3g}")
    if suggestion is not None:
        axes.axvline(suggestion, color=RED, linewidth=2, label=f"max-lr ({rule}): {suggestion:.3g}")


def _frame(axes: Axes, sweeps: Sequence[SweepCurve]) -> None:
    """Show the descent whole and only the beginning of the explosion."""
    losses = [loss for sweep in sweeps for _, loss in _finite(sweep)]
    if not losses:
        return
    start = sorted(losses[:10])[len(losses[:10]) // 2]
    lowest = min(losses)
    reach = max(start - lowest, 1e-3 * abs(start), 1e-12)
    spread = sorted(abs(loss - start) for loss in losses[: max(10, len(losses) // 3)])
    reach = max(reach, spread[int(0.9 * len(spread))])
    top = min(max(losses), start + 1.1 * reach)
    axes.set_ylim(lowest - 0.08 * reach, top + 0.08 * reach)


def _notes(axes: Axes, flags: Sequence[Flag]) -> None:
    if flags:
        text = "\n".join(textwrap.fill(f"{flag.code}: {flag.message}", 62) for flag in flags)
        box = {"boxstyle": "round", "facecolor": "#FFF4E5", "edgecolor": ORANGE}
        axes.text(0.02, 0.98, text, transform=axes.transAxes, fontsize=SMALL - 1, va="top", bbox=box)


def _finite(sweep: SweepCurve) -> list[tuple[float, float]]:
    return [(lr, loss) for lr, loss in zip(sweep.lrs, sweep.losses, strict=True) if math.isfinite(loss)]
