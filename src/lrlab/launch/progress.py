"""Progress of a trial on stderr, fed by the loop."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from lrlab.engine.records import EvalRecord, SilentObserver, StepRecord
from lrlab.track.console import ProgressView, progress

_INTERVAL = 0.1  # seconds between updates of the view; a loop of 0.4 ms steps must not feel it
_QUIET = 1.0  # seconds between two lines about validations; the last one and the test always get a line


class StepProgress(SilentObserver):
    """Shows lr, loss, accuracy and ETA ten times a second, and a line per evaluation; a context manager."""

    def __init__(self, label: str, total: int, *, quiet: bool = False) -> None:
        self._view: ProgressView = progress(total, label, quiet=quiet, stream=sys.stderr)
        self._label, self._next, self._next_line = label, 0.0, time.perf_counter() + _QUIET
        self._latest: StepRecord | None = None
        self._unsaid: EvalRecord | None = None  # a validation that came too soon after the line before

    def on_step(self, record: StepRecord, task: Any) -> None:
        """Update the view, if it is time."""
        self._latest = record
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + _INTERVAL
            self._show()

    def on_evaluation(self, record: EvalRecord, task: Any) -> None:
        """A line above the bar; of validations that follow each other quickly, not every one."""
        now = time.perf_counter()
        if record.split == "val" and now < self._next_line:
            self._unsaid = record
            return
        self._next_line = now + _QUIET
        if record.split == "test":
            self._say_unsaid()
        self._unsaid = None
        self._say(record)

    def _say_unsaid(self) -> None:
        if (record := self._unsaid) is not None:
            self._unsaid = None
            self._say(record)

    def _say(self, record: EvalRecord) -> None:
        accuracy = "" if record.accuracy is None else f", accuracy {100 * record.accuracy:.2f} %"
        self._view.note(f"{self._label}, step {record.step}: {record.split} loss {record.loss:.4f}{accuracy}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._say_unsaid()
        self._show()
        self._view.close()

    def _show(self) -> None:
        if (record := self._latest) is not None:
            self._view.update(record.step + 1, lr=record.lr, loss=record.loss, accuracy=record.accuracy)
