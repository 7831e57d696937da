"""Two smoothers: fastai's causal average, and one without lag."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ema(losses: Sequence[float], beta: float = 0.98) -> Floats:
    """Exponential moving average with bias correction: `v <- β v + (1-β) l; s_i = v / (1 - β^(i+1))`.

    It lags: on a 100-point sweep β = 0.98 remembers half of it. For plots and for fastai's `valley`.

    Source: fastai, `callback/schedule.py`; Gugger 2018.
    """
    smoothed, value = np.empty(len(losses)), 0.0
    for i, loss in enumerate(losses):
        value = beta * value + (1 - beta) * loss
        smoothed[i] = value / (1 - beta ** (i + 1))
    return smoothed


def zero_phase(values: Sequence[float] | Floats, sigma: float) -> Floats:
    """Gaussian average over neighbours on both sides; no lag. `sigma` is in points; ends are mirrored."""
    from scipy.ndimage import gaussian_filter1d

    smoothed: Floats = gaussian_filter1d(np.asarray(values, dtype=np.float64), sigma, mode="nearest")
    return smoothed
