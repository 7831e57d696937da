"""What a stream can show, and writing to it without ever failing."""

import os
from collections.abc import Callable
from typing import IO, Any


def is_terminal(stream: IO[str]) -> bool:
    """Whether a bar can be drawn: a terminal that can move its cursor."""
    if os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return False
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # not a real file; a closed one
        return False


def printable(text: str, stream: IO[str]) -> str:
    """`text` with `?` for what the stream's encoding cannot say."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def attempt(write: Callable[[], Any]) -> bool:
    """Do a write; False when the stream is closed or full. Progress must never cost a training."""
    try:
        write()
    except (OSError, ValueError):  # ValueError: I/O operation on closed file
        return False
    return True
