"""Ctrl-C and SIGTERM: the first asks, the second insists."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """While entered, the first SIGINT or SIGTERM only sets a flag that the loop looks at between updates.

    The second one raises KeyboardInterrupt at once. Outside the main thread, where Python allows no handlers,
    it does nothing.

    Attributes:
        signal: the signal received, or None.
    """

    def __init__(self, on_request: Callable[[str], None] | None = None) -> None:
        self.signal: signal.Signals | None = None
        self._on_request = on_request
        self._previous: dict[signal.Signals, object] = {}

    def __call__(self) -> bool:
        """Whether the user has asked to stop."""
        return self.signal is not None

    @property
    def terminated(self) -> bool:
        """Whether it was SIGTERM."""
        return self.signal is signal.SIGTERM

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = signal.Signals(number)
        if self._on_request is not None:
            self._on_request(self.signal.name)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = {s: signal.signal(s, self._receive) for s in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._previous = {}
