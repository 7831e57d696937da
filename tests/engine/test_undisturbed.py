"""A signal that comes while the end of a run is written down waits for it."""

import os
import signal

import pytest

from lrlab.engine.interrupt import undisturbed


def press(written: list[str]) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    written.append("status")


def test_a_signal_waits_and_is_heard_afterwards() -> None:
    written: list[str] = []
    with pytest.raises(KeyboardInterrupt), undisturbed():
        press(written)
    assert written == ["status"]


def test_without_it_nothing_is_written() -> None:
    written: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        press(written)
    assert written == []
