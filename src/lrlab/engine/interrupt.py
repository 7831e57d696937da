"""Ctrl-C, SIGTERM and SIGHUP: the first asks, the second insists."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """While entered, the first signal only sets a flag that the loop looks at between updates.

    The second one raises KeyboardInterrupt at once, and so does the end of `grace`, where there is one: who sends
    SIGTERM sends SIGKILL some time later. A SIGHUP that was ignored before (nohup) stays ignored. Outside the main
    thread, where Python allows no handlers, all this does nothing.

    Attributes:
        signal: the signal received, or None.
        grace: seconds from the first signal until the work is broken off; None waits for the step however long.
    """

    def __init__(self, on_request: Callable[[str], None] | None = None, *, grace: float | None = None) -> None:
        self.signal: signal.Signals | None = None
        self.grace = grace
        self._on_request = on_request
        self._previous: dict[signal.Signals, object] = {}
        self._timer: threading.Timer | None = None

    def __call__(self) -> bool:
        """Whether the user has asked to stop."""
        return self.signal is not None

    @property
    def terminated(self) -> bool:
        """Whether it was the system that asked (SIGTERM, SIGHUP) and not Ctrl-C."""
        return self.signal in (signal.SIGTERM, signal.SIGHUP)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = signal.Signals(number)
        if self.grace is not None:  # a thread that starts only now, so that no fork meets it before
            self._timer = threading.Timer(self.grace, _insist)
            self._timer.daemon = True
            self._timer.start()
        if self._on_request is not None:
            self._on_request(self.signal.name)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            heard = [s for s in SIGNALS if s is not signal.SIGHUP or signal.getsignal(s) is not signal.SIG_IGN]
            self._previous = {s: signal.signal(s, self._receive) for s in heard}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._previous = {}


@contextmanager
def undisturbed() -> Iterator[None]:
    """Signals wait until this is left: for the few writes that say how a run ended.

    By handlers and not by a mask, which is one thread's: another one would take the signal, and Python hands it on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    heard = [s for s in SIGNALS if signal.getsignal(s) is not signal.SIG_IGN]
    previous = {s: signal.signal(s, lambda number, _frame: waiting.append(number)) for s in heard}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        for came in waiting[:1]:
            signal.raise_signal(came)


def _insist() -> None:
    """A second signal, from this process; a real one, since it also ends a wait inside a system call."""
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)
