"""Images that do not fit: read by torch's DataLoader, in the same order and with the same results."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lrlab.data.images import Images
from lrlab.data.source import Batch, BatchPlan, Finish


class _Batches(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Item = a whole batch: the raw pixels, labels and rows of the positions asked for."""

    def __init__(self, images: Images, rows: Tensor) -> None:
        self._images, self._rows = images, rows

    def __getitem__(self, positions: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        rows = self._rows[torch.as_tensor(positions, dtype=torch.int64)]
        return self._images.read(rows.tolist()), self._images.labels[rows], rows


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
        """See `BatchSource.batches`. Entering at `start` reads nothing of the batches before."""
        sampler = [positions.tolist() for positions in self.plan.cut(self.plan.order(epoch), start)]
        loader = DataLoader(
            self._batches,
            sampler=sampler,  # each item of the sampler is a whole batch
            batch_size=None,
            num_workers=self._workers,
            pin_memory=self._device.type == "cuda",
            generator=torch.Generator(),  # else the loader draws its worker seed from the global generator
        )
        for pixels, labels, ids in loader:
            there = [part.to(self._device, non_blocking=True) for part in (pixels, labels, ids)]
            yield self.finish(there[0], there[2], epoch), there[1]
