"""Random crop and flip of a whole batch as one gather."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from lrlab.data.counter import draw_below, random_words
from lrlab.data.order import derive


@dataclass(frozen=True, slots=True)
class Augment:
    """Crop after zero padding, and flip left to right with probability a half.

    What happens to a sample is a function of (seed, epoch, sample id) alone. The padding is black.

    Attributes:
        crop: pixels of padding on each side; the window of the old size then lands anywhere, uniformly.
        flip: whether to flip.
        seed: of the training.
    """

    crop: int
    flip: bool
    seed: int

    def __call__(self, pixels: Tensor, ids: Tensor, epoch: int) -> Tensor:
        """Augment `pixels` (B, C, H, W), any dtype; `ids` (B,) int64 name the samples. Same shape and device.

        The flip costs nothing: it only reverses the x part of the gather's index.
        """
        batch, channels, height, width = pixels.shape
        device, side = pixels.device, 2 * self.crop + 1
        words = random_words(derive(self.seed, "augment", epoch), ids)
        top, left = draw_below(words, side, 0), draw_below(words, side, 1)
        rows = torch.arange(height, device=device) + top[:, None]
        columns = torch.arange(width, device=device).expand(batch, width)
        if self.flip:
            flipped = draw_below(words, 2, 2)[:, None].bool()
            columns = torch.where(flipped, width - 1 - columns, columns)
        columns = columns + left[:, None]
        padded = pad(pixels, (self.crop,) * 4) if self.crop else pixels
        index = rows[:, :, None] * padded.shape[3] + columns[:, None, :]
        flat = index.view(batch, 1, height * width).expand(batch, channels, height * width)
        return padded.flatten(2).gather(2, flat).view(batch, channels, height, width)
