"""Records must never cost a training: a sink that fails is dropped, once and loudly, and training goes on."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lrlab.errors import LrlabError
from lrlab.track.sink import Row, Sink

_KEPT = 100_000  # rows, some 50 MB


class GuardedSinks:
    """Several sinks as one that never raises.

    A sink that raises, because the disk is full or because of a bug in it, is closed and left out from then
    on, and `on_lost` gets one sentence with the reason. Where it was the disk, the rows it missed are kept and
    offered once more at the end: there may be room again. KeyboardInterrupt and SystemExit pass through.

    Attributes:
        lost: the sentences so far; a run with any of them is degraded.
    """

    def __init__(self, sinks: Iterable[Sink | None], on_lost: Callable[[str], None]) -> None:
        """Guard `sinks`; None stands for a sink that is not available and is left out."""
        self._sinks = [sink for sink in sinks if sink is not None]
        self._on_lost = on_lost
        self._missed: list[tuple[Sink, list[Row]]] = []
        self.lost: list[str] = []

    def rows(self, rows: Sequence[Row]) -> None:
        """Hand on to every sink still there, and keep them for those that may come back."""
        self._each(lambda sink: sink.rows(rows))
        for _, missed in self._missed:
            missed += rows
            del missed[_KEPT:]

    def text(self, tag: str, markdown: str) -> None:
        """Hand on to every sink still there."""
        self._each(lambda sink: sink.text(tag, markdown))

    def figure(self, tag: str, figure: Any, step: int) -> None:
        """Hand on to every sink still there."""
        self._each(lambda sink: sink.figure(tag, figure, step))

    def hparams(self, values: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Hand on to every sink still there."""
        self._each(lambda sink: sink.hparams(values, metrics))

    def flush(self) -> None:
        """Flush every sink still there."""
        self._each(lambda sink: sink.flush())

    def close(self) -> None:
        """Close every sink still there, after a last try with those that are not; again does nothing."""
        self._each(lambda sink: sink.close())
        self._sinks = []
        for sink, missed in self._missed:
            self._make_up(sink, missed)
        self._missed = []

    def _each(self, act: Callable[[Sink], None]) -> None:
        for sink in tuple(self._sinks):
            try:
                act(sink)
            except Exception as error:
                self._drop(sink, error)

    def _drop(self, sink: Sink, error: Exception) -> None:
        self._sinks = [other for other in self._sinks if other is not sink]
        if isinstance(error, OSError):
            self._missed.append((sink, []))
        with contextlib.suppress(Exception):  # its last words would fail for the same reason
            sink.close()
        self._say(f"{type(sink).__name__} stopped, training goes on without it: {_reason(error)}")

    def _make_up(self, sink: Sink, missed: list[Row]) -> None:
        try:
            if missed:
                sink.rows(missed)
                sink.close()
                self._say(f"{type(sink).__name__}: the {len(missed)} rows it had missed are written after all")
        except Exception:  # it has been said that it stopped
            with contextlib.suppress(Exception):
                sink.close()

    def _say(self, sentence: str) -> None:
        self.lost.append(sentence)
        with contextlib.suppress(OSError):  # the console may be on the same full disk
            self._on_lost(sentence)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    if isinstance(error, LrlabError):
        return error.message
    return f"{type(error).__name__}: {error}"
