"""`lrlab runs ls`, `lrlab runs show`, `lrlab board`."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from lrlab.cli import board, runs_cmds
from lrlab.errors import ExitCode, ResourceError, UsageError
from lrlab.runs.folder import RunFolder

app = typer.Typer()
app.add_typer(runs_cmds.runs_app, name="runs")
app.command("board")(runs_cmds.board_command)


def invoke(*arguments: str) -> Any:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def make(root: Path, slug: str, state: str = "completed") -> Path:
    with RunFolder.create(root, "train", slug) as run:
        run.write_meta({"config_hash": "c0ffee", "argv": ["lrlab", "train", "a b.yaml"]})
        run.set_status("running")
        trials = [
            {
                "id": f"seed-{i}-ab",
                "seed": i,
                "status": "completed",
                "metrics": {"test_accuracy": 0.97126, "x": "nan"},
            }
            for i in range(2)
        ]
        headline = "accuracy 97 % [2 seeds]"
        run.write_result({"experiment": "train", "headline": headline, "answer": {"accuracy": 0.97}, "trials": trials})
        (run.plots / "curve.png").write_bytes(b"")
        run.tb("seed-0-ab")
        run.set_status(state, step=20)
    return run.path


def test_ls(tmp_path: Path) -> None:
    old, new = make(tmp_path, "first"), make(tmp_path, "second")
    (tmp_path / "train" / "20200101-000000-torn-0000").mkdir()
    result = invoke("runs", "ls", "--root", str(tmp_path))
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["run", new.name, old.name, "20200101-000000-torn-0000"]
    assert re.search(r"train +completed +\d s +accuracy 97 % \[2 seeds\]", lines[1])
    assert "unreadable: no status.json" in lines[3]


def test_ls_json(tmp_path: Path) -> None:
    path = make(tmp_path, "first")
    (tmp_path / "train" / "20200101-000000-torn-0000").mkdir()
    first, torn = json.loads(invoke("runs", "ls", "--root", str(tmp_path), "--json").stdout)
    assert first | {"created": ""} == {
        "name": path.name,
        "experiment": "train",
        "state": "completed",
        "problem": None,
        "created": "",
        "headline": "accuracy 97 % [2 seeds]",
        "config_hash": "c0ffee",
        "path": str(path),
    }
    assert (torn["state"], torn["problem"]) == ("unreadable", "no status.json")


def test_ls_of_nothing(tmp_path: Path) -> None:
    result = invoke("runs", "ls", "--root", str(tmp_path / "none"))
    assert (result.exit_code, result.stdout) == (0, f"no runs in {tmp_path / 'none'}\n")
    assert invoke("runs", "ls", "--root", str(tmp_path / "none"), "--json").stdout == "[]\n"


def test_show(tmp_path: Path) -> None:
    path = make(tmp_path, "first")
    text = invoke("runs", "show", path.name[:-2], "--root", str(tmp_path)).stdout
    for expected in (
        "completed (step: 20)",
        "c0ffee",
        "lrlab train 'a b.yaml'",
        "accuracy 97 % [2 seeds]",
        str(path / "plots" / "curve.png"),
        str(path / "tb"),
    ):
        assert expected in text
    assert re.search(r"seed-1-ab +1 +completed +0\.9713 +nan", text)


def test_show_json(tmp_path: Path) -> None:
    path = make(tmp_path, "first", "degraded")
    details = json.loads(invoke("runs", "show", str(path), "--json").stdout)
    assert details["state"] == "degraded"
    assert details["answer"] == {"accuracy": 0.97}
    assert details["command"] == "lrlab train 'a b.yaml'"
    assert [trial["seed"] for trial in details["trials"]] == [0, 1]
    assert details["plots"] == [str(path / "plots" / "curve.png")]


def test_show_what_is_half_there(tmp_path: Path) -> None:
    torn = tmp_path / "train" / "20200101-000000-torn-0000"
    torn.mkdir(parents=True)
    assert "unreadable: no status.json" in invoke("runs", "show", str(torn)).stdout
    assert json.loads(invoke("runs", "show", str(torn), "--json").stdout)["state"] == "unreadable"
    odd = make(tmp_path, "odd")
    (odd / "result.json").write_text('{"trials": [3, {"metrics": 4}, {"id": "x"}], "headline": ["?"]}')
    (odd / "meta.json").write_text('{"argv": 3}')
    assert "x" in invoke("runs", "show", str(odd)).stdout
    with pytest.raises(UsageError, match="no run 'nothing'"):
        invoke("runs", "show", "nothing", "--root", str(tmp_path))


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (61, "1 min"), (7200, "2 h"), (200_000, "2 d")]
)
def test_age(seconds: int, text: str) -> None:
    assert runs_cmds._age(datetime.now(UTC) - timedelta(seconds=seconds)) == text


def test_reading_needs_no_torch(tmp_path: Path) -> None:
    make(tmp_path, "first")
    code = (
        "import sys, lrlab.cli.runs_cmds as r; r.list_command(r.Path(sys.argv[1])); "
        "sys.exit(any(n in sys.modules for n in ('torch', 'numpy', 'matplotlib', 'scipy', 'tensorboard')))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "accuracy 97 %" in done.stdout


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    calls: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: calls.append([path, *arguments]))
    return calls


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def test_board_of_a_run_and_of_all(tmp_path: Path, executed: list[list[str]]) -> None:
    path, port = make(tmp_path, "first"), free_port()
    one = invoke("board", path.name, "--root", str(tmp_path), "--port", str(port))
    invoke("board", "--root", str(tmp_path), "--port", str(port))
    assert f"http://localhost:{port}/" in one.stderr
    assert one.stdout == ""
    for folder, call in zip((path / "tb", tmp_path), executed, strict=True):
        where = ["--logdir", str(folder), "--host", "localhost", "--port", str(port)]
        assert call == [sys.executable, sys.executable, "-m", "tensorboard.main", *where]


def test_board_on_a_busy_port(tmp_path: Path, executed: list[list[str]]) -> None:
    with socket.socket() as server:
        server.bind(("localhost", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(ResourceError, match=f"port {port} on localhost is in use") as caught:
            invoke("board", "--root", str(tmp_path), "--port", str(port))
    assert caught.value.exit_code == ExitCode.RESOURCE
    assert executed == []


def test_board_with_nothing_to_show(tmp_path: Path, executed: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no folder"):
        invoke("board", "--root", str(tmp_path / "none"))
    monkeypatch.setattr(board, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match="tensorboard is not installed"):
        invoke("board", "--root", str(tmp_path))
    assert executed == []


@pytest.mark.slow
def test_board_serves_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    make(tmp_path, "first")
    port = free_port()
    code = (  # a background job of a script starts with SIGINT ignored, and would hand that on
        "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); from pathlib import Path; "
        f"from lrlab.cli.board import serve; serve(Path({str(tmp_path)!r}), {port})"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    try:
        for line in child.stderr:
            if line.startswith("TensorBoard 2"):
                break
        with urllib.request.urlopen(f"http://localhost:{port}/data/environment", timeout=30) as reply:
            assert "data_location" in json.load(reply)
        child.send_signal(signal.SIGINT)
        _, rest = child.communicate(timeout=60)
        assert child.returncode == 0
        assert "Traceback" not in rest
    finally:
        child.kill()
        child.wait()
        child.stderr.close()
