"""Ways to run the command line: in this process, which is quick, and as a process of its own, which is the truth."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from forked import Forked
from lrlab.cli.app import main


@dataclass
class Answer:
    code: int
    out: str
    err: str


Lrlab = Callable[..., Answer]
Spawn = Callable[..., "subprocess.Popen[bytes]"]
Fork = Callable[..., Forked]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def lrlab(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lrlab:
    """Run a command here; the streams are put back, since the command line wraps them."""

    def run(*arguments: str) -> Answer:
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, getattr(sys, name))
        monkeypatch.setattr(sys, "argv", ["lrlab", *arguments])
        capsys.readouterr()
        code = 0
        try:
            main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


@pytest.fixture
def spawn(here: Path) -> Iterator[Spawn]:
    """Start a command here as a process; `env` adds to the environment, None takes a variable away."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, env: dict[str, str | None] | None = None, **options: Any) -> "subprocess.Popen[bytes]":
        changed = {**os.environ, "OMP_NUM_THREADS": "1", **(env or {})}
        environment = {name: value for name, value in changed.items() if value is not None}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen([sys.executable, "-m", "lrlab", *arguments], cwd=here, env=environment, **pipes)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()


@pytest.fixture
def fork(here: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fork]:
    """Start a command here as a process that need not import PyTorch first; streams are paths."""
    started: list[Forked] = []
    files = tmp_path_factory.mktemp("streams")

    def start(*arguments: str, env: dict[str, str | None] | None = None, **streams: str) -> Forked:
        changed = {**os.environ, "OMP_NUM_THREADS": "1", **(env or {})}
        environment = {name: value for name, value in changed.items() if value is not None}
        paths = {name: str(files / f"{len(started)}.{name}") for name in ("stdout", "stderr")}
        started.append(Forked(arguments, here, environment, {**paths, **streams}))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
