"""Run the commands a page shows and compare what they print with what the page says they print."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CHANGING = (
    (r"\S*\d{8}-\d{6}-[a-z0-9-]+", "<run>"),  # names of run folders, and what stands before them in a path
    (r"-?\d+(\.\d+)?(e[+-]?\d+)?", "#"),  # numbers differ in their last digits between machines
    (r"there are: .*", "there are: ..."),
    (r"(\S)[ ]{2,}(?=\S)", r"\1 "),  # columns are as wide as their numbers
)


@dataclass(frozen=True)
class Command:
    """A command line of a page and the lines under it."""

    words: str
    shown: str


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [text for found, text in _BLOCK.findall(page.read_text()) if found == language]


def commands(page: Path) -> list[Command]:
    """Every `$ lrlab ...` line of the page's console blocks."""
    found = []
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            words, _, shown = part.partition("\n")
            found.append(Command(words, shown))
    return found


def masked(text: str) -> list[str]:
    """Its lines without what changes from run to run or from machine to machine."""
    for pattern, mark in _CHANGING:
        text = re.sub(pattern, mark, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def run(words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`lrlab ...` as a process in `folder`."""
    arguments = words.split()
    assert arguments[0] == "lrlab", words
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "lrlab", *arguments[1:]],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
