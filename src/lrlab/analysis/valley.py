"""fastai's default suggestion, to the index."""

from collections.abc import Sequence


def valley(lrs: Sequence[float], smoothed: Sequence[float]) -> float | None:
    """The lr in the middle of the longest decreasing subsequence of a smoothed loss; None without a decrease.

    `smoothed` is fastai's EMA (β = 0.98), cut as fastai cuts it: the first tenth and the last five points are left
    out by the caller, see `fastai_window`.

    Source: fastai 2.8, `callback/schedule.py: valley` (from Novetta's ADAPT).
    """
    count = len(smoothed)
    if count < 3:
        return None
    lengths, best = [1] * count, 0
    for i in range(1, count):
        lengths[i] = max([1] + [lengths[j] + 1 for j in range(i) if smoothed[i] < smoothed[j]])
        if lengths[i] > lengths[best]:
            best = i
    if lengths[best] < 2:
        return None
    start = best - lengths[best]
    third = (best - start) / 3
    index = start + int(third) + int(third / 2)
    return float(lrs[index])


def fastai_window(count: int, planned: int) -> slice:
    """The points fastai looks at: `[planned // 10 : -5]`."""
    return slice(planned // 10, max(0, count - 5))
