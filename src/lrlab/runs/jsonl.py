"""Append-only JSON lines: how they are read after a crash, and how they are appended to afterwards.

A writer that is killed leaves at most a torn last line. So a bad last line is dropped and reported; a bad
line anywhere else was not left by a crash, and reading on would hide damage, so it is refused.
"""

import contextlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrlab.errors import CheckpointError
from lrlab.runs.jsontext import dumps, restore


@dataclass(frozen=True, slots=True)
class Lines:
    """What a JSONL file holds.

    Attributes:
        rows: one dict per line, non-finite floats restored.
        good_bytes: length of the file up to the end of the last good line.
        whole: whether the last good line has its newline.
        note: what was dropped; empty when nothing was.
    """

    rows: list[dict[str, Any]]
    good_bytes: int
    whole: bool = True
    note: str = ""


def read_lines(path: Path) -> Lines:
    """Read `path`; a file that is not there holds no rows.

    Raises:
        CheckpointError: a line before the last is damaged; the message names `file:line`.
        OSError: the file cannot be read.
    """
    try:
        lines = io.BytesIO(path.read_bytes()).readlines()
    except FileNotFoundError:
        return Lines([], 0)
    rows: list[dict[str, Any]] = []
    good, whole = 0, True
    for number, line in enumerate(lines, start=1):
        row = _parse(line)
        if row is not None:
            rows.append(row)
            good, whole = good + len(line), line.endswith(b"\n")
        elif number == len(lines):
            note = f"{path.name}: dropped a torn last line (line {number}, {len(line)} bytes)"
            return Lines(rows, good, note=note)
        else:
            raise CheckpointError(
                f"{path}:{number}: damaged line in the middle of the file",
                hint="restore the file from a copy, or start a new run",
            )
    return Lines(rows, good, whole)


def encode_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """One JSON line per row, each with its newline."""
    return "".join(dumps(row) + "\n" for row in rows).encode("utf-8")


class LineFile:
    """A JSONL file open for appending, owned by one writer.

    What `append` returned from is with the operating system: a killed process loses none of it. Opening cuts
    a torn last line off first, since appending behind it would make it a torn middle; `checked` says that
    this writer has done so before.

    Raises:
        CheckpointError: the file is damaged before its last line.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, *, checked: bool = False) -> None:
        lines = None if checked else read_lines(path)
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by close()
        self.note = lines.note if lines else ""
        if lines and lines.note:
            self._file.truncate(lines.good_bytes)
        if lines and not lines.whole:
            self._file.write(b"\n")

    def append(self, data: bytes, *, sync: bool = False) -> None:
        """Append whole lines, or nothing.

        Raises:
            OSError: the disk refused; the file is cut back to what it held before.
        """
        before = os.fstat(self._file.fileno()).st_size
        try:
            rest = memoryview(data)
            while rest:  # an unbuffered write may take only a part, as when the disk fills up
                rest = rest[self._file.write(rest) :]
            if sync:
                self.sync()
        except BaseException:
            with contextlib.suppress(OSError):
                self._file.truncate(before)
            raise

    def sync(self) -> None:
        """Make what was appended survive a power cut."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close; again does nothing."""
        self._file.close()


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):  # ValueError covers JSON syntax and bytes that are not UTF-8
        return None
    return restore(row) if isinstance(row, dict) else None
