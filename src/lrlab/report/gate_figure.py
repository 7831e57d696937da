"""The gate of a min-lr search: the climbs to each max-lr that was tried, and how each ended."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lrlab.analysis.climb import smoothed
from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.experiments.min_lr.gate import Attempt
from lrlab.report.style import GREEN, GREY, LABEL, RED, SMALL, TITLE, caption, colours, dress, new_figure

_COLUMNS = 4  # at most
_ABOVE = 2.0  # times the descent: how far above the first loss the frame goes
_WORDS = {
    "non-finite": "the loss became inf or nan",
    "climbed": "the smoothed loss rose above the first loss and stayed there",
    "plateau": "at chance, or above, at the end of the hold",
    "failed": "the trial broke off with an error",
}


def gate_figure(finding: MinLrFinding, *, title: str = "Min-lr search: the gate") -> Figure:
    """A panel per max-lr tried, the asked one first; in it a smoothed curve per seed, and how it ended."""
    attempts = finding.gate.attempts
    rows = -(-len(attempts) // _COLUMNS)
    columns = -(-len(attempts) // rows)
    figure = new_figure(max(7.0, 3.4 * columns), 1.6 + 2.9 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    low, top = _range(finding)
    for axes, attempt in zip(panels, attempts, strict=False):
        _attempt(axes, attempt, finding, top)
    for axes in panels[len(attempts) :]:
        axes.remove()
    if top > low:
        panels[0].set_ylim(low - 0.05 * (top - low), top)
    figure.supylabel("training loss, smoothed", fontsize=LABEL)
    caption(figure, title, finding.headline, _notes(finding))
    return figure


def _attempt(axes: Axes, attempt: Attempt, finding: MinLrFinding, top: float) -> None:
    """One max-lr; a climb that leaves the frame has its mark at the frame."""
    for (seed, failure), colour in zip(attempt.failures.items(), colours(len(attempt.failures)), strict=True):
        curve = _curve(attempt, seed)
        label = f"seed {seed}: {failure or 'survives'}"
        axes.plot(range(1, len(curve) + 1), curve, color=colour, linewidth=1.3, label=label)
        if failure and curve:
            end = min(curve[-1], top)
            axes.plot(len(curve), end, "x", color=colour, markersize=7, markeredgewidth=2, clip_on=False)
    if math.isfinite(finding.gate.chance):
        axes.axhline(finding.gate.chance, color="black", linestyle=":", linewidth=1.1)
    axes.axvline(finding.up, color=GREY, linestyle=":", linewidth=1)
    failed = sum(failure is not None for failure in attempt.failures.values())
    outcome = f"{failed} of {len(attempt.failures)} fail" if failed else "passes"
    dress(axes, x="updates")
    axes.tick_params(labelbottom=True)
    colour = RED if failed else GREEN
    axes.set_title(f"max-lr {attempt.max_lr:.3g}: {outcome}", fontsize=TITLE, loc="left", color=colour, pad=9)
    axes.legend(loc="best", fontsize=SMALL, framealpha=0.9)


def _curve(attempt: Attempt, seed: int) -> list[float]:
    """The smoothed loss; empty for a trial that left none."""
    climb = attempt.climbs.get(seed)
    return smoothed(climb.series.get("loss", ())) if climb is not None else []


def _range(finding: MinLrFinding) -> tuple[float, float]:
    """Lowest loss and where the frame ends: of an explosion only the beginning is shown."""
    curves = [curve for a in finding.gate.attempts for seed in a.failures if (curve := _curve(a, seed))]
    if not curves:
        return 0.0, 0.0
    low, start = min(map(min, curves)), max(curve[0] for curve in curves)
    reach = max(start - low, 0.1 * abs(start))
    return low, min(max(map(max, curves)), start + _ABOVE * reach) + 0.05 * reach


def _notes(finding: MinLrFinding) -> list[str]:
    """The verdict, and the words for a failure that occur."""
    met = {failure for attempt in finding.gate.attempts for failure in attempt.failures.values() if failure}
    words = [f"{word}: {meaning}" for word, meaning in _WORDS.items() if word in met]
    return [finding.verdict, f"dotted: chance, and the end of the climb (max-lr is held after it). {'; '.join(words)}"]
