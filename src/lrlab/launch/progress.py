"""Progress of a trial on stderr, fed by the loop."""

import sys
import time
from typing import Any

from lrlab.engine.records import EvalRecord, SilentObserver, StepRecord
from lrlab.track.console import ProgressView, progress

_INTERVAL = 0.1  # seconds between updates of the view; a loop of 0.4 ms steps must not feel it


class StepProgress(SilentObserver):
    """Shows lr, loss, accuracy and ETA ten times a second, and a line per evaluation."""

    def __init__(self, label: str, total: int, *, start: int = 0, evaluations: bool = True) -> None:
        self._view: ProgressView = progress(total, label, quiet=False, stream=sys.stderr)
        self._evaluations = evaluations
        self._start = start
        self._next = 0.0

    def on_step(self, record: StepRecord, task: Any) -> None:
        """Update the view, if it is time."""
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + _INTERVAL
            self._view.update(record.step + 1, lr=record.lr, loss=record.loss, accuracy=record.accuracy)

    def on_evaluation(self, record: EvalRecord, task: Any) -> None:
        """A line above the bar."""
        if self._evaluations:
            accuracy = "" if record.accuracy is None else f", accuracy {100 * record.accuracy:.2f} %"
            self._view.note(f"step {record.step}: {record.split} loss {record.loss:.4f}{accuracy}")

    def on_end(self, reason: str, task: Any) -> None:
        """Take the bar away."""
        self._view.close()
