"""What every destination of records can take."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = dict[str, float | int | str]
"""One record: `kind` ("train", "val", "test", "sweep" or "climb"), `step`, `epoch`, and numbers by name (lr, loss)."""


class Sink(Protocol):
    """A destination of records. One that has no use for a kind of record ignores it.

    Every method may raise OSError (the disk); see `lrlab.track.guard`.
    """

    def rows(self, rows: Sequence[Row]) -> None:
        """Take rows, in order."""

    def text(self, tag: str, markdown: str) -> None:
        """Take a text, such as the config."""

    def figure(self, tag: str, figure: Any, step: int) -> None:
        """Take a matplotlib Figure; it stays the caller's."""

    def hparams(self, values: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Take what was chosen and what came out; once, at the end of a trial."""

    def flush(self) -> None:
        """Make what was taken visible to other processes."""

    def close(self) -> None:
        """Flush and let go; again does nothing."""
