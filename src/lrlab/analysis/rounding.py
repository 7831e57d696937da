"""What rounding adds to a measurement.

A quantity read in units of `resolution` (a time in steps: 1, or the steps between two evaluations; an accuracy over N
images: 1/N) is off by an error uniform over one unit, of variance resolution²/12, and a difference of two readings by
resolution²/6. On logs the unit of a reading x is resolution/x.

Source: Sheppard 1898; Widrow & Kollár 2008, *Quantization Noise*.
"""

import math

import numpy as np

from lrlab.analysis.samples import Floats

FLOAT32 = 2.0**-23  # relative; no reading of a float32 training is finer


def rounding_error(sample: Floats, resolution: float, *, log: bool = False) -> Floats:
    """σ of the rounding error of each reading, of its natural logarithm where `log`. Always above 0.

    Raises:
        ValueError: a resolution below 0, or not finite.
    """
    if not 0 <= resolution < math.inf:
        raise ValueError(f"resolution is {resolution}; it is the unit the values are read in, 0 or more")
    if log:
        return np.maximum(resolution / sample, FLOAT32) / math.sqrt(12)
    finest = FLOAT32 * (float(np.abs(sample).max()) or 1.0)
    return np.full(len(sample), max(resolution, finest) / math.sqrt(12))


def mean_error(*errors: Floats) -> float:
    """σ of the summed errors of one seed, root mean square over the seeds."""
    return math.sqrt(float(np.mean(sum(error**2 for error in errors))))
