"""The critical lr of a trial, on its first batch."""

from lrlab.engine.batches import EpochStream, LoaderStream
from lrlab.engine.critical import critical_lr
from lrlab.errors import DataError
from lrlab.launch.assemble import Trial


def critical_lr_of(trial: Trial) -> float:
    """See `engine.critical`; the trial then begins with that batch all the same.

    Raises:
        DataError: there is no batch.
    """
    try:
        batch = next(trial.stream)
    except StopIteration:
        raise DataError(
            "the loader is an iterator that has ended", hint="pass a loader that can be started again"
        ) from None
    if isinstance(trial.stream, LoaderStream):
        trial.stream.put_back(batch)
    else:
        assert isinstance(trial.stream, EpochStream)
        trial.stream.seek(0)
    return critical_lr(trial.task, batch)
