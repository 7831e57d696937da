"""The critical lr of a trial, on its first batch."""

from typing import Any

from lrlab.engine.batches import BatchStream, EpochStream
from lrlab.engine.critical import critical_lr
from lrlab.launch.assemble import Trial


def critical_lr_of(trial: Trial) -> float:
    """See `engine.critical`; the trial then begins with that batch all the same."""
    batch = next(trial.stream)
    if isinstance(trial.stream, EpochStream):
        trial.stream.seek(0)
    else:
        trial.stream = Returned(trial.stream, batch)
    return critical_lr(trial.task, batch)


class Returned:
    """A stream with its last batch put back."""

    def __init__(self, stream: BatchStream, batch: Any) -> None:
        self._stream, self._batch = stream, [batch]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __next__(self) -> Any:
        return self._batch.pop() if self._batch else next(self._stream)
