"""What numbers must be before anything is computed from them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def sample_of(values: Sequence[float], name: str = "values") -> Floats:
    """One number per seed, as an array.

    Raises:
        ValueError: none, or one that is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array):
        raise ValueError(f"{name} has shape {array.shape}; one number per seed is needed, and at least one")
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise ValueError(
            f"{name}[{bad[0]}] is {array[bad[0]]}, which no mean can hold; count a failed seed as a failure and "
            "leave it out of both sides, and enter a time that was not reached by its bound"
        )
    return array


def pairs_of(values: Sequence[float], reference: Sequence[float], *, log: bool) -> tuple[Floats, Floats]:
    """Two samples whose i-th numbers belong to the same seed.

    Raises:
        ValueError: different lengths, or a number without a logarithm where `log`.
    """
    pair = sample_of(values), sample_of(reference, "reference")
    if len(pair[0]) != len(pair[1]):
        raise ValueError(f"{len(pair[0])} values and {len(pair[1])} in reference: pairs need the same seeds in both")
    for array, name in zip(pair, ("values", "reference"), strict=True):
        bad = np.flatnonzero(array <= 0)
        if log and len(bad):
            raise ValueError(f"{name}[{bad[0]}] is {array[bad[0]]}, which has no logarithm; compare with log=False")
    return pair


def check_share(share: float, name: str) -> None:
    """A confidence, a level or a quantile lies between 0 and 1, both excluded.

    Raises:
        ValueError: it does not.
    """
    if not 0 < share < 1:
        raise ValueError(f"{name} is {share}; it must lie between 0 and 1, both excluded")
