"""Images that do not fit: read by torch's DataLoader, in the same order and with the same results."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from lrlab.data.balance import positions_in
from lrlab.data.images import Images, read_rows
from lrlab.data.source import Batch, BatchPlan, Finish
from lrlab.data.workers import WORKER_TIMEOUT, batches_of, ignore_interrupts, worker_error
from lrlab.errors import LrlabError

Item = tuple[Tensor, Tensor, Tensor]


class _Batches(Dataset[Item | LrlabError]):
    """Item = a whole batch: the raw pixels, labels and names of the draws asked for, or what went wrong.

    An error travels as a value: torch would raise it in the other process with a traceback for its message.
    """

    def __init__(self, images: Images, rows: Tensor) -> None:
        self._images, self._rows = images, rows

    def __getitem__(self, draws: Sequence[int]) -> Item | LrlabError:
        try:
            batch = self._read(torch.as_tensor(draws, dtype=torch.int64))
        except LrlabError as error:
            return error
        if get_worker_info() is None:
            return batch
        try:  # here and not in the queue's thread, where a failure would be lost and the training wait for it
            for part in batch:
                part.share_memory_()  # type: ignore[no-untyped-call]
        except (RuntimeError, OSError) as error:
            return worker_error(error)
        return batch

    def _read(self, draws: Tensor) -> Item:
        positions = positions_in(draws)
        rows = self._rows[positions]
        return read_rows(self._images, rows.tolist()), self._images.labels[rows], rows + (draws - positions)


class StreamSource:
    """Batches through a DataLoader. Workers read and decode; the uint8 batch is augmented on the device.

    Args:
        images: where the pixels come from.
        rows: (N,) int64, the rows of `images` in this split; also the samples' names in the random draws.
        plan: which samples make up which batch.
        finish: augmentation and normalisation.
        device: where the batches go.
        workers: processes that read ahead; 0 reads in this one.
    """

    def __init__(
        self,
        images: Images,
        rows: Tensor,
        plan: BatchPlan,
        finish: Finish,
        device: torch.device,
        workers: int = 0,
    ) -> None:
        self.samples, self.steps_per_epoch = plan.samples, plan.steps
        self.plan, self.finish = plan, finish
        self._images, self._rows, self._batches = images, rows, _Batches(images, rows)
        self._device, self._workers = device, workers

    def replanned(self, plan: BatchPlan, finish: Finish) -> "StreamSource":
        """See `BatchSource.replanned`."""
        return StreamSource(self._images, self._rows, plan, finish, self._device, self._workers)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """See `BatchSource.batches`. Entering at `start` reads nothing of the batches before.

        Raises:
            DataError: an image cannot be read; names it and the reason, also from a worker.
            ResourceError: a worker died or hung.
        """
        sampler = [draws.tolist() for draws in self.plan.cut(self.plan.order(epoch), start)]
        loader = DataLoader(
            self._batches,
            sampler=sampler,  # each item of the sampler is a whole batch
            batch_size=None,
            num_workers=self._workers,
            pin_memory=self._device.type == "cuda",
            generator=torch.Generator(),  # else the loader draws its worker seed from the global generator
            timeout=WORKER_TIMEOUT if self._workers else 0,
            worker_init_fn=ignore_interrupts,
        )
        for pixels, labels, ids in batches_of(loader, self._workers):
            there = [part.to(self._device, non_blocking=True) for part in (pixels, labels, ids)]
            yield self.finish(there[0], there[2], epoch), there[1]
