"""What a scheme says no to."""

from math import inf

from lrlab.errors import UsageError


def positive(name: str, value: float) -> float:
    """`value`, if it can be the factor or the standard deviation called `name`.

    Raises:
        UsageError: it is not a finite number above 0.
    """
    if not 0 < value < inf:
        raise UsageError(f"{name}={value} is not a finite number above 0")
    return value
