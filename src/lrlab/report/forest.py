"""Candidates as rows: their updates by seed, and the paired ratio to the reference with its interval."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lrlab.experiments.min_lr.decision import ALPHA
from lrlab.experiments.min_lr.finding import Candidate, MinLrFinding
from lrlab.report.style import GREY, SMALL, dress

ARROW = "\N{BLACK RIGHT-POINTING TRIANGLE}"
_SPREAD = 0.22  # rows; seeds with the same count lie beside each other
_FARTHEST = 3.0  # times the reference's updates and a third of them: an interval beyond ends in an arrow


def strip(axes: Axes, candidates: Sequence[Candidate], shades: Mapping[float, str]) -> None:
    """A dot per seed, a bar at the median; an arrow where the bound was met first."""
    for row, candidate in enumerate(candidates):
        colour = shades[candidate.ratio]
        for i, (seed, bound) in enumerate(sorted(candidate.bounds.items())):
            count = candidate.counts.get(seed)
            place = row + _SPREAD * (2 * (i + 0.5) / len(candidate.bounds) - 1)
            marker = ">" if count is None else "o"
            axes.plot(bound if count is None else count, place, marker, color=colour, markersize=4.5, alpha=0.75)
        if candidate.median is not None and not candidate.dropped:
            axes.vlines(candidate.median, row - 0.36, row + 0.36, color=colour, linewidth=2.4)
    axes.set_xlim(0, 1.06 * max(max(axes.get_xlim()), 1.0))
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))


def label_rows(axes: Axes, finding: MinLrFinding, shades: Mapping[float, str]) -> None:
    """Name each row in its candidate's colour, the answer in bold; the first candidate on top."""
    answer = next((c for c in finding.candidates if c.min_lr == finding.min_lr), None)
    names = [f"{'answer:  ' if c is answer else ''}{c.ratio:.3g}  ({c.min_lr:.3g})" for c in finding.candidates]
    axes.set_yticks(range(len(names)), names)
    for candidate, label in zip(finding.candidates, axes.get_yticklabels(), strict=True):
        label.set_color(shades[candidate.ratio])
        label.set_fontweight("bold" if candidate is answer else "normal")
    axes.set_ylim(len(names) - 0.5, -0.5)


def forest(axes: Axes, finding: MinLrFinding, shades: Mapping[float, str]) -> None:
    """The paired time ratios; filled where they surely differ from 1, in grey why a candidate is out."""
    axes.axvline(1, color="black", linewidth=1)
    _beside(axes, -0.5, "ratio [interval]  p after Holm", color=GREY)
    low, high = _limits(finding.candidates)
    axes.set_xlim(low, high)
    for row, candidate in enumerate(finding.candidates):
        if candidate.ratio == finding.reference:
            axes.plot(1, row, "D", color=shades[candidate.ratio], markersize=6)
            _beside(axes, row, "reference", color=shades[candidate.ratio])
        elif candidate.dropped:
            _beside(axes, row, candidate.dropped, at=0.02, color=GREY, backgroundcolor="white")
        elif candidate.time_ratio is not None:
            _interval(axes, row, candidate, candidate.time_ratio, shades[candidate.ratio])
            _beside(axes, row, numbers(candidate), color="black")
    dress(axes, x=f"updates as a multiple of those of {finding.reference:.3g}, 95 % interval")


def numbers(candidate: Candidate) -> str:
    """A row's ratio, interval and p-value."""
    interval = "" if candidate.low is None else f" [{candidate.low:.2f}, {candidate.high:.2f}]"
    p = "" if candidate.adjusted_p is None else f"  p {candidate.adjusted_p:.2g}"
    return f"{candidate.time_ratio:.2f}{interval}{p}"


def _interval(axes: Axes, row: int, candidate: Candidate, estimate: float, colour: str) -> None:
    left, right = axes.get_xlim()
    if candidate.low is not None and candidate.high is not None:
        axes.hlines(row, max(candidate.low, left), min(candidate.high, right), color=colour, linewidth=2)
        for end, edge, marker in ((candidate.low, left, "<"), (candidate.high, right, ">")):
            if not left <= end <= right:
                axes.plot(edge, row, marker, color=colour, markersize=6, clip_on=False)
    sure = candidate.adjusted_p is not None and candidate.adjusted_p < ALPHA
    face = colour if sure else "white"
    axes.plot(
        min(max(estimate, left), right), row, "o", color=colour, markerfacecolor=face, markersize=7, markeredgewidth=1.5
    )


def _limits(candidates: Sequence[Candidate]) -> tuple[float, float]:
    ends = [1.0]
    for candidate in candidates:
        ends += [value for value in (candidate.time_ratio, candidate.low, candidate.high) if value is not None]
    low, high = max(min(ends), 1 / _FARTHEST), min(max(ends), _FARTHEST)
    room = max(0.08 * (high - low), 0.02)
    return low - room, high + room


def _beside(axes: Axes, row: float, text: str, *, at: float = 1.02, **how: Any) -> None:
    """A text in a row, at a share of the axes' width."""
    axes.text(at, row, text, transform=axes.get_yaxis_transform(), fontsize=SMALL, va="center", **how)
