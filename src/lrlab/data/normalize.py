"""uint8 pixels to float32 inputs, and with which mean and standard deviation."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lrlab.data.facts import Normalization
from lrlab.data.images import Moments, RawSplits
from lrlab.errors import UsageError


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


def choose_moments(raw: RawSplits, cfg: Any) -> tuple[Normalization, Moments | None]:
    """Which mean and std `cfg`, a data section, asks for, and their values; None: to be computed.

    Raises:
        UsageError: the set has no published ones, or they are not one per channel.
    """
    if cfg.mean is not None:
        return "given", _per_channel(Moments(tuple(cfg.mean), tuple(cfg.std)), raw, "data.mean and data.std have")
    if cfg.normalize == "none":
        channels = raw.train.shape[0]
        return "none", Moments((0.0,) * channels, (1.0,) * channels)
    if cfg.normalize == "published" and raw.moments is None:
        raise UsageError(
            f"data.normalize=published: data set {cfg.name!r} has no published mean and std",
            hint="use data.normalize=computed, or write data.mean and data.std",
        )
    if cfg.normalize == "computed" or raw.moments is None:
        return "computed", None
    return "published", _per_channel(raw.moments, raw, "the published mean and std have")


def _per_channel(moments: Moments, raw: RawSplits, what: str) -> Moments:
    channels = raw.train.shape[0]
    if not len(moments.mean) == len(moments.std) == channels:
        raise UsageError(
            f"{what} {len(moments.mean)} and {len(moments.std)} values; "
            f"one per channel is needed, and the images have {channels}"
        )
    return moments
