"""Progress on stderr: a bar on a terminal, a line now and then elsewhere, nothing when asked to be quiet."""

import sys
from typing import IO, Protocol

from lrlab.track.lines import LineView
from lrlab.track.terminal import is_terminal


class ProgressView(Protocol):
    """Shows how far the work is. `update` is cheap enough for every step, and nothing here ever raises."""

    def update(
        self, step: int, *, lr: float | None = None, loss: float | None = None, accuracy: float | None = None
    ) -> None:
        """`step` of the steps are done; the numbers are the latest."""

    def note(self, text: str) -> None:
        """Say something beside the progress."""

    def close(self) -> None:
        """Draw the last state and leave the terminal as it was; again does nothing."""


class SilentView:
    """Shows nothing."""

    def update(
        self, step: int, *, lr: float | None = None, loss: float | None = None, accuracy: float | None = None
    ) -> None:
        """Ignored."""

    def note(self, text: str) -> None:
        """Ignored."""

    def close(self) -> None:
        """Ignored."""


def progress(total_steps: int, label: str, *, quiet: bool, stream: IO[str] | None = None) -> ProgressView:
    """A view of work called `label` that is done after `total_steps` steps; close it in a `finally`.

    `stream` is stderr unless given. `quiet` shows nothing at all.
    """
    out = stream if stream is not None else sys.stderr
    if quiet or out is None:  # a Python started without a stderr has None there
        return SilentView()
    if is_terminal(out):
        from lrlab.track.bar import BarView

        return BarView(total_steps, label, out)
    return LineView(total_steps, label, out)
