"""uint8 pixels to float32 inputs."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Normalize:
    """`(pixel - 255·mean) / (255·std)` per channel, in float32.

    Subtraction and division are rounded once each, so the result has the same bits in any batch and on any
    device.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device) -> None:
        def per_channel(values: Sequence[float]) -> Tensor:
            return torch.tensor([255.0 * value for value in values], dtype=torch.float32, device=device).view(-1, 1, 1)

        self._shift, self._scale = per_channel(mean), per_channel(std)

    def __call__(self, pixels: Tensor) -> Tensor:
        """(B, C, H, W) uint8 -> the same shape, float32."""
        return pixels.to(torch.float32).sub_(self._shift).div_(self._scale)
