"""TensorBoard as a view of a trial: scalars, hparams, a custom-scalars layout, figures, text.

All of it goes into one event file per session; hparams do not make a sub-run of their own.
"""

import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrlab.track.sink import Row, Sink

if TYPE_CHECKING:
    from lrlab.track.events import EventFile

_CURVES = frozenset({"sweep", "climb"})  # kinds that the custom-scalars page has no chart of


class TensorBoardSink:
    """Writes event files into `log_dir`; tags are `<kind>/<name>`, for example `train/loss`.

    The file is opened by the first record, so that opening it is guarded, and with it the heavy imports.

    Args:
        log_dir: the trial's folder under `tb/`.
        purge_step: hide what earlier sessions wrote at this step and later; for going on from a checkpoint.

    Raises:
        OSError: from any method, when the disk refuses.
    """

    def __init__(self, log_dir: Path, purge_step: int | None = None) -> None:
        self._log_dir, self._purge_step = log_dir, purge_step
        self._events: EventFile | None = None
        self._has_layout = False
        self._last_step = 0 if purge_step is None else purge_step

    def rows(self, rows: Sequence[Row]) -> None:
        """One event per row that holds all its numbers; epoch and sample count are left to the JSONL."""
        from lrlab.track import summaries

        events = self._open()
        if not self._has_layout and any(row["kind"] not in _CURVES for row in rows):
            self._has_layout = True
            events.add_summary(summaries.of_layout(), 0)
        for row in rows:
            self._last_step = int(row["step"])
            events.add_summary(summaries.of_row(row), self._last_step)
        events.flush()

    def text(self, tag: str, markdown: str) -> None:
        """Write to the text page."""
        from lrlab.track import summaries

        self._open().add_summary(summaries.of_text(tag, markdown), self._last_step)

    def figure(self, tag: str, figure: Any, step: int) -> None:
        """Write a matplotlib Figure to the images page."""
        from lrlab.track import summaries

        self._open().add_summary(summaries.of_figure(tag, figure), step)

    def hparams(self, values: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Write this trial's row of the hparams page: nested values as dotted names."""
        from lrlab.track import summaries

        events = self._open()
        for part in summaries.of_hparams(values, metrics):
            events.add_summary(part, self._last_step)

    def flush(self) -> None:
        """Hand what is buffered to the operating system."""
        if self._events is not None:
            self._events.flush()

    def close(self) -> None:
        """Close the event file; a later record would start another."""
        if self._events is not None:
            events, self._events = self._events, None
            events.close()

    def _open(self) -> "EventFile":
        if self._events is None:
            from lrlab.track.events import EventFile

            self._events = EventFile(self._log_dir, self._purge_step)
            self._purge_step = None  # done; should the file be opened again, nothing new is hidden
        return self._events


_MISSING = "tensorboard is not installed, so no event files are written; pip install tensorboard"
_warned: set[str] = set()


def tensorboard_sink(
    log_dir: Path, purge_step: int | None = None, *, warn: Callable[[str], None] | None = None
) -> Sink | None:
    """A TensorBoardSink, or None where tensorboard is not installed.

    `warn` (a line on stderr unless given) hears of that once per process.
    """
    if importlib.util.find_spec("tensorboard") is not None:
        return TensorBoardSink(log_dir, purge_step)
    if _MISSING not in _warned:
        _warned.add(_MISSING)
        (warn or _to_stderr)(_MISSING)
    return None


def _to_stderr(sentence: str) -> None:
    sys.stderr.write(f"warning: {sentence}\n")
