"""DataLoader workers that fail: an error with its reason, raised where the next batch is asked for, and no hang."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.utils.data import DataLoader

from lrlab.errors import LrlabError, ResourceError

_MOMENT = 0.5  # seconds
WORKER_TIMEOUT = 300.0  # seconds to wait for one batch: a worker that hangs must not hang the training


class _Deaths:
    """Holds back the news of a worker's death until the next batch is asked for.

    torch raises it out of a SIGCHLD handler, that is anywhere: in the middle of an update or of writing a checkpoint.
    Sources that are open at the same time share one handler; while none is open, torch's works as ever.
    """

    def __init__(self) -> None:
        self._theirs: Callable[..., Any] | None = None
        self._open, self._waiting, self._pending = 0, False, False

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Between the batches of this block no death is raised. Enter it once the workers run."""
        handler = signal.getsignal(signal.SIGCHLD)
        if _in_main_thread() and callable(handler) and handler != self._receive:
            self._theirs = handler
            signal.signal(signal.SIGCHLD, self._receive)
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    @contextmanager
    def told(self) -> Iterator[None]:
        """In this block a death is raised at once, and one held back at its beginning."""
        self._waiting = _in_main_thread()
        try:
            if self._pending and self._waiting and self._theirs is not None:
                self._pending = False
                self._theirs(signal.SIGCHLD, None)
            yield
        finally:
            self._waiting = False

    def _receive(self, number: int, frame: Any) -> None:
        if self._open and not self._waiting:
            self._pending = True
        elif self._theirs is not None:
            self._theirs(number, frame)


_deaths = _Deaths()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def ignore_interrupts(_worker: int) -> None:
    """Ctrl-C reaches every process of the terminal; the training decides, its workers go on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def batches_of(loader: DataLoader[Any], workers: int) -> Iterator[Any]:
    """What the loader gives; an item that is an error is raised.

    Raises:
        LrlabError: an error that a worker handed over.
        ResourceError: a worker died, hung, or ran out of memory, of shared memory or of files.
    """
    if not workers:
        yield from map(_raise_errors, loader)
        return
    failure = None
    try:
        batches = iter(loader)
    except (RuntimeError, OSError) as error:
        raise worker_error(error) from error
    try:
        with _deaths.held_back():
            while failure is None:
                try:
                    with _deaths.told():
                        batch = next(batches)
                except StopIteration:
                    return
                except (RuntimeError, OSError, EOFError) as error:
                    failure = worker_error(_death_behind(error))
                else:
                    yield _raise_errors(batch)
    finally:
        # Ends the workers now. An iterator that lives on in a traceback is inherited by the next one's workers, where
        # torch shuts it down again, which takes seconds and fails. Hence nothing is chained to `failure` either.
        del batches
    raise failure


def _death_behind(error: BaseException) -> BaseException:
    """A broken connection is the first sign of a worker's death; what killed it is known a moment later."""
    if isinstance(error, RuntimeError):
        return error
    try:
        with _deaths.told():
            time.sleep(_MOMENT)
    except RuntimeError as death:
        return death
    return error


def _raise_errors(item: Any) -> Any:
    if isinstance(item, LrlabError):
        raise item
    return item


def worker_error(error: BaseException) -> ResourceError:
    """What torch says about its workers, as a sentence with advice."""
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    for signs, advice in _ADVICE:
        if any(sign in text for sign in signs):
            return ResourceError(f"data workers failed: {text}", hint=advice)
    return ResourceError(f"data workers failed: {text}", hint="data.workers=0 reads in this process and shows more")


_ADVICE = (
    (
        ("shared memory", "shm", "Bus error"),
        "lower data.workers or data.batch_size, or allow more shared memory (in a container: --shm-size); "
        "data.workers=0 needs none",
    ),
    (("Too many open files", "ancdata"), "raise the limit (ulimit -n) or lower data.workers"),
    (("timed out",), "is the disk of data.root slow or gone? data.workers=0 shows where it waits"),
    (
        ("killed by signal", "exited unexpectedly", "Cannot allocate memory", "Connection", "EOFError"),
        "often the memory of the machine: lower data.workers; data.workers=0 reads in this process and shows more",
    ),
)  # fmt: skip
