"""The README is true: its commands print what it shows, its code runs, and its two make targets exist."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from console import Command, blocks, commands, masked, run

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    return tmp_path


@pytest.mark.parametrize("command", commands(README), ids=lambda c: " ".join(c.words.split()[1:3]))
def test_a_command_prints_what_is_shown(command: Command, folder: Path) -> None:
    done = run(command.words, folder)
    assert masked(done.stdout or done.stderr) == masked(command.shown)


def test_the_comparison_sees_a_line_that_is_not_printed() -> None:
    assert masked("max-lr 0.139 (min/2)\nrun    runs/x/20261125-111105-digits-36f2") == [
        "max-lr # (min/#)",
        "run <run>",
    ]
    assert masked("stopped: end at lr 10") != masked("stopped: diverged at lr 10")


def test_the_python_example_runs(folder: Path) -> None:
    (example,) = blocks(README, "python")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("max-lr ") and (folder / "range.png").stat().st_size > 10_000


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"    make {target} " in README.read_text() and f"\n{target}:" in makefile
