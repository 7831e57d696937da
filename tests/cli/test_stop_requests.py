"""Fault 19 in this process: SIGHUP, the end of `--grace`, and nohup. tests/cli/test_signals.py does it to real ones."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from on_disk import FAKE, only_run, rows_of, state_of

from lrlab.engine.interrupt import StopRequest
from lrlab.engine.task import Task

TRAIN = ("train", *FAKE[:-2], "-q", "data.crop=1", "model.dropout=0.2", "train.steps=24", "train.checkpoint.every=5")
At = Callable[[int, Callable[[], None]], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Do something before an update, counted from 1."""
    honest = Task.update

    def plan(step: int, do: Callable[[], None]) -> None:
        done = [0]

        def update(self: Task, stream: Any) -> Any:
            done[0] += 1
            if done[0] == step:
                do()
            return honest(self, stream)

        monkeypatch.setattr(Task, "update", update)

    return plan


@pytest.fixture
def restored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def hang() -> None:
    """A step that takes much longer than the grace."""
    send(signal.SIGTERM)
    time.sleep(20)


def test_a_hang_up_saves_and_resume_equals_the_undisturbed_run(lrlab: Any, here: Any, at: At) -> None:
    at(18, lambda: send(signal.SIGHUP))
    answer = lrlab(*TRAIN)
    run = only_run(here)
    assert answer.code == 143 and "stopped by SIGHUP: seed 0 saved at step 18" in answer.err
    assert state_of(run)["state"] == "interrupted" and rows_of(run)[-1]["step"] == 18
    at(0, lambda: None)
    assert lrlab(*TRAIN, "--resume").code == 0
    for out, same in (("twin", True), ("other", False)):
        lrlab(*TRAIN, "--out", out, *([] if same else ["train.seed=1"]))
        (twin,) = (here / out / "train").iterdir()
        assert (rows_of(run) == rows_of(twin)) is same


def test_a_step_that_outlasts_the_grace_is_broken_off(lrlab: Any, here: Any, at: At) -> None:
    at(18, hang)
    began = time.monotonic()
    answer = lrlab(*TRAIN, "--grace", "0.2")
    assert answer.code == 143 and "at once; the last checkpoints are kept" in answer.err
    assert time.monotonic() - began < 15  # it did not wait for the step
    run = only_run(here)
    assert state_of(run)["state"] == "interrupted"
    assert sorted(path.name for path in run.glob("trials/*/checkpoints/step-*"))[-1] == "step-00000015"


def test_under_nohup_a_hang_up_is_ignored(lrlab: Any, here: Any, at: At, restored: None) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    at(18, lambda: send(signal.SIGHUP))
    assert lrlab(*TRAIN).code == 0
    assert state_of(only_run(here))["state"] == "completed"


@pytest.mark.parametrize(("number", "system"), [(signal.SIGINT, False), (signal.SIGTERM, True), (signal.SIGHUP, True)])
def test_the_first_asks_the_second_insists_and_the_handlers_come_back(number: signal.Signals, system: bool) -> None:
    before = signal.getsignal(number)
    heard: list[str] = []
    with StopRequest(heard.append) as request:
        assert not request()
        send(number)
        assert request() and request.terminated is system and heard == [number.name]
        with pytest.raises(KeyboardInterrupt):
            send(number)
    assert signal.getsignal(number) is before and heard == [number.name]


def test_work_done_within_the_grace_is_not_broken_off() -> None:
    with StopRequest(grace=0.05):
        send(signal.SIGTERM)
    time.sleep(0.15)  # were the timer still running, this would raise KeyboardInterrupt
