"""Progress on a terminal: a bar."""

import time
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from lrlab.track.pace import Pace, pace_text, values_text
from lrlab.track.terminal import attempt, printable

_REFRESH = 0.1  # seconds between two drawings


class BarView:
    """A bar with lr, loss, accuracy, steps per second and time left, drawn at most ten times a second.

    Drawn from `update`, not from a thread: data workers are forked, and a fork must not inherit a lock that a
    thread holds. NO_COLOR and a terminal without UTF-8 are rich's to respect.
    """

    def __init__(self, total_steps: int, label: str, stream: IO[str]) -> None:
        self._pace, self._stream = Pace(total_steps), stream
        self._step, self._values = 0, ""
        self._latest: tuple[float | None, float | None, float | None] = (None, None, None)
        self._next = 0.0
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[numbers]}", markup=False),
            console=Console(file=stream, force_terminal=True, highlight=False),
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task(printable(label, stream), total=self._pace.total, numbers="")
        self._open = attempt(self._bar.start)

    def update(
        self, step: int, *, lr: float | None = None, loss: float | None = None, accuracy: float | None = None
    ) -> None:
        """Keep the numbers; draw when a tenth of a second has passed."""
        self._step, self._latest = step, (lr, loss, accuracy)
        if self._open and time.monotonic() >= self._next:
            self._draw()

    def note(self, text: str) -> None:
        """Print it above the bar."""
        if self._open:
            line = printable(text, self._stream)
            attempt(lambda: self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True))

    def close(self) -> None:
        """Draw the last state and give the cursor back; again does nothing."""
        if self._open:
            self._draw()
            self._open = False
            attempt(self._bar.stop)

    def _draw(self) -> None:
        self._next = time.monotonic() + _REFRESH
        self._pace.read(self._step)
        parts = (f"{self._step}/{self._pace.total}", values_text(*self._latest), pace_text(self._pace))
        numbers = "  ".join(part for part in parts if part)
        self._bar.update(self._task, completed=self._step, numbers=numbers)
        self._open = attempt(self._bar.refresh)
