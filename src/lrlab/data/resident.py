"""Images that fit: one uint8 tensor on the device, a batch is a gather."""

from collections.abc import Iterator

from torch import Tensor

from lrlab.data.balance import positions_in
from lrlab.data.source import Batch, BatchPlan, Finish


class ResidentSource:
    """Batches out of one tensor on the device; the host never waits for it.

    Args:
        pixels: (N, C, H, W) uint8 on the device.
        labels: (N,) int64 on the device.
        ids: (N,) int64 on the device, the samples' names in the random draws.
        plan: which samples make up which batch.
        finish: augmentation and normalisation.
    """

    def __init__(self, pixels: Tensor, labels: Tensor, ids: Tensor, plan: BatchPlan, finish: Finish) -> None:
        self.samples, self.steps_per_epoch = plan.samples, plan.steps
        self._pixels, self._labels, self._ids = pixels, labels, ids
        self.plan, self.finish = plan, finish

    def replanned(self, plan: BatchPlan, finish: Finish) -> "ResidentSource":
        """See `BatchSource.replanned`."""
        return ResidentSource(self._pixels, self._labels, self._ids, plan, finish)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """See `BatchSource.batches`."""
        # one copy per epoch, queued and not waited for: the batches are slices of it
        order = self.plan.order(epoch).to(self._pixels.device, non_blocking=True)
        for draws in self.plan.cut(order, start):
            rows = draws if self.plan.balance is None else positions_in(draws)
            ids = self._ids.index_select(0, rows)
            if self.plan.balance is not None:
                ids += draws - rows
            yield self.finish(self._pixels.index_select(0, rows), ids, epoch), self._labels.index_select(0, rows)
