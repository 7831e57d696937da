"""`metrics.jsonl`: one row per line, the truth that every other view is made from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lrlab.runs.atomic import write_atomic
from lrlab.runs.jsonl import LineFile, encode_lines, read_lines
from lrlab.track.sink import Row


class JsonlSink:
    """Appends rows to `path`. Rows given to `rows` survive a kill of this process as soon as it returns.

    The file is opened by the first row (or flush), so that opening is guarded too. Non-finite values are
    written as the strings "nan", "inf" and "-inf"; `read_rows` undoes it.

    Raises:
        OSError: from any method, when the disk refuses. Lines are written whole or not at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: LineFile | None = None

    def rows(self, rows: Sequence[Row]) -> None:
        """Append `rows`."""
        self._open().append(encode_lines(rows))

    def text(self, tag: str, markdown: str) -> None:
        """Ignored."""

    def figure(self, tag: str, figure: Any, step: int) -> None:
        """Ignored."""

    def hparams(self, values: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Ignored."""

    def flush(self) -> None:
        """Nothing is buffered here; makes the file when there is none yet."""
        self._open()

    def close(self) -> None:
        """Sync to disk and close; a later row opens the file again."""
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.sync()
            finally:
                file.close()

    def _open(self) -> LineFile:
        if self._file is None:
            self._file = LineFile(self.path)
        return self._file


def read_rows(path: Path) -> list[Row]:
    """The rows of `path`, oldest first; none when there is no file. A torn last line is left out.

    Raises:
        CheckpointError: a line before the last is damaged; the message names `file:line`.
    """
    return read_lines(path).rows


def truncate_after(path: Path, step: int) -> int:
    """Cut the rows past a checkpoint taken when `step` updates were done, before going on from it.

    A row's `step` is the number of updates done, for a training row its own included, so rows up to `step` stay.
    A row of kind `test` is cut whatever its step: the test follows the last checkpoint, and is made again. What is
    cut is kept in `metrics.dropped.jsonl`. Killed in between, the cut can be done again: at worst a dropped row is
    there twice, and none is lost.

    Returns:
        How many rows were cut.

    Raises:
        CheckpointError: the file is damaged before its last line.
        OSError: the disk refused; `path` is untouched.
    """
    rows = read_rows(path)
    late = [row for row in rows if _is_late(row, step)]
    if late:
        dropped = LineFile(path.with_name(f"{path.stem}.dropped{path.suffix}"))
        try:
            dropped.append(encode_lines(late), sync=True)
        finally:
            dropped.close()
        write_atomic(path, encode_lines(row for row in rows if not _is_late(row, step)))
    return len(late)


def _is_late(row: Row, step: int) -> bool:
    at = row.get("step")
    return row.get("kind") == "test" or (isinstance(at, int | float) and at > step)
