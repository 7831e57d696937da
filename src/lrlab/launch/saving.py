"""Checkpoints on a disk that may fill up: a write that fails costs a checkpoint, never the training."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from lrlab.engine.checkpoint import CheckpointStore


def to_stderr(sentence: str) -> None:
    """Warn the user."""
    sys.stderr.write(f"warning: {sentence}\n")


@dataclass
class Saver:
    """Writes a training's checkpoints.

    A write the disk refuses (full, over quota, an I/O error) is tried again once the older regular checkpoints
    are gone; what is already there stays whole. If that fails too, there is a warning and training goes on; the
    next checkpoint is tried as usual.

    Attributes:
        store: None writes nothing.
        warn: gets one sentence per failure.
        failures: what could not be written and why, one sentence each.
        latest: step of the newest regular checkpoint of this sitting; None before there is one.
    """

    store: CheckpointStore | None
    warn: Callable[[str], None] = to_stderr
    failures: list[str] = field(default_factory=list)
    latest: int | None = None

    def __call__(self, what: str, write: Callable[[CheckpointStore], object]) -> bool:
        """Write `what`, for example `the checkpoint of step 40`; whether it is on disk."""
        if self.store is None:
            return False
        try:
            write(self.store)
            return True
        except OSError:
            pass
        try:
            self.store.make_room()
            write(self.store)
            return True
        except OSError as error:
            sentence = f"{what} could not be written ({error.strerror or error}); {self._kept()}"
            self.failures.append(sentence)
            self.warn(f"{sentence}; training goes on")
            return False

    @property
    def lost(self) -> tuple[str, ...]:
        """At most one sentence: the last failure and how many there were."""
        if not self.failures:
            return ()
        more = f" (and {len(self.failures) - 1} before it)" if len(self.failures) > 1 else ""
        return (self.failures[-1] + more,)

    def _kept(self) -> str:
        there = self.store.steps() if self.store is not None else []
        return f"the newest on disk is {there[-1].name}" if there else "there is none on disk"
