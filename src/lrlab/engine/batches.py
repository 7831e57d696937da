"""Endless streams of batches, and how a batch becomes inputs and targets on a device."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, Protocol

import torch
from torch import Tensor

from lrlab.errors import DataError, UsageError

BatchFn = Callable[[Any], tuple[Any, Any]]


class EpochSource(Protocol):
    """What `EpochStream` needs of a data source: epochs that can be entered anywhere."""

    steps_per_epoch: int

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The batches of one epoch from index `start` on."""


class BatchStream(Protocol):
    """Batches without end. `epoch` is the epoch of the batch handed out last, `consumed` how many have been."""

    epoch: int
    consumed: int

    def __next__(self) -> Any:
        """The next batch."""


class EpochStream:
    """Endless epochs of a source; `seek` enters at any batch without replaying the ones before."""

    def __init__(self, source: EpochSource, position: int = 0) -> None:
        self.source = source
        self.seek(position)

    def seek(self, position: int) -> None:
        """Continue at batch number `position`, counted from the start of training."""
        self.consumed = position
        self.epoch, start = divmod(position, self.source.steps_per_epoch)
        self._batches = self.source.batches(self.epoch, start)

    def __next__(self) -> Any:
        self.consumed += 1
        for batch in self._batches:
            return batch
        self.epoch += 1
        self._batches = self.source.batches(self.epoch, 0)
        return next(self._batches)


class LoaderStream:
    """Endless passes over any iterable of batches; a one-shot iterator simply ends.

    Attributes:
        consumed: batches handed out.
        samples: in them.
        rewindable: False for an iterator, which cannot be started again.

    Raises:
        DataError: the loader is empty.
    """

    def __init__(self, loader: Iterable[Any]) -> None:
        self._loader = loader
        self._batches = iter(loader)
        self.rewindable = self._batches is not loader
        self.epoch = 0
        self.consumed = self.samples = 0
        self._at_start = 0

    def __next__(self) -> Any:
        for batch in self._batches:
            self.consumed += 1
            self.samples += batch_size(batch)
            return batch
        if self.consumed == self._at_start:
            raise DataError("the loader has no batches", hint="pass a loader with at least one batch")
        if not self.rewindable:
            raise StopIteration
        self.epoch += 1
        self._at_start = self.consumed
        self._batches = iter(self._loader)
        return next(self)

    def put_back(self, batch: Any) -> None:
        """Hand out the latest batch once more."""
        self._batches = itertools.chain([batch], self._batches)
        self.consumed -= 1
        self.samples -= batch_size(batch)


class OnePass:
    """A loader as a split to evaluate."""

    def __init__(self, loader: Iterable[Any]) -> None:
        self._loader = loader
        self.steps_per_epoch = len(loader) if isinstance(loader, Sized) else 0

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """All of them."""
        return iter(self._loader)


def split_pair(batch: Any) -> tuple[Any, Any]:
    """The usual batch: a pair (inputs, targets).

    Raises:
        UsageError: any other shape; the message says what came and asks for a `batch_fn`.
    """
    if type(batch) in (tuple, list) and len(batch) == 2:  # the usual one, without the price of abstract classes
        return batch[0], batch[1]
    if isinstance(batch, Sequence) and not isinstance(batch, str | bytes) and len(batch) == 2:
        return batch[0], batch[1]
    shape = f"a {type(batch).__name__}"
    if isinstance(batch, Mapping):
        shape += f" with keys {', '.join(map(str, batch))}"
    elif isinstance(batch, Sequence):
        shape += f" of {len(batch)} parts"
    raise UsageError(
        f"a batch is {shape}, not a pair (inputs, targets)",
        hint='pass batch_fn, for example batch_fn=lambda b: (b["image"], b["label"])',
    )


def to_device(value: Any, device: torch.device) -> Any:
    """Move every tensor in a nest of tuples, lists and dicts; leave the rest alone."""
    if isinstance(value, Tensor):
        return value if value.device == device else value.to(device, non_blocking=True)
    if isinstance(value, Mapping):
        return {key: to_device(item, device) for key, item in value.items()}
    if isinstance(value, list | tuple):
        moved = [to_device(item, device) for item in value]
        return type(value)(*moved) if hasattr(value, "_fields") else type(value)(moved)
    return value


def batch_size(batch: Any) -> int:
    """Samples in a batch: the length of the first tensor in it; 1 where there is none."""
    if isinstance(batch, Tensor):
        return len(batch) if batch.ndim else 1
    if isinstance(batch, Mapping):
        batch = list(batch.values())
    return batch_size(batch[0]) if isinstance(batch, list | tuple) and batch else 1
