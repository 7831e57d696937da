"""Closed pipes and terminals that do not speak UTF-8 must not end a run."""

import io
import os
import sys
from typing import Any


class _QuietPipe:
    """A text stream that goes quiet once its reader is gone (`lrlab runs ls | head -1`)."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._hang_up()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._hang_up()

    def _hang_up(self) -> None:
        """Send what is buffered, and all that follows, nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard_pipes() -> None:
    """Wrap stdout and stderr; characters the terminal cannot show become `?`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
            setattr(sys, name, _QuietPipe(stream))
