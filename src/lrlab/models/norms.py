"""Normalisation layers for feature maps, by name."""

from torch import nn

from lrlab.errors import UsageError

MAX_GROUPS = 8


def groups_for(channels: int) -> int:
    """The most groups, at most 8, that divide `channels` into equal groups of at least two; else one group.

    A group of one channel would be instance normalisation, which wipes out a 1x1 feature map.
    """
    return next((n for n in range(MAX_GROUPS, 1, -1) if channels % n == 0 and channels // n >= 2), 1)


def make_norm2d(name: str, channels: int) -> nn.Module | None:
    """Batch or group normalisation over (N, `channels`, H, W); None for `none`.

    Raises:
        UsageError: no such normalisation.

    Source: Ioffe, Szegedy 2015, arXiv:1502.03167; Wu, He 2018, arXiv:1803.08494.
    """
    if name == "none":
        return None
    if name == "batch":
        return nn.BatchNorm2d(channels)
    if name == "group":
        return nn.GroupNorm(groups_for(channels), channels)
    raise UsageError(f"no normalisation named {name!r}; there are: none, batch, group")
