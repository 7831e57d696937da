"""fastai's default suggestion, to the index."""

from bisect import bisect_left
from collections.abc import Sequence


def valley(lrs: Sequence[float], smoothed: Sequence[float]) -> float | None:
    """The lr in the middle of the longest decreasing subsequence of a smoothed loss; None without a decrease.

    `smoothed` is fastai's EMA (β = 0.98), cut as fastai cuts it: the first tenth and the last five points are left
    out by the caller, see `fastai_window`.

    Source: fastai 2.8, `callback/schedule.py: valley` (from Novetta's ADAPT).
    """
    if len(smoothed) < 3:
        return None
    lengths = _falling_lengths(smoothed)
    best = lengths.index(max(lengths))
    if lengths[best] < 2:
        return None
    start = best - lengths[best]
    third = (best - start) / 3
    index = start + int(third) + int(third / 2)
    return float(lrs[index])


def _falling_lengths(values: Sequence[float]) -> list[int]:
    """For each position the length of the longest strictly decreasing subsequence that ends there; O(n log n)."""
    tails: list[float] = []  # negated: the best last value of a subsequence of each length
    lengths = []
    for value in values:
        at = bisect_left(tails, -value)
        tails[at : at + 1] = [-value]
        lengths.append(at + 1)
    return lengths


def fastai_window(count: int, planned: int) -> slice:
    """The points fastai looks at: `[planned // 10 : -5]`."""
    return slice(planned // 10, max(0, count - 5))
