"""Phases: how a total is divided, and how a value moves within one."""

import math
from collections.abc import Sequence
from typing import Literal

Shape = Literal["linear", "cosine"]


def divide(total: int, parts: Sequence[int]) -> tuple[int, ...]:
    """Split `total` steps in proportion to `parts` by largest remainder, every phase at least one step.

    Raises:
        ValueError: fewer steps than phases.
    """
    if total < len(parts):
        raise ValueError(f"{total} steps cannot hold {len(parts)} phases; at least {len(parts)} are needed")
    whole = sum(parts)
    lengths = [total * part // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda i: (-(total * parts[i] % whole), i))
    for i in by_remainder[: total - sum(lengths)]:
        lengths[i] += 1
    while 0 in lengths:  # a phase too short for one step takes it from the longest
        lengths[lengths.index(max(lengths))] -= 1
        lengths[lengths.index(0)] += 1
    return tuple(lengths)


def between(start: float, end: float, share: float, shape: Shape) -> float:
    """The value at `share` in [0, 1] of the way from `start` to `end`; exact at both ends."""
    if share <= 0:
        return start
    if share >= 1:
        return end
    if shape == "cosine":
        share = (1 - math.cos(math.pi * share)) / 2
    return start + (end - start) * share
