"""A policy over its steps: lr and momentum, with the steps at which it turns."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lrlab.policies.base import Knot, Policy
from lrlab.policies.curve import sample
from lrlab.policies.effective import MomentumForm
from lrlab.report.style import BLUE, GREEN, PURPLE, RED, SMALL, dress, new_figure

_LISTED = 9  # of more knots only the first and the last are listed
_DOTS = 120  # up to so many steps each one is a dot


def policy_figure(policy: Policy, form: MomentumForm, *, title: str) -> Figure:
    """lr with its knots; below it momentum and the effective lr, where momentum moves."""
    curve = sample(policy, form)
    panels: list[tuple[str, Sequence[float], str]] = [("learning rate", curve.lrs, BLUE)]
    if curve.cycled and curve.momenta is not None:
        panels += [("momentum", curve.momenta, PURPLE), ("effective lr", curve.effective, GREEN)]
    figure = new_figure(9, 2.8 + 1.4 * len(panels))
    ratios = (2.4,) + (1,) * (len(panels) - 1)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    marker = "." if policy.total <= _DOTS else ""
    for i, (panel, (label, values, colour)) in enumerate(zip(axes, panels, strict=True)):
        panel.plot(range(policy.total), values, color=colour, linewidth=1.8, marker=marker)
        last = i == len(panels) - 1
        dress(panel, title="" if i else title, x="step (optimizer updates)" if last else "", y=label)
    if curve.log:
        axes[0].set_yscale("log")
    _mark(axes[0], policy.knots())
    return figure


def _mark(axes: Axes, knots: Sequence[Knot]) -> None:
    """A dot and a number at each knot; what the numbers mean stands beside the axes, where it covers nothing."""
    shown = list(enumerate(knots, start=1))
    if len(shown) > _LISTED:
        shown = [*shown[: _LISTED - 1], shown[-1]]
    for number, knot in shown:
        neighbours = (knots[max(0, number - 2)], knots[min(len(knots) - 1, number)])
        high = all(knot.lr >= neighbour.lr for neighbour in neighbours)
        side, gap = ("bottom", 6) if high else ("top", -6)
        _write(axes, str(number), (knot.step, knot.lr), (0, gap), color=RED, ha="center", va=side)
    axes.plot([knot.step for knot in knots], [knot.lr for knot in knots], "o", color=RED, markersize=4.5)
    axes.margins(x=0.03, y=0.14)
    lines = [f"{number:>2}  {knot.label}\n     {knot.lr:.3g} at step {knot.step}" for number, knot in shown]
    if len(knots) > len(shown):
        lines.insert(-1, f"... {len(knots) - len(shown)} more")
    _write(axes, "\n".join(lines), (1.0, 1.0), (10, 0), xycoords="axes fraction", va="top")


def _write(axes: Axes, text: str, at: tuple[float, float], points: tuple[int, int], **how: Any) -> None:
    """A text so many points beside a place."""
    axes.annotate(text, at, xytext=points, textcoords="offset points", fontsize=SMALL, **how)
