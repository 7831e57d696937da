"""temporary"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lrlab.analysis.divergence import StopReason
from lrlab.analysis.smoothing import zero_phase


@dataclass(frozen=True)
class Flag:
    code: str
    message: str


@dataclass(frozen=True)
class Reading:
    suggestion: float | None
    suggestions: Mapping[str, float | None]
    flags: tuple[Flag, ...]
    smoothed: tuple[float, ...]
    noise: float
    drop: float


def read(lrs: Sequence[float], losses: Sequence[float], stop: StopReason, *, suggestion: str = "min/2") -> Reading:
    x, y = np.array(lrs), np.array(losses)
    ok = np.isfinite(y)
    x, y = x[ok], y[ok]
    names = ("min/2", "sqrt(steep*min)", "steep", "min", "min/10", "valley")
    if len(x) < 10:
        return Reading(None, dict.fromkeys(names), (Flag("TOO_FEW_POINTS", "few"),), tuple(y), 0, 0)
    l0 = np.median(y[:10]); best = min(np.median(y[i:i+5]) for i in range(len(y)-4))
    s = zero_phase(np.minimum(y, l0 + 1.5 * (l0 - best)), 0.05 * len(x))
    i = int(s.argmin()); g = np.gradient(s); j = int(g[: i + 1].argmin())
    sug = {"min/2": x[i] / 2, "sqrt(steep*min)": float(np.sqrt(x[i] * x[j])), "steep": x[j], "min": x[i], "min/10": x[i] / 10, "valley": None}
    sug = {k: None if v is None else float(v) for k, v in sug.items()}
    return Reading(sug[suggestion], sug, (), tuple(s), 0.0, float(l0 - s[i]))
