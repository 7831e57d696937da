"""Stratified splits: every class in the same proportion, fixed by a seed."""

import torch
from torch import Tensor

from lrlab.data.order import generator
from lrlab.errors import UsageError


def class_counts(labels: Tensor, classes: int) -> tuple[int, ...]:
    """How many of `labels` each class has."""
    return tuple(torch.bincount(labels, minlength=classes).tolist())


def quotas(counts: tuple[int, ...], total: int) -> tuple[int, ...]:
    """Share `total` out in proportion to `counts` by largest remainder; ties go to the lower class."""
    size = sum(counts)
    shares = [count * total // size for count in counts]
    rest = [(-(count * total % size), index) for index, count in enumerate(counts)]
    for _, index in sorted(rest)[: total - sum(shares)]:
        shares[index] += 1
    return tuple(shares)


def stratified_subset(labels: Tensor, rows: Tensor, total: int, *, seed: int, use: str) -> tuple[Tensor, Tensor]:
    """Choose `total` of `rows`, each class in proportion.

    Args:
        labels: (N,) of the whole set.
        rows: (M,) int64, the candidates.
        total: how many to choose, 0..M.
        seed: fixes the choice, together with `use`.
        use: what the choice is for; different uses choose independently.

    Returns:
        The chosen rows and the rest, both ascending.
    """
    of_rows = labels[rows]
    counts = class_counts(of_rows, int(of_rows.max()) + 1)
    chosen = torch.zeros(len(rows), dtype=torch.bool)
    for label, quota in enumerate(quotas(counts, total)):
        members = (of_rows == label).nonzero().flatten()
        shuffled = members[torch.randperm(len(members), generator=generator(seed, use, label))]
        chosen[shuffled[:quota]] = True
    return rows[chosen], rows[~chosen]


def split_off(labels: Tensor, fraction: float, *, seed: int, use: str, name: str) -> tuple[Tensor, Tensor]:
    """Hold out `fraction` (0..1) of a set, at least one image.

    Args:
        labels: (N,) of the whole set.
        fraction: of the images that is held out.
        seed: fixes the choice, together with `use`.
        use: what the split is for.
        name: the config key the fraction came from, for the message.

    Returns:
        The rows held out and the rows kept, both ascending.

    Raises:
        UsageError: a class would be left without a kept image.
    """
    total = max(1, round(fraction * len(labels)))
    held, kept = stratified_subset(labels, torch.arange(len(labels)), total, seed=seed, use=use)
    lost = set(labels.tolist()) - set(labels[kept].tolist())
    if lost:
        raise UsageError(
            f"{name}={fraction} of {len(labels)} images leaves no training image of class number {min(lost)}",
            hint=f"lower {name} or add images",
        )
    return held, kept


def limit_rows(labels: Tensor, rows: Tensor, limit: int | None, *, seed: int) -> Tensor:
    """At most `limit` of the training rows, each class in proportion; None is all of them.

    Raises:
        UsageError: `limit` is too small to have an image of every class.
    """
    if limit is None or limit >= len(rows):
        return rows
    chosen, _ = stratified_subset(labels, rows, limit, seed=seed, use="limit")
    present, there = len(set(labels[chosen].tolist())), len(set(labels[rows].tolist()))
    if present < there:
        raise UsageError(
            f"data.limit={limit} of {len(rows)} training images keeps only {present} of the {there} classes",
            hint="raise data.limit",
        )
    return chosen
