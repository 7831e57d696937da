"""Exact mean and standard deviation of uint8 pixels."""

import torch
from torch import Tensor

from lrlab.data.images import Moments


class Histogram:
    """How often each of the 256 pixel values occurs in each channel; exact, in any order of the images."""

    def __init__(self, channels: int) -> None:
        self.counts = torch.zeros(channels, 256, dtype=torch.int64)

    def add(self, pixels: Tensor) -> None:
        """Count (N, C, H, W) uint8."""
        for channel, values in enumerate(pixels.transpose(0, 1)):
            self.counts[channel] += torch.bincount(values.flatten(), minlength=256)

    def moments(self) -> Moments:
        """Population mean and standard deviation, in units of full scale.

        A channel of one value gets std 1, so that nothing divides by zero.
        """
        mean, std = zip(*(_moments(row) for row in self.counts.tolist()), strict=True)
        return Moments(mean, std)


def _moments(counts: list[int]) -> tuple[float, float]:
    """Of one channel. The sums are integers, so nothing is rounded before the divisions at the end."""
    n = sum(counts)
    total = sum(value * count for value, count in enumerate(counts))
    squares = sum(value * value * count for value, count in enumerate(counts))
    variance = (n * squares - total * total) / (n * n)
    return total / n / 255, (variance**0.5 / 255) or 1.0
