"""Two smoothers: fastai's causal average, and one without lag."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Average:
    """A running average that remembers 1 / (1 - β) values: `v <- β v + (1-β) l`, corrected for its start at 0."""

    def __init__(self, beta: float) -> None:
        self._beta, self._value, self._count = beta, 0.0, 0

    def update(self, value: float) -> float:
        """Take in the next value; the average with it."""
        self._count += 1
        self._value = self._beta * self._value + (1 - self._beta) * value
        return self._value / (1 - self._beta**self._count)


def ema(losses: Sequence[float], beta: float = 0.98) -> Floats:
    """Exponential moving average with bias correction: `v <- β v + (1-β) l; s_i = v / (1 - β^(i+1))`.

    It lags: on a 100-point sweep β = 0.98 remembers half of it. For plots and for fastai's `valley`.

    Source: fastai, `callback/schedule.py`; Gugger 2018.
    """
    return np.array([*map(Average(beta).update, losses)], dtype=np.float64)


def zero_phase(values: Sequence[float] | Floats, sigma: float) -> Floats:
    """Gaussian average over neighbours on both sides; no lag. `sigma` is in points; ends are mirrored."""
    from scipy.ndimage import gaussian_filter1d

    smoothed: Floats = gaussian_filter1d(np.asarray(values, dtype=np.float64), sigma, mode="nearest")
    return smoothed
