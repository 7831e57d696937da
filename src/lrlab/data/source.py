"""What the training loop asks of data: epochs of batches that can be entered anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from lrlab.data.augment import Augment
from lrlab.data.balance import ClassBalance
from lrlab.data.cutout import Cutout
from lrlab.data.normalize import Normalize
from lrlab.data.order import epoch_order

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """Which samples make up which batch.

    Attributes:
        samples: images in the split.
        batch_size: images in a batch.
        shuffle_seed: of the order; None visits the samples as they lie.
        drop_last: whether an incomplete last batch is left out.
        balance: draws every class equally often; None visits every sample once an epoch.
    """

    samples: int
    batch_size: int
    shuffle_seed: int | None = None
    drop_last: bool = False
    balance: ClassBalance | None = None

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        full, rest = divmod(self.samples, self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def order(self, epoch: int) -> Tensor:
        """What the epoch visits, in order, int64 on the CPU: positions in the split; draws, where they are balanced."""
        if self.shuffle_seed is None:
            return torch.arange(self.samples)
        order = epoch_order(self.samples, self.shuffle_seed, epoch)
        return order if self.balance is None else self.balance.draws(self.samples, self.shuffle_seed, epoch)[order]

    def cut(self, order: Tensor, start: int) -> Iterator[Tensor]:
        """The batches of `order` from index `start` on."""
        for step in range(start, self.steps):
            yield order[step * self.batch_size : (step + 1) * self.batch_size]


@dataclass(frozen=True, slots=True)
class Finish:
    """The last stretch from raw pixels to inputs, the same function for every storage.

    Attributes:
        normalize: pixels to float.
        augment: crop and flip; None leaves the images as they are.
        cutout: None leaves them whole.
    """

    normalize: Normalize
    augment: Augment | None = None
    cutout: Cutout | None = None

    def reseeded(self, seed: int) -> "Finish":
        """The same for another seed of the training."""
        return replace(
            self,
            augment=replace(self.augment, seed=seed) if self.augment else None,
            cutout=replace(self.cutout, seed=seed) if self.cutout else None,
        )

    def __call__(self, pixels: Tensor, ids: Tensor, epoch: int) -> Tensor:
        """(B, C, H, W) uint8 and the samples' ids (B,) -> inputs."""
        if self.augment is not None:
            pixels = self.augment(pixels, ids, epoch)
        inputs = self.normalize(pixels)
        return inputs if self.cutout is None else self.cutout(inputs, ids, epoch)


class BatchSource(Protocol):
    """Batches of one split.

    Attributes:
        samples: images in the split.
        steps_per_epoch: batches in an epoch.
        plan, finish: which samples make up which batch, and the way from pixels to inputs.
    """

    samples: int
    steps_per_epoch: int
    plan: BatchPlan
    finish: Finish

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch from index `start` on, without making those before.

        Yields inputs (B, C, H, W) float32, normalised, and targets (B,) int64, on the source's device. The
        order is a function of (seed, epoch), the augmentation of (seed, epoch, sample).
        """

    def replanned(self, plan: BatchPlan, finish: Finish) -> "BatchSource":
        """The same images, visited by another plan; nothing is read or copied."""
