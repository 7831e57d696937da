"""The journal of a run: one fsync'd JSON line per event, so a killed sweep knows what it had done."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lrlab.runs.atomic import sync_folder
from lrlab.runs.jsonl import LineFile, encode_lines, read_lines


class Journal:
    """Events appended to `path`. One writer at a time: the one that holds the run folder's lock.

    Attributes:
        path: the file; made by the first append.
        notes: what reading or appending had to drop, as sentences.

    Source: the torn-tail rule is that of optuna's journal storage.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self._checked = False

    def append(self, *events: Mapping[str, Any]) -> None:
        """Write events, all or none of them; when this returns, they survive a power cut.

        Raises:
            CheckpointError: the journal is damaged before its last line.
            OSError: the disk refused; the journal is as it was.
        """
        lines = encode_lines(events)
        new = not self.path.exists()
        file = LineFile(self.path, checked=self._checked)
        try:
            self._remark(file.note)
            self._checked = True
            file.append(lines, sync=True)
        finally:
            file.close()
        if new:
            sync_folder(self.path.parent)

    def read(self) -> list[dict[str, Any]]:
        """All events, oldest first; none when there is no journal. A torn last line is dropped with a note.

        Raises:
            CheckpointError: a line before the last is damaged; the message names `file:line`.
        """
        lines = read_lines(self.path)
        self._remark(lines.note)
        return lines.rows

    def _remark(self, note: str) -> None:
        if note and note not in self.notes:
            self.notes.append(note)
