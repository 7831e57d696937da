"""Several seeds of the same sweep: one answer, its spread, and a band."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lrlab.analysis.suggest import RULES, Flag, Reading

SPREAD_LIMIT = 0.5  # decades


@dataclass(frozen=True, slots=True)
class Band:
    """Loss over the seeds at each lr: median, and the 10 % and 90 % quantiles where two seeds or more are alive."""

    lrs: tuple[float, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Combined:
    """The seeds together.

    Attributes:
        suggestion: median of the logs of the seeds that have one; None unless more than half of them do.
        suggestions: the same for every rule.
        low, high: smallest and largest suggestion.
        spread_decades: log10(high / low); None with fewer than two suggestions.
        flags: what most seeds say, and SEED_SPREAD.
    """

    suggestion: float | None
    suggestions: Mapping[str, float | None]
    low: float | None
    high: float | None
    spread_decades: float | None
    flags: tuple[Flag, ...]
    band: Band


def combine(
    readings: Sequence[Reading],
    lrs: Sequence[Sequence[float]],
    losses: Sequence[Sequence[float]],
    *,
    rule: str,
) -> Combined:
    """Put the readings of several seeds together; the sweeps share one grid of lrs and may end at different steps."""
    chosen = [r.suggestion for r in readings if r.suggestion is not None]
    suggestions = {name: _median_log([r.suggestions[name] for r in readings]) for name in RULES}
    low, high = (min(chosen), max(chosen)) if chosen else (None, None)
    spread = math.log10(high / low) if low is not None and high is not None and len(chosen) > 1 else None
    flags = _flags(readings)
    if suggestions[rule] is not None and spread is not None and spread > SPREAD_LIMIT:
        message = f"the seeds disagree by {spread:.2g} decades: take more seeds, more steps or a larger batch."
        flags += (Flag("SEED_SPREAD", message),)
    return Combined(suggestions[rule], suggestions, low, high, spread, flags, _band(lrs, losses))


def _median_log(values: Sequence[float | None]) -> float | None:
    found = [math.log(value) for value in values if value is not None]
    return math.exp(float(np.median(found))) if 2 * len(found) > len(values) else None


def _flags(readings: Sequence[Reading]) -> tuple[Flag, ...]:
    """The flags of at least half of the seeds, with the first seed's sentence and how many say so."""
    by_code: dict[str, list[Flag]] = {}
    for reading in readings:
        for flag in reading.flags:
            by_code.setdefault(flag.code, []).append(flag)
    total = len(readings)
    return tuple(
        Flag(code, f"{flags[0].message} ({len(flags)} of {total} seeds)")
        for code, flags in by_code.items()
        if 2 * len(flags) >= total
    )


def _band(lrs: Sequence[Sequence[float]], losses: Sequence[Sequence[float]]) -> Band:
    grid = max(lrs, key=len)
    table = np.full((len(losses), len(grid)), np.nan)
    for row, curve in zip(table, losses, strict=True):
        row[: len(curve)] = np.where(np.isfinite(curve), curve, np.nan)
    alive = np.isfinite(table).sum(axis=0)
    columns = [table[:, i][np.isfinite(table[:, i])] for i in range(len(grid))]
    median = [float(np.median(c)) if len(c) else math.nan for c in columns]
    low, high = (
        [float(np.quantile(c, q)) if n > 1 else math.nan for c, n in zip(columns, alive, strict=True)]
        for q in (0.1, 0.9)
    )
    return Band(tuple(grid), tuple(median), tuple(low), tuple(high))
