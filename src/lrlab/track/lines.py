"""Progress where there is no terminal: a log line now and then."""

import time
from typing import IO

from lrlab.track.pace import Pace, pace_text, values_text
from lrlab.track.terminal import attempt, printable

_EVERY = 15.0  # seconds between two lines, unless a tenth of the work is done sooner
_SILENT_FOR = 2.0  # seconds of work that pass without a line


class LineView:
    """A line for each tenth of the work or each 15 s, whichever is sooner; none in the first two seconds."""

    def __init__(self, total_steps: int, label: str, stream: IO[str]) -> None:
        self._pace = Pace(total_steps)
        self._label, self._stream = label, stream
        self._last_line = time.monotonic()
        self._last_tenth = -1  # so that the first update is read, and the pace has a beginning

    def update(
        self, step: int, *, lr: float | None = None, loss: float | None = None, accuracy: float | None = None
    ) -> None:
        """Print a line when one is due."""
        pace, now = self._pace, time.monotonic()
        tenth = 10 * step // pace.total
        if tenth <= self._last_tenth and now - self._last_line < _EVERY:
            return
        pace.read(step)
        self._last_tenth = tenth
        if pace.elapsed < _SILENT_FOR:
            return
        self._last_line = now
        done = f"{100 * step // pace.total} %"
        parts = (f"{done:>5}", f"step {step}/{pace.total}", values_text(lr, loss, accuracy), pace_text(pace))
        self.note(f"{self._label}: " + "  ".join(part for part in parts if part))

    def note(self, text: str) -> None:
        """Print it."""
        attempt(lambda: self._stream.write(printable(text, self._stream) + "\n"))
        attempt(self._stream.flush)

    def close(self) -> None:
        """Nothing is pending."""
