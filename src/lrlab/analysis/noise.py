"""How much a loss moves when nothing happens."""

import math

import numpy as np
from numpy.typing import NDArray

from lrlab.analysis.divergence import MAD_TO_SIGMA

BLOCKS = 10


def noise_of(points: NDArray[np.float64]) -> float:
    """σ of one loss from batch to batch: the MAD scale of successive differences over √2, taken about zero.

    A robust scale: the descent and the explosion are few among the differences.
    """
    if len(points) < 2:
        return 0.0
    return MAD_TO_SIGMA * float(np.median(np.abs(np.diff(points)))) / math.sqrt(2)


def wander_of(points: NDArray[np.float64]) -> float:
    """How far a tenth of a curve lies from the next: the same scale over the medians of ten blocks.

    Noise that drifts (batches in a fixed order, a slow oscillation) hides from successive differences; it shows
    here. Given the points up to the minimum, a descent passes four times it: the median of nine differences does
    not see one over four blocks or fewer, and over five or more their fifth largest is a fifth of the drop at most.
    """
    blocks = np.array([np.median(block) for block in np.array_split(points, BLOCKS) if len(block)])
    if len(blocks) < 2:
        return 0.0
    return MAD_TO_SIGMA * float(np.median(np.abs(np.diff(blocks)))) / math.sqrt(2)
