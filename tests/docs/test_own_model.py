"""docs/own_model.md is run: its files written, its commands typed, its output compared except for numbers."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "own_model.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_NAME = re.compile(r"\d{8}-\d{6}-([a-z0-9-]+)-[0-9a-f]{4}")


def blocks(kind: str) -> list[str]:
    return [text for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if language == kind]


def commands() -> list[tuple[str, list[str]]]:
    """(command, the lines it is said to print)."""
    found = [part for block in blocks("console") for part in block.split("$ ")[1:]]
    return [(part.splitlines()[0], part.splitlines()[1:]) for part in found]


def masked(line: str, here: Path) -> str:
    """Without numbers, names of runs, folders and the width of columns."""
    line = RUN_NAME.sub(r"RUN-\1", line.replace(f"{here}/", ""))
    return " ".join(re.sub(r"\d[\d.]*(e[-+]?\d+)?", "#", line).split())


def agrees(expected: list[str], actual: list[str]) -> bool:
    """Line by line; `...` stands for any number of lines."""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(agrees(expected[1:], actual[skipped:]) for skipped in range(len(actual) + 1))
    return bool(actual) and expected[0] == actual[0] and agrees(expected[1:], actual[1:])


@pytest.mark.slow
def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    here = tmp_path / "a folder"
    here.mkdir()
    for text in [*blocks("python"), *blocks("yaml")]:
        name = text.splitlines()[0].removeprefix("# ")
        assert re.fullmatch(r"\w+\.(py|yaml)", name), name
        (here / name).write_text(text, encoding="utf-8")
    assert len(commands()) == 4
    for command, expected in commands():
        words = shlex.split(command)
        # -P: like the installed command, which does not have the current folder on its path
        program = {"lrlab": [sys.executable, "-P", "-m", "lrlab"], "python": [sys.executable]}[words[0]]
        done = subprocess.run([*program, *words[1:]], cwd=here, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        said, printed = ([masked(line, here) for line in lines] for lines in (expected, done.stdout.splitlines()))
        assert agrees(said, printed), f"{command}\n{done.stdout}"
    assert (here / "range.png").is_file()


def test_the_comparison_can_fail() -> None:
    assert agrees(["a", "...", "c"], ["a", "b", "b", "c"]) and agrees(["a", "..."], ["a"])
    assert not agrees(["a", "...", "d"], ["a", "b", "c"])
    assert not agrees(["a"], ["a", "b"])
    assert masked("max-lr 0.0197 (min/2)", Path("/x")) == masked("max-lr 1.2e-05 (min/2)", Path("/x"))
    assert masked("max-lr 1", Path("/x")) != masked("min-lr 1", Path("/x"))
