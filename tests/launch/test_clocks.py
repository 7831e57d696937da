"""Fault 33: a clock that jumps back and a change to summer time move no duration and no order; stamps are UTC."""

import ast
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import lrlab
from lrlab.config.load import load_config
from lrlab.experiments.train import Train
from lrlab.launch import session
from lrlab.launch.session import RunOptions, execute
from lrlab.runs import lock, names, provenance, status
from lrlab.runs.index import list_runs
from lrlab.track import events

TINY = ("data.name=fake", "data.batch_size=16", "model.width=8", "model.depth=2", "train.steps=8", "train.log_every=1")


class Clock:
    """The wall clock, an hour earlier each time somebody looks."""

    def __init__(self) -> None:
        self.now = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # clocks go back in Europe
        self.read: list[datetime] = []

    def __call__(self) -> datetime:
        self.now -= timedelta(hours=1)
        self.read.append(self.now)
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            assert tz is UTC
            return clock()

    for module in (status, names, lock, provenance, session):
        monkeypatch.setattr(module, "datetime", Jumping)
    monkeypatch.setattr(time, "time", lambda: clock().timestamp())
    return clock


def stamps_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [s for item in value.values() for s in stamps_in(item)]
    if isinstance(value, list):
        return [s for item in value for s in stamps_in(item)]
    return [value] if isinstance(value, str) and value.startswith("2026-10-2") and "T" in value else []


def test_a_training_while_the_clock_runs_backwards(clock: Clock, tmp_path: Path) -> None:
    loaded = load_config(None, TINY)
    outcome = execute(Train.from_config(loaded.config.model_dump(mode="json")), loaded, RunOptions(tmp_path))
    assert clock.read[-1] - clock.read[0] < -timedelta(hours=10)  # durations by this clock would be negative
    (result,) = outcome.results
    assert 0 < result.seconds < 3600 and 0 < result.cpu_seconds < 3600
    stamps = [s for path in outcome.folder.glob("*.json") for s in stamps_in(json.loads(path.read_text()))]
    assert len(stamps) >= 3 and all(datetime.fromisoformat(s).utcoffset() == timedelta(0) for s in stamps)
    (run,) = list_runs(tmp_path)
    assert run.state == "completed" and run.status is not None
    assert run.created.isoformat() == run.status.created > run.status.updated  # as the clock had it


def test_event_files_are_read_in_the_order_written(clock: Clock, tmp_path: Path) -> None:
    """TensorBoard reads a folder's files by name, and names begin with the time."""
    written = [events.EventFile(tmp_path) for _ in range(3)]
    for file in written:
        file.close()
    assert sorted(tmp_path.iterdir()) == [file.path for file in written]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "UTC"])
def test_stamps_are_utc_in_every_zone(zone: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    try:
        with monkeypatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            away = time.localtime().tm_gmtoff
            created, named = status.start_status(tmp_path).created, names.created_at(names.run_name("x"))
    finally:
        time.tzset()
    assert (away == 0) is (zone == "UTC")  # local time would show
    moment = datetime.fromisoformat(created)
    assert moment.utcoffset() == timedelta(0) and abs((datetime.now(UTC) - moment).total_seconds()) < 600
    assert named is not None and abs((datetime.now(UTC) - named).total_seconds()) < 600


def clocks_read(source: str) -> list[str]:
    """Calls that read the wall clock: `time.time`, and `now` or `today` without a zone."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    zoneless = ("datetime.now", "datetime.today", "date.today", "utcnow")
    found = []
    for call in calls:
        name, arguments = ast.unparse(call.func), [ast.unparse(argument) for argument in call.args]
        if name == "time.time" or (name.endswith(zoneless) and "UTC" not in arguments):
            found.append(name)
    return found


def test_nothing_else_reads_the_wall_clock() -> None:
    found = {path.name: clocks_read(path.read_text()) for path in Path(lrlab.__file__).parent.rglob("*.py")}
    assert {name for name, calls in found.items() if calls} == {"events.py"}  # TensorBoard's format asks for it
    assert clocks_read("a = time.time(); b = datetime.now(); c = datetime.now(UTC)") == ["time.time", "datetime.now"]
