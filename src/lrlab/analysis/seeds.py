"""temporary"""
from dataclasses import dataclass
import numpy as np

@dataclass(frozen=True)
class Band:
    lrs: tuple; median: tuple; low: tuple; high: tuple

@dataclass(frozen=True)
class Combined:
    suggestion: float | None
    suggestions: dict
    low: float | None
    high: float | None
    spread_decades: float | None
    flags: tuple
    band: Band

def combine(readings, lrs, losses, *, rule):
    vals = [r.suggestion for r in readings if r.suggestion]
    n = max(map(len, lrs)); g = max(lrs, key=len)
    med = tuple(float(np.median([l[i] for l in losses if len(l) > i])) for i in range(n))
    sug = {k: float(np.exp(np.median([np.log(r.suggestions[k]) for r in readings if r.suggestions[k]]))) if any(r.suggestions[k] for r in readings) else None for k in readings[0].suggestions}
    return Combined(sug[rule], sug, min(vals), max(vals), float(np.log10(max(vals)/min(vals))), (), Band(tuple(g), med, med, med))
