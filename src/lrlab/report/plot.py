"""`lrlab.plot(finding)`: the figure that belongs to a finding."""

from typing import TYPE_CHECKING

from lrlab.experiments.range_test import RangeFinding
from lrlab.report.range_figure import SweepCurve, range_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot(finding: RangeFinding, *, title: str = "Range test") -> "Figure":
    """Loss against lr of each seed, the band, the suggestions and flags; save it with `.savefig(path)`.

    Raises:
        TypeError: not a finding that has a figure.
    """
    if not isinstance(finding, RangeFinding):
        raise TypeError(f"lrlab.plot draws a RangeFinding, not a {type(finding).__name__}")
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
