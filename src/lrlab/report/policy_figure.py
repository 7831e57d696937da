"""A policy over its steps: lr and momentum, with the steps at which it turns."""

from matplotlib.figure import Figure

from lrlab.policies.base import Policy
from lrlab.report.style import BLUE, PURPLE, RED, SMALL, dress, new_figure


def policy_figure(policy: Policy, *, title: str) -> Figure:
    """lr with its knots, and momentum below it where it moves."""
    steps = list(range(policy.total))
    hypers = [policy.at(step) for step in steps]
    momenta = [h.momentum for h in hypers if h.momentum is not None]
    moves = len(set(momenta)) > 1
    figure = new_figure(8, 5 if moves else 3.8)
    panels = figure.subplots(2 if moves else 1, 1, sharex=True, squeeze=False, height_ratios=(2, 1) if moves else (1,))[
        :, 0
    ]
    lrs = [h.lr for h in hypers]
    marker = "." if policy.total <= 120 else ""
    panels[0].plot(steps, lrs, color=BLUE, linewidth=1.8, marker=marker)
    if max(lrs) > 2000 * min(lrs) and len(set(lrs)) > 3 and hypers[0].phase == "range":
        panels[0].set_yscale("log")
    for knot in policy.knots():
        panels[0].plot(knot.step, knot.lr, "o", color=RED, markersize=5)
        panels[0].annotate(
            f"{knot.label}: {knot.lr:.3g}\nstep {knot.step}",
            (knot.step, knot.lr),
            xytext=(9, 3),
            textcoords="offset points",
            fontsize=SMALL,
            va="top" if knot.step == 0 else "center" if knot.step == policy.total - 1 else "bottom",
        )
    panels[0].set_xlim(right=1.16 * policy.total)
    if panels[0].get_yscale() == "linear":
        panels[0].set_ylim(top=1.18 * max(lrs))
    dress(panels[0], title=title, x="" if moves else "step (optimizer updates)", y="learning rate")
    if moves:
        panels[1].plot(steps, momenta, color=PURPLE, linewidth=1.8, marker=marker)
        dress(panels[1], x="step (optimizer updates)", y="momentum")
    return figure
