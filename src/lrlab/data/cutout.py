"""Cutout of a whole batch as one mask."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lrlab.data.counter import draw_below, random_words
from lrlab.data.order import derive


@dataclass(frozen=True, slots=True)
class Cutout:
    """Set a square to the mean of the data, which is 0 once the pixels are normalised.

    Its centre is uniform over the pixels of the image; what reaches over the border is lost, so an image may keep most
    of itself. An even square has half its side before its centre and half, centre included, after. Where the square
    lands is a function of (seed, epoch, sample id) alone.

    Source: DeVries, Taylor 2017, arXiv:1708.04552, section 3.2.

    Attributes:
        side: of the square, in pixels.
        seed: of the training.
    """

    side: int
    seed: int

    def __call__(self, inputs: Tensor, ids: Tensor, epoch: int) -> Tensor:
        """Cut `inputs` (B, C, H, W), normalised, in place; `ids` (B,) int64 name the samples."""
        words = random_words(derive(self.seed, "cutout", epoch), ids)
        rows, columns = (
            self._covered(draw_below(words, inputs.shape[axis], field), inputs.shape[axis])
            for field, axis in enumerate((2, 3))
        )
        return inputs.masked_fill_((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)

    def _covered(self, centres: Tensor, size: int) -> Tensor:
        """(B, size) bool: the places on an axis that the square around each centre (B,) covers."""
        offsets = torch.arange(size, device=centres.device) - centres[:, None] + self.side // 2
        return (offsets >= 0) & (offsets < self.side)
