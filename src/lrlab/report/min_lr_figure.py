"""A min-lr search: the climbs, what each candidate took, and how sure the difference is."""

from collections.abc import Mapping, Sequence
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lrlab.analysis.climb import smoothed
from lrlab.experiments.min_lr.confirm import Confirmation
from lrlab.experiments.min_lr.finding import Candidate, Climb, MinLrFinding
from lrlab.report.forest import ARROW, forest, label_rows, strip
from lrlab.report.gate_figure import gate_figure
from lrlab.report.style import GREY, SMALL, caption, colours, dress, new_figure

_COUNTED = {
    "time-to-target": "updates to the target",
    "stable-ramp": "updates of the shortest climb that survives",
}


def min_lr_figure(finding: MinLrFinding, *, title: str = "Min-lr search") -> Figure:
    """Loss and lr of the climbs, updates of each candidate and seed, and their ratio to the reference's.

    Stable ramps have no common climb, so of them only the updates are drawn; a search that ended at its gate has no
    candidates, and its figure is the gate's.
    """
    if not finding.candidates:
        return gate_figure(finding, title=title)
    shades = _shades(finding.candidates)
    table = 1.3 + 0.36 * len(finding.candidates)
    if finding.method == "time-to-target":
        figure = new_figure(12, 5.2 + table)
        (loss, rate), (counts, ratios) = figure.subplots(2, 2, width_ratios=(1.25, 1), height_ratios=(4, table))
        _losses(loss, finding, shades)
        _rates(rate, finding, shades)
        counts.sharex(loss)
        key = loss.get_legend_handles_labels()
        rate.legend(*key, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=SMALL, frameon=False)
    else:
        figure = new_figure(12, 1.4 + table)
        counts, ratios = figure.subplots(1, 2, width_ratios=(1.25, 1))
    strip(counts, finding.candidates, shades)
    label_rows(counts, finding, shades)
    dress(counts, x=_COUNTED[finding.method], y="min-lr / max-lr  (min-lr)")
    forest(ratios, finding, shades)
    ratios.sharey(counts)
    ratios.tick_params(labelleft=False)
    caption(figure, title, finding.headline, _notes(finding))
    return figure


def _shades(candidates: Sequence[Candidate]) -> dict[float, str]:
    """A colour per candidate; those that dropped out are grey."""
    named = zip(candidates, colours(len(candidates)), strict=True)
    return {candidate.ratio: GREY if candidate.dropped else colour for candidate, colour in named}


def _losses(axes: Axes, finding: MinLrFinding, shades: Mapping[float, str]) -> None:
    """A thin smoothed curve per climb as far as it counts, with a dot where it is at the target; bold: the median."""
    counts = {(c.ratio, seed): count for c in finding.candidates for seed, count in c.counts.items()}
    curves: dict[float, list[list[float]]] = {}
    for climb in finding.climbs:
        count, colour = counts.get((climb.ratio, climb.seed)), shades[climb.ratio]
        curve = smoothed(climb.losses)[: count or finding.up]
        curves.setdefault(climb.ratio, []).append(curve)
        axes.plot(range(1, len(curve) + 1), curve, color=colour, linewidth=0.8, alpha=0.45)
        if curve:
            axes.plot(len(curve), curve[-1], "o" if count else "x", color=colour, markersize=5)
    for ratio, colour in shades.items():
        label = f"{ratio:.3g} of max-lr" + (", dropped" if colour == GREY else "")
        middle = [median(levels) for levels in zip(*curves.get(ratio, []), strict=False)]  # while every seed climbs
        axes.plot(range(1, len(middle) + 1), middle, color=colour, linewidth=2.2, label=label)
    for marker, meaning in {"o": "at the target", "x": "failed, or broken off"}.items():
        if any(line.get_marker() == marker for line in axes.lines):
            axes.plot([], [], marker, color="black", markersize=5, label=meaning)
    _level(axes, finding.gate.chance, "chance", ":")
    _level(axes, finding.gate.target, "target", "--")
    _frame(axes, [level for group in curves.values() for curve in group for level in curve], finding)
    dress(axes, y="training loss, smoothed")


def _level(axes: Axes, level: float, name: str, line: str) -> None:
    axes.axhline(level, color="black", linestyle=line, linewidth=1.1, label=f"{name} {level:.3g}")


def _frame(axes: Axes, levels: Sequence[float], finding: MinLrFinding) -> None:
    """Up to a little above chance: of a climb that fails only the beginning is shown."""
    target, chance = finding.gate.target, finding.gate.chance
    reach = max(chance - target, 1e-12)
    low = min([target, *levels])
    axes.set_ylim(low - 0.12 * reach, min(max([chance, *levels]), chance + 0.6 * reach) + 0.06 * reach)
    axes.set_xlim(left=0)


def _rates(axes: Axes, finding: MinLrFinding, shades: Mapping[float, str]) -> None:
    """The lr of each candidate's longest climb, with the updates at which its seeds are at the target."""
    longest: dict[float, Climb] = {}
    for climb in finding.climbs:
        if climb.ratio not in longest or len(climb.lrs) > len(longest[climb.ratio].lrs):
            longest[climb.ratio] = climb
    for candidate in finding.candidates:
        if (found := longest.get(candidate.ratio)) is None:
            continue
        colour = shades[candidate.ratio]
        axes.plot(range(1, len(found.lrs) + 1), found.lrs, color=colour, linewidth=1.6)
        reached = [n for n in candidate.counts.values() if n is not None and n <= len(found.lrs)]
        axes.plot(reached, [found.lrs[n - 1] for n in reached], "o", color=colour, markersize=4)
    axes.axvline(finding.up, color=GREY, linestyle=":", linewidth=1)
    place = axes.get_xaxis_transform()
    axes.text(finding.up, 0.02, " hold", transform=place, fontsize=SMALL, color=GREY, va="bottom")
    axes.set_ylim(bottom=0)
    dress(axes, x="updates", y="learning rate")


def _notes(finding: MinLrFinding) -> list[str]:
    """The verdict, the flags, what the trainings say, and what dots and bars mean."""
    lines = [finding.verdict, *(f"{flag.code}: {flag.message}" for flag in finding.flags)]
    if finding.confirmation is not None:
        lines.append(_confirmed(finding.confirmation))
    unmet = any(count is None for c in finding.candidates for count in c.counts.values())
    dots = f"a dot for each seed{f' ({ARROW} at least so many)' if unmet else ''}, a bar at the median"
    return [*lines, f"{dots}; a filled circle: surely different from {finding.reference:.3g}"]


def _confirmed(found: Confirmation) -> str:
    """What the short trainings say."""
    if (c := found.comparison) is None:
        return f"short trainings of {found.steps} updates: none completed with both"
    interval = "" if c.low is None else f" (95 % interval {c.low:+.3g} to {c.high:+.3g})"
    name = found.metric.replace("_", " ")
    return (
        f"short trainings of {found.steps} updates: {name} of ratio {found.ratio:.3g} less that of "
        f"{found.reference:.3g}: {c.estimate:+.3g}{interval}, {c.n} seed{'s' if c.n > 1 else ''}"
    )
