"""Several candidates at once, with one error rate for all of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lrlab.analysis.paired import PairedComparison, compare_paired
from lrlab.analysis.samples import check_share, pairs_of


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values, in the order given: reject those at or below α and the family-wise error is at most α.

    The k-th smallest of m is multiplied by m - k + 1, and never falls below the one before; any dependence between
    the tests is allowed.

    Source: Holm 1979; the adjusted form in Wright 1992.

    Raises:
        ValueError: a p-value outside 0 to 1.
    """
    for i, p in enumerate(p_values):
        if not 0 <= p <= 1:
            raise ValueError(f"p_values[{i}] is {p}; a p-value lies between 0 and 1")
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    adjusted = np.empty(len(raw))
    adjusted[order] = np.minimum(np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1)), 1.0)
    return tuple(adjusted.tolist())


@dataclass(frozen=True, slots=True)
class Decision:
    """One candidate of a family.

    Attributes:
        adjusted_p: Holm's, over the family.
        differs: whether it differs from the reference at the family's error rate.
    """

    comparison: PairedComparison
    adjusted_p: float
    differs: bool


def decide(comparisons: Mapping[str, PairedComparison], *, alpha: float = 0.05) -> dict[str, Decision]:
    """Which candidates differ from their common reference, with a family-wise error of at most `alpha`.

    The interval of a comparison is about that pair alone: it may leave 0 out where the family does not allow it.

    Raises:
        ValueError: an alpha outside 0 to 1.
    """
    check_share(alpha, "alpha")
    adjusted = holm([comparison.p_value for comparison in comparisons.values()])
    return {
        name: Decision(comparison, p, p < alpha)
        for (name, comparison), p in zip(comparisons.items(), adjusted, strict=True)
    }


@dataclass(frozen=True, slots=True)
class Winner:
    """The best of several candidates.

    Attributes:
        decisive: whether it differs from every other one, at the family's error rate.
        against: the other candidates against it.
    """

    name: str
    decisive: bool
    against: Mapping[str, Decision]

    @property
    def tied(self) -> tuple[str, ...]:
        """The candidates it is not surely better than."""
        return tuple(name for name, decision in self.against.items() if not decision.differs)


def best_of(
    candidates: Mapping[str, Sequence[float]],
    *,
    log: bool,
    largest: bool = False,
    resolution: float = 0.0,
    alpha: float = 0.05,
) -> Winner:
    """The candidate with the smallest mean over the seeds (largest where so asked), and whether that is sure.

    The winner is chosen with the numbers it is then tested on. That costs nothing: calling a winner decisive where
    the two best are equal, or where all are, has a probability of at most `alpha`, because it must beat each of the
    others. Equal means: the first named.

    Args:
        candidates: name -> one number per seed, the same seeds in the same order for each.
        log, resolution: as in `compare_paired`.

    Raises:
        ValueError: no candidates, and what `compare_paired` refuses.
    """
    if not candidates:
        raise ValueError("no candidates to choose from")
    check_share(alpha, "alpha")
    first = next(iter(candidates.values()))
    samples = {name: pairs_of(values, first, log=log)[0] for name, values in candidates.items()}
    means = {name: math.fsum(np.log(sample) if log else sample) for name, sample in samples.items()}
    name = (max if largest else min)(means, key=means.__getitem__)
    against = {
        other: compare_paired(values, candidates[name], log=log, resolution=resolution, confidence=1 - alpha)
        for other, values in candidates.items()
        if other != name
    }
    decisions = decide(against, alpha=alpha)
    return Winner(name, bool(decisions) and all(d.differs for d in decisions.values()), decisions)
