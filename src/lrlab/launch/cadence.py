"""How often something happens in a training."""

from fractions import Fraction

from lrlab.policies.durations import in_steps, nearest_step


def steps_between(written: int | str | None, total: int, steps_per_epoch: Fraction) -> int:
    """The steps from one time to the next, at least 1, of what is due `written`; None is each epoch.

    Args:
        written: steps, or a length such as `200it`, `0.5ep` or `10%`.
        total: updates of the training.
        steps_per_epoch: updates, not batches.
    """
    if isinstance(written, int):
        return written
    exact = steps_per_epoch if written is None else in_steps(written, total, steps_per_epoch)
    return max(1, int(exact) if written is None else nearest_step(exact))
