"""A policy in the terminal: curves drawn with characters, and a table of its knots."""

import math
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction

from lrlab.policies.base import Knot, Policy
from lrlab.policies.curve import sample
from lrlab.policies.effective import MomentumForm, effective_lr

_KNOTS = 16  # a longer table keeps its first and last rows
_FORMS = {
    "torch": "effective lr = lr / (1 - momentum)",
    "ema": "the lr is alpha, the effective lr",
    "adam": "the effective lr is the lr",
}


def describe(policy: Policy, form: MomentumForm, name: str, per_epoch: Fraction | None) -> Iterator[str]:
    """Lines: what it is, lr and momentum over the steps, and the steps at which it turns."""
    curve = sample(policy, form)
    epochs = f", {float(policy.total / per_epoch):.4g} epochs of {float(per_epoch):g}" if per_epoch else ""
    moved = "momentum is cycled" if curve.cycled else "momentum stays" if curve.momenta else "no momentum"
    yield f"{name}: {policy.total} steps{epochs}; {moved}; {_FORMS[form]}"
    yield f"\nlearning rate{' (log scale)' if curve.log else ''}"
    yield draw(curve.lrs, log=curve.log)
    if curve.cycled and curve.momenta is not None:
        yield "\nmomentum"
        yield draw(curve.momenta, rows=5)
    yield f"\n{'knot':12}{'step':>7}{'lr':>12}{'momentum':>10}{'effective lr':>14}"
    yield from _table(policy.knots(), form)


def _table(knots: Sequence[Knot], form: MomentumForm) -> Iterator[str]:
    shown = [_row(knot, form) for knot in knots]
    if len(shown) > _KNOTS:
        shown[_KNOTS - 3 : -2] = [f"... {len(shown) - _KNOTS + 1} more"]
    yield from shown


def _row(knot: Knot, form: MomentumForm) -> str:
    momentum = f"{knot.momentum:.4g}" if knot.momentum is not None else "-"
    effective = effective_lr(knot.lr, knot.momentum, form)
    return f"{knot.label:12}{knot.step:>7}{knot.lr:>12.4g}{momentum:>10}{effective:>14.4g}"


def draw(values: Sequence[float], *, columns: int = 64, rows: int = 10, log: bool = False) -> str:
    """A curve as text: one column per stretch of steps, eighths of a row where the terminal can show them."""
    eighths = " ▁▂▃▄▅▆▇█" if "utf" in (getattr(sys.stdout, "encoding", None) or "").lower() else "    ####"
    heights = [math.log10(v) for v in values] if log else list(values)
    low, high = min(heights), max(heights)
    columns = min(columns, len(values))
    picked = [heights[round(i * (len(values) - 1) / max(1, columns - 1))] for i in range(columns)]
    span = (high - low) or abs(high) or 1.0
    base = low if high > low else min(0.0, low)
    filled = [(v - base) / span * rows * 8 for v in picked]
    top, bottom = (10**high, 10**base) if log else (high, base)
    lines = []
    for row in reversed(range(rows)):
        cells = [eighths[min(len(eighths) - 1, max(0, round((h - 8 * row) * (len(eighths) - 1) / 8)))] for h in filled]
        label = f"{top:.3g}" if row == rows - 1 else f"{bottom:.3g}" if row == 0 else ""
        lines.append(f"{label:>9} |{''.join(cells).rstrip()}")
    return "\n".join(lines)
