"""The state machine, and what `running` means when its process is gone."""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lrlab.errors import UsageError
from lrlab.runs import status as status_module
from lrlab.runs.process import ProcessMark
from lrlab.runs.status import State, change_status, read_status, start_status

ALLOWED = {
    "created": "created running interrupted failed",
    "running": "running completed interrupted failed diverged degraded",
    "interrupted": "interrupted running failed",
    "failed": "failed running interrupted",
    "degraded": "degraded running failed interrupted",
    "completed": "completed running",
    "diverged": "diverged running",
}
PATHS: dict[str, list[str]] = {state: ["running", state] for state in ALLOWED}
PATHS["created"], PATHS["running"] = [], ["running"]


@pytest.mark.parametrize(("old", "new"), list(itertools.product(ALLOWED, ALLOWED)))
def test_every_transition(tmp_path: Path, old: str, new: str) -> None:
    start_status(tmp_path)
    for state in PATHS[old]:
        change_status(tmp_path, state, {})
    if new in ALLOWED[old].split():
        assert change_status(tmp_path, new, {"step": 3}).state == new
        assert (read_status(tmp_path).state, read_status(tmp_path).facts) == (new, {"step": 3})
    else:
        with pytest.raises(UsageError, match=f"is {old}; it cannot become {new}"):
            change_status(tmp_path, new, {})
        assert read_status(tmp_path).state == old


def test_lost_is_never_written(tmp_path: Path) -> None:
    start_status(tmp_path)
    with pytest.raises(UsageError):
        change_status(tmp_path, State.LOST, {})
    with pytest.raises(ValueError, match="paused"):
        change_status(tmp_path, "paused", {})


def test_creation_time_is_kept(tmp_path: Path) -> None:
    first = start_status(tmp_path)
    later = change_status(tmp_path, "running", {})
    assert later.created == first.created <= later.updated


def with_process(folder: Path, mark: ProcessMark, state: str = "running") -> None:
    values = json.loads((folder / "status.json").read_text())
    values |= {"state": state, "process": mark.to_json()}
    (folder / "status.json").write_text(json.dumps(values))


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


ME = ProcessMark.current()


@pytest.mark.parametrize(
    ("mark", "alive"),
    [
        (ME, True),
        (replace(ME, started=None), True),
        (replace(ME, boot_id=None), True),
        (replace(ME, host="elsewhere"), None),
        (replace(ME, host="elsewhere", pid=-1), None),
        (replace(ME, boot_id="another boot"), False),
        (replace(ME, started=1), False),  # the pid was given to another process
        (replace(ME, pid=-1), False),  # os.kill(-1, 0) would ask about every process
        (replace(ME, pid=0), False),
        (replace(ME, pid=2**70), False),
    ],
)
def test_alive_and_lost(tmp_path: Path, mark: ProcessMark, alive: bool | None) -> None:
    assert mark.alive() is alive
    start_status(tmp_path)
    with_process(tmp_path, mark)
    assert read_status(tmp_path).state == ("lost" if alive is False else "running")
    with_process(tmp_path, mark, "completed")
    assert read_status(tmp_path).state == "completed"


def test_a_dead_process_is_dead(tmp_path: Path) -> None:
    assert ProcessMark(dead_pid(), ME.host, ME.boot_id).alive() is False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended and is not reaped
    assert ProcessMark(child.pid, ME.host, ME.boot_id).alive() is False
    child.communicate()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "not a JSON object"),
        ('{"format": 2}', "format 2, this version reads 1"),
        ('{"format": 1}', "key missing"),
        ('{"format": 1, "process": 3}', "wrong type"),
        ('{"format": 1, "process": {"pid": 1, "host": "h"}, "state": "paused"}', "paused"),
    ],
)
def test_what_is_no_status(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "status.json").write_text(text)
    with pytest.raises(ValueError, match=reason):
        read_status(tmp_path)


def test_a_failed_write_keeps_the_old_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start_status(tmp_path)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        change_status(tmp_path, "running", {})
    assert read_status(tmp_path).state == "created"
    assert status_module.STATUS_NAME in os.listdir(tmp_path)
