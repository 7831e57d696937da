"""The child side of the pool: a process that runs one trial after the other until its parent lets go of the pipe.

At module level this imports no torch, so that the environment is set before torch reads it.
"""

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from lrlab.engine.interrupt import SIGNALS
from lrlab.engine.records import Observer, SilentObserver, StepRecord
from lrlab.launch.executor import Failure
from lrlab.launch.progress import Listener
from lrlab.launch.spec import TrialResult, TrialSpec

STOP = "stop"
_INTERVAL = 0.5  # seconds between two words on progress


class Work(Protocol):
    """What a worker does; crosses the pipe by pickle, so a frozen dataclass of a module without torch."""

    def prepare(self, listener: Listener, interrupted: Callable[[], bool]) -> Callable[[TrialSpec], TrialResult]:
        """Import what is heavy, once, and return what runs a trial."""


@dataclass(frozen=True)
class WorkInFolder:
    """Run trials into the run folder `path`; `strict` goes on from the newest checkpoint whole, or not at all."""

    path: Path
    strict: bool = False

    def prepare(self, listener: Listener, interrupted: Callable[[], bool]) -> Callable[[TrialSpec], TrialResult]:
        """A `TrialRunner`."""
        from lrlab.launch.run_trial import TrialRunner
        from lrlab.runs.folder import RunPaths

        return TrialRunner(RunPaths(self.path), listener, interrupted, strict=self.strict)


def serve(connection: Connection, work: Work, environment: Mapping[str, str], grace: float) -> None:
    """The life of a worker.

    Ctrl-C reaches the whole process group, and so may SIGTERM; they are the parent's to hear, which then asks
    through the pipe. The end of the pipe means the parent is gone: the step is finished, the training saved.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    os.dup2(2, 1)  # stdout is the parent's, for the answer
    os.environ.update(environment)
    orders = Orders(connection, grace)
    with contextlib.suppress(OSError):  # the parent is gone, and nobody is left to tell
        run = work.prepare(PipeListener(connection), orders.stop_asked)
        for data in orders:
            connection.send(("began", None))
            connection.send(("ended", _attempt(run, TrialSpec.from_json(data))))


def _attempt(run: Callable[[TrialSpec], TrialResult], spec: TrialSpec) -> dict[str, Any]:
    try:
        return {"result": run(spec).to_json()}
    except Exception as error:
        return {"failure": Failure.of(error).to_json()}


class Orders:
    """What the parent sends, taken in by a thread, so that a running trial need not look at the pipe."""

    def __init__(self, connection: Connection, grace: float) -> None:
        self._connection, self._grace = connection, grace
        self._specs: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._stop = False
        threading.Thread(target=self._listen, daemon=True).start()

    def stop_asked(self) -> bool:
        """Whether a running trial shall finish its step and save."""
        return self._stop

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Specs as data, until the pipe ends."""
        while (data := self._specs.get()) is not None:
            yield data

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = self._connection.recv()
                if message == STOP:
                    self._stop = True
                else:
                    self._specs.put(message)
        self._stop = True
        self._specs.put(None)
        time.sleep(self._grace)
        os._exit(1)  # a step that long is not waited for; the last checkpoint is whole


class PipeListener:
    """Tells the parent what a `Console` tells the user; nobody, once the parent is gone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def progress(self, spec: TrialSpec, total: int) -> AbstractContextManager[Observer]:
        """Twice a second, how far."""
        return contextlib.nullcontext(_SentProgress(self, total))

    def say(self, text: str) -> None:
        """Hand it on."""
        self.tell("say", text)

    def warn(self, text: str) -> None:
        """Hand it on."""
        self.tell("warn", text)

    def lost(self, sentence: str) -> None:
        """Hand it on."""
        self.tell("lost", sentence)

    def tell(self, what: str, value: Any) -> None:
        """Send a message; a trial must not end because nobody listens."""
        with contextlib.suppress(OSError):
            self._connection.send((what, value))


class _SentProgress(SilentObserver):
    def __init__(self, listener: PipeListener, total: int) -> None:
        self._listener, self._total, self._next = listener, total, 0.0

    def on_step(self, record: StepRecord, task: Any) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _INTERVAL
            self._listener.tell("step", (record.step + 1, self._total))
