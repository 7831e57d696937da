"""Fault 40: closed pipes, no terminal, dumb terminals, no colours, locales without UTF-8."""

import os
import pty
import select
import subprocess
from pathlib import Path
from typing import Any

import pytest

FAKE = ("train", "data.name=fake", "data.batch_size=16", "model.width=8", "model.depth=2", "train.epochs=2")
PATIENCE = 240.0  # seconds; only a hang takes so long


@pytest.fixture
def closed() -> Any:
    """A pipe nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def test_stdout_closed_the_training_goes_on(here: Path, spawn: Any, closed: int) -> None:
    process = spawn(*FAKE, stdout=closed)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and b"BrokenPipe" not in err and b"Traceback" not in err
    assert list(here.glob("runs/train/*/result.json"))


def test_stderr_closed_too(here: Path, spawn: Any, closed: int) -> None:
    assert spawn(*FAKE, stdout=closed, stderr=closed).wait(PATIENCE) == 0
    assert list(here.glob("runs/train/*/result.json"))


def test_head_takes_one_line(here: Path, spawn: Any) -> None:
    import sys

    shell = f"{sys.executable} -m lrlab config show | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], cwd=here, capture_output=True, text=True)
    assert done.stdout.splitlines()[1:] == ["0"] and done.stderr == ""


def assert_plain(process: Any) -> tuple[bytes, bytes]:
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    for text in (out, err):
        assert b"\x1b" not in text and b"\r" not in text and b"Traceback" not in text
    assert b"test accuracy" in out and b"val loss" in err
    return out, err


TWO = (*FAKE, "--seeds", "2")  # the answer has a plus-minus sign in it


@pytest.mark.parametrize(
    "env",
    [{"TERM": "dumb"}, {"NO_COLOR": "1", "TERM": "xterm-256color"}, {"TERM": None}, {"COLUMNS": "20"}],
    ids=lambda env: ",".join(env),
)
def test_plain_text_where_nothing_else_goes(fork: Any, env: dict[str, str | None]) -> None:
    assert_plain(fork(*TWO, env=env))


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "LANG": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "latin-1"},
    ],
    ids=lambda env: ",".join(env),
)
def test_plain_text_in_locales_without_utf_8(spawn: Any, env: dict[str, str | None]) -> None:
    out, err = assert_plain(spawn(*TWO, env=env))
    if "ascii" in env.values():
        out.decode("ascii")
        err.decode("ascii")


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "xterm"}], ids=str)
def test_on_a_terminal(fork: Any, env: dict[str, str | None]) -> None:
    master, slave = pty.openpty()
    terminal, shown = os.ttyname(slave), b""
    process = fork(*FAKE, env={**env, "COLUMNS": None}, stderr=terminal, stdin=terminal)
    while (running := process.poll() is None) or select.select([master], [], [], 0)[0]:
        if select.select([master], [], [], 0.05 if running else 0)[0]:
            shown += os.read(master, 65536)
    os.close(slave)
    os.close(master)
    assert process.returncode == 0
    text = shown.decode()
    assert "val loss" in text and "accuracy" in text
    if env["TERM"] == "dumb":
        assert "\x1b" not in text
    elif "NO_COLOR" in env:
        assert "\x1b[3" not in text and "\x1b[38" not in text  # no colours; the cursor may move
