"""Durations: how long something lasts, in parts, steps, epochs or per cent of the whole; resolved to steps once."""

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import zip_longest

Duration = int | float | str
"""Parts of what is left (30), steps (`200it`), epochs (`30ep`, `0.5ep`) or a share of the whole (`37.5%`)."""

StepsPerEpoch = Fraction | int | None
"""Updates in an epoch, exactly (a fraction where micro-batches are accumulated); None where nobody knows."""

_WRITTEN = re.compile(r"(?P<steps>\d+)it|(?P<epochs>\d+(\.\d+)?)ep|(?P<percent>\d+(\.\d+)?)%", re.ASCII)


def in_steps(written: str, total: int, steps_per_epoch: StepsPerEpoch = None, *, name: str = "") -> Fraction:
    """The number of steps, exactly and not yet rounded, that a duration with a unit stands for.

    Args:
        written: `200it`, `30ep` or `37.5%`.
        total: updates of the whole training, which a per cent is of.
        steps_per_epoch: needed for `ep` alone.
        name: what is so long, for messages.

    Raises:
        ValueError: it is no such duration, lasts no time, or counts epochs where their length is not known.
    """
    found, said = _WRITTEN.fullmatch(written), f"{name}={written}" if name else written
    if found is None:
        raise ValueError(f"{said!r} is not a duration; for example 200it, 30ep or 37.5%")
    if found["steps"]:
        steps = Fraction(found["steps"])
    elif found["percent"]:
        steps = Fraction(found["percent"]) * total / 100
    elif steps_per_epoch is None:
        raise ValueError(
            f"{said} counts epochs, and how many steps an epoch has is not known here; "
            "write steps (200it) or a share (10%)"
        )
    else:
        steps = Fraction(found["epochs"]) * steps_per_epoch
    if steps <= 0:
        raise ValueError(f"{said} lasts no time")
    return steps


def nearest_step(position: Fraction) -> int:
    """The step a position falls on; a half goes up."""
    return int(position + Fraction(1, 2))


def divide(
    total: int,
    durations: Sequence[Duration],
    *,
    steps_per_epoch: StepsPerEpoch = None,
    names: Sequence[str] = (),
) -> tuple[int, ...]:
    """Divide `total` steps among phases: durations with a unit first, the parts share the rest.

    Rounded by largest remainder, so the phases fill the total exactly, and every phase has at least one step.
    Without any parts the durations have to come to the total themselves, to less than a step.

    Args:
        total: steps in all.
        durations: of the phases, in order.
        steps_per_epoch: needed for `ep` alone.
        names: of the phases, for messages.

    Raises:
        ValueError: fewer steps than phases, or durations that leave no room for the others, or do not fill the
            total; the message names all of them.
    """
    if total < len(durations):
        raise ValueError(f"{total} steps cannot hold {len(durations)} phases; at least {len(durations)} are needed")
    fixed = [
        in_steps(duration, total, steps_per_epoch, name=name or "") if isinstance(duration, str) else None
        for duration, name in zip_longest(durations, names)
    ]
    parts = [Fraction(str(d)) if not isinstance(d, str) else Fraction(0) for d in durations]
    if any(part <= 0 for part, steps in zip(parts, fixed, strict=True) if steps is None):
        raise ValueError(f"parts must be above 0; got {_listing(durations, fixed, names)}")
    taken = sum((steps for steps in fixed if steps is not None), Fraction(0))
    rest, sharing = total - taken, fixed.count(None)
    if sharing and rest < sharing:
        raise ValueError(
            f"{_listing(durations, fixed, names)}: {float(taken):.6g} of {total} steps are taken, which leaves no room "
            "for what is given in parts"
        )
    if not sharing and abs(rest) >= 1:
        raise ValueError(
            f"{_listing(durations, fixed, names)} come to {float(taken):.6g} steps, not {total}; "
            "one of them without a unit would take what is left"
        )
    whole = sum(parts)
    ideal = [rest * part / whole if steps is None else steps for part, steps in zip(parts, fixed, strict=True)]
    return _rounded(total, ideal, [isinstance(d, str) and d.endswith("it") for d in durations])


def _rounded(total: int, ideal: Sequence[Fraction], exact: Sequence[bool]) -> tuple[int, ...]:
    lengths = [int(steps) for steps in ideal]
    by_remainder = sorted(range(len(ideal)), key=lambda i: (lengths[i] - ideal[i], i))
    for i in by_remainder[: total - sum(lengths)]:
        lengths[i] += 1
    while 0 in lengths:  # a phase too short for one step takes it from the longest that is not a count of steps
        donor = max(range(len(lengths)), key=lambda i: (lengths[i] > 1, not exact[i], lengths[i], -i))
        lengths[donor] -= 1
        lengths[lengths.index(0)] += 1
    return tuple(lengths)


def _listing(durations: Sequence[Duration], fixed: Sequence[Fraction | None], names: Sequence[str]) -> str:
    """`policy.up=3ep (300 steps), policy.down=40`."""
    shown = []
    for duration, steps in zip(durations, fixed, strict=True):
        obvious = steps is None or str(duration).endswith("it")
        shown.append(str(duration) if obvious else f"{duration} ({float(steps or 0):.6g} steps)")
    if names:
        shown = [f"{name}={text}" for name, text in zip(names, shown, strict=True)]
    return ", ".join(shown)
