"""`lrlab.plot(finding)`: the figure that belongs to a finding."""

from typing import TYPE_CHECKING

from lrlab.experiments.min_lr.finding import MinLrFinding
from lrlab.experiments.range_test import RangeFinding
from lrlab.report.min_lr_figure import min_lr_figure
from lrlab.report.range_figure import SweepCurve, range_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot(finding: RangeFinding | MinLrFinding, *, title: str | None = None) -> "Figure":
    """Draw it; save it with `.savefig(path)`.

    Of a range test: loss against lr of each seed, the band, the suggestions and flags. Of a min-lr search: the climbs,
    each candidate's updates and their ratio to the reference's; where no max-lr passed the gate, what was tried; and
    where no climb ran, the range test that found no max-lr.

    Raises:
        TypeError: not a finding that has a figure.
    """
    if isinstance(finding, MinLrFinding):
        if climbed(finding) or finding.range_finding is None:
            return min_lr_figure(finding, title=title or "Min-lr search")
        finding = finding.range_finding
    if not isinstance(finding, RangeFinding):
        raise TypeError(f"lrlab.plot draws a RangeFinding or a MinLrFinding, not a {type(finding).__name__}")
    return _range(finding, title or "Range test")


def climbed(finding: MinLrFinding) -> bool:
    """Whether any climb ran; none did where the range test before it gave no max-lr."""
    return any(attempt.climbs for attempt in finding.gate.attempts)


def _range(finding: RangeFinding, title: str) -> "Figure":
    return range_figure(
        [
            SweepCurve(s.seed, s.lrs, s.losses, s.reading.smoothed, s.val_losses, s.accuracies, s.grad_norms)
            for s in finding.sweeps
        ],
        suggestion=finding.suggestion,
        rule=finding.rule,
        suggestions=finding.suggestions,
        flags=finding.flags,
        band=finding.combined.band if finding.combined else None,
        title=title,
    )
