"""Processes that start at once: forked from one that has imported PyTorch and the like, and nothing of lrlab.

A process of its own in all that matters once it runs: its pid and signals, streams and folder, environment and end.
What only a new interpreter shows (its encoding, `python -m`, how it flushes at its very end) wants `spawn`.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

HEAVY = ("torch", "torch._dynamo", "torchvision", "scipy.integrate", "scipy.optimize", "sklearn", "matplotlib.figure")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(HEAVY))  # the server is started by the first process


class Forked:
    """What the tests use of a `subprocess.Popen`; the streams are files, or a terminal, by path."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], streams: Mapping[str, str]
    ) -> None:
        self._files = [Path(streams[name]) for name in ("stdout", "stderr")]
        what = (arguments, str(folder), dict(environment), {"stdin": os.devnull, **streams})
        self._process = _context.Process(target=_lrlab, args=what)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("lrlab", timeout or 0.0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """(stdout, stderr), at its end."""
        self.wait(timeout)
        out, err = (path.read_bytes() if path.is_file() else b"" for path in self._files)
        return out, err

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()


def _lrlab(arguments: Sequence[str], folder: str, environment: dict[str, str], streams: dict[str, str]) -> None:
    """In the new process: put it where a shell would, in a group of its own, and run the command line."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, (name, mode, buffering) in enumerate([("stdin", "r", -1), ("stdout", "w", -1), ("stderr", "w", 1)]):
        opened = os.open(streams[name], os.O_RDWR | os.O_CREAT | os.O_NOCTTY)
        os.dup2(opened, number)
        os.close(opened)
        setattr(sys, name, open(number, mode, buffering, closefd=False))  # noqa: SIM115
    sys.argv = ["lrlab", *arguments]
    assert not any(name.partition(".")[0] in ("lrlab", "typer", "rich") for name in sys.modules)
    from lrlab.cli.app import main

    main()
