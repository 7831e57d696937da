"""Named instants at which a test may look at the disk or pull the plug."""

from collections.abc import Callable

hook: Callable[[str], None] | None = None
"""What a test puts here is called with the name of each instant that is reached; None outside tests."""


def faultpoint(name: str) -> None:
    """Between two writes; does nothing without a hook."""
    if hook is not None:
        hook(name)
