"""What a range test's curve says: suggestions, and whether to believe them.

The raw losses are clipped at `L0 + 1.5 (L0 - best)`, averaged where a staircase shares an lr, laid on an even
log-lr grid, and smoothed without lag (a Gaussian of 5 % of the points). The answers are read left of the minimum:
a smoother with memory sees the steepest descent after the minimum, and a derivative of raw losses sees one batch.
Shifting the loss changes no suggestion.

Of 2,000 simulated curves without signal so many were given a number (`tests/analysis/test_never_from_noise.py`):
Gaussian noise 0, the same with an explosion 0, uniform noise 1, AR(0.5) noise 0, Student-t noise with 2 degrees of
freedom 26, smooth oscillations 41, AR(0.9) noise 309. The last has a memory of ten batches, which losses of shuffled
batches do not have; several seeds tell.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrlab.analysis.divergence import BROKEN, FIRST, WINDOW, StopReason
from lrlab.analysis.noise import noise_of, wander_of
from lrlab.analysis.smoothing import ema, zero_phase
from lrlab.analysis.valley import fastai_window, valley

RULES = ("min/2", "sqrt(steep*min)", "steep", "min", "min/10", "valley")
SIGMA = 0.05  # of the smoother, in points per point
CLIP = 1.5
SIGNAL = 4.0  # a drop below so many times the noise is none
EDGE = 0.02  # of the points, at the right end
LEFT = 0.10  # of the points, at the left end

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Flag:
    """Something to know before using a suggestion: a stable code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One curve, read.

    Attributes:
        suggestion: the chosen rule's lr, or None when the curve holds no answer.
        suggestions: every rule's lr; all None with NO_SIGNAL, MIN_AT_LEFT or TOO_FEW_POINTS.
        flags: those three, or NOT_DIVERGED, which warns beside a number.
        smoothed: the smoothed loss at each finite point (one value per step, also within a staircase).
        noise: σ of one loss. drop: L0 minus the smoothed minimum.
    """

    suggestion: float | None
    suggestions: Mapping[str, float | None]
    flags: tuple[Flag, ...]
    smoothed: tuple[float, ...]
    noise: float
    drop: float


def read(lrs: Sequence[float], losses: Sequence[float], stop: StopReason, *, suggestion: str = "min/2") -> Reading:
    """Read a sweep.

    Args:
        lrs, losses: one of each per step, lrs rising; non-finite losses are left out of everything.
        stop: why the sweep ended.
        suggestion: which of `RULES` is the answer.
    """
    finite = np.isfinite(losses)
    lr, raw = np.asarray(lrs, dtype=float)[finite], np.asarray(losses, dtype=float)[finite]
    levels, points = _level_means(lr, raw)
    if len(levels) < FIRST:
        message = (
            f"{len(levels)} finite points before the sweep ended; {FIRST} are needed. Lower lr_min or take more steps."
        )
        return _nothing(Flag("TOO_FEW_POINTS", message), tuple(raw))
    grid = np.geomspace(levels[0], levels[-1], len(levels))
    even = np.interp(np.log(grid), np.log(levels), points)
    start = float(np.median(even[:FIRST]))
    clipped = np.minimum(even, start + CLIP * max(start - _lowest_median(even), 0.0))
    smoothed = zero_phase(clipped, SIGMA * len(grid))
    lowest = int(smoothed.argmin())
    noise, drop = noise_of(points), start - float(smoothed[lowest])
    shown = tuple(np.interp(np.log(lr), np.log(grid), smoothed).tolist())
    if (flag := _no_answer(clipped, smoothed, grid, noise, drop, stop)) is not None:
        return _nothing(flag, shown, noise, drop)
    found = _suggestions(grid, smoothed, lowest)
    found["valley"] = _fastai_valley(levels, points, stop)
    return Reading(found[suggestion], found, _warnings(grid, lowest, stop), shown, noise, drop)


def _suggestions(grid: Floats, smoothed: Floats, lowest: int) -> dict[str, float | None]:
    slope = np.gradient(smoothed)
    steep, low = float(grid[int(slope[: lowest + 1].argmin())]), float(grid[lowest])
    values = (low / 2, math.sqrt(steep * low), steep, low, low / 10)
    return dict(zip(RULES, values, strict=False))


def _no_answer(
    clipped: Floats, smoothed: Floats, grid: Floats, noise: float, drop: float, stop: StopReason
) -> Flag | None:
    """MIN_AT_LEFT where the loss does nothing but rise, NO_SIGNAL where it does not fall either."""
    lowest = int(smoothed.argmin())
    floor = max(SIGNAL * noise, SIGNAL * wander_of(clipped[: lowest + 1]), 1e-9 * float(np.abs(clipped).max()))
    if lowest < LEFT * len(grid) and float(smoothed[-1] - smoothed[lowest]) > floor:
        return Flag("MIN_AT_LEFT", f"the loss is lowest at the left end, lr {grid[lowest]:.3g}: lower lr_min.")
    if drop <= floor:
        exploded = stop in {StopReason.DIVERGED, *BROKEN}
        message = (
            f"the loss fell by {drop:.3g}, no more than its noise explains ({floor:.3g} would be enough). "
            f"{'Lower lr_min' if exploded else 'Raise lr_max'}, take a larger batch or more steps, or start from "
            "weights that are not trained yet."
        )
        return Flag("NO_SIGNAL", message)
    return None


def _warnings(grid: Floats, lowest: int, stop: StopReason) -> tuple[Flag, ...]:
    if lowest < (1 - EDGE) * (len(grid) - 1) or stop in BROKEN:
        return ()
    message = (
        f"the loss is still lowest at the right end, lr {grid[lowest]:.3g}: raise lr_max; the answer is a lower bound."
    )
    return (Flag("NOT_DIVERGED", message),)


def _fastai_valley(levels: Floats, points: Floats, stop: StopReason) -> float | None:
    window = fastai_window(len(points), len(points))
    return valley(levels[window].tolist(), ema(points.tolist())[window].tolist())


def _level_means(lr: Floats, raw: Floats) -> tuple[Floats, Floats]:
    """One point per lr: a staircase's steps averaged."""
    levels, index = np.unique(lr, return_inverse=True)
    return levels, np.bincount(index, weights=raw) / np.bincount(index) if len(levels) else raw


def _lowest_median(points: Floats) -> float:
    windows = np.lib.stride_tricks.sliding_window_view(points, WINDOW)
    return float(np.median(windows, axis=1).min())


def _nothing(flag: Flag, smoothed: tuple[float, ...], noise: float = 0.0, drop: float = 0.0) -> Reading:
    return Reading(None, dict.fromkeys(RULES), (flag,), smoothed, noise, drop)
