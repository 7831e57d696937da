"""The plain CNN: conv blocks in stages that end in max-pooling, global average pooling, a linear head."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lrlab.models.activations import make_activation
from lrlab.models.norms import make_norm2d

MIN_SIDE = 2


def stage_lengths(depth: int, side: int) -> tuple[tuple[int, ...], int]:
    """How many conv blocks each stage has, and how many of the stages end in a pooling.

    A pooling halves the side, rounding down. There are as many as `depth` and a last side of at least 2
    allow. Where there are more blocks than poolings, they are shared out evenly, what is left over going to
    the later stages, whose maps are smaller.

    Args:
        depth: conv blocks in all, at least 1.
        side: pixels, the shorter side of the image.
    """
    pools = 0
    while pools < depth and side // 2 >= MIN_SIDE:
        side //= 2
        pools += 1
    stages = max(pools, 1)
    base, rest = divmod(depth, stages)
    return tuple(base + (stage >= stages - rest) for stage in range(stages)), pools


class ConvNet(nn.Module):
    """Blocks of 3x3 convolution, normalisation, activation and dropout, in stages.

    Each stage ends in a 2x2 max-pooling and the next has twice the channels. The pooling stands right
    behind the stage's last convolution: behind the activation it would choose nearly the same values, and
    norm and activation would cost four times as much there. Convolutions have a bias only where no
    normalisation follows. Weights are stored channels-last, which CPUs and GPUs compute faster.

    Args:
        shape: (channels, height, width) of the images.
        classes: outputs.
        stages: conv blocks per stage.
        pools: how many stages, from the first, end in a pooling.
        width: channels of the first stage.
        norm: none, batch or group.
        activation: by name.
        dropout: probability, after each activation.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: int,
        *,
        stages: Sequence[int],
        pools: int,
        width: int,
        norm: str,
        activation: str,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        inputs = shape[0]
        for stage, length in enumerate(stages):
            outputs = width << stage
            for place in range(length):
                pool = place == length - 1 and stage < pools
                blocks.append(conv_block(inputs, outputs, pool=pool, norm=norm, activation=activation, dropout=dropout))
                inputs = outputs
        self.features = nn.Sequential(*blocks)
        self.head = nn.Linear(inputs, classes)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) float -> logits (B, classes)."""
        features: Tensor = self.features(images)
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits


def conv_block(inputs: int, outputs: int, *, pool: bool, norm: str, activation: str, dropout: float) -> nn.Sequential:
    """Convolution, pooling, normalisation, activation and dropout, as far as they are asked for."""
    norm_layer = make_norm2d(norm, outputs)
    block = nn.Sequential()
    block.add_module("conv", nn.Conv2d(inputs, outputs, 3, padding=1, bias=norm_layer is None))
    if pool:
        block.add_module("pool", nn.MaxPool2d(2))
    if norm_layer is not None:
        block.add_module("norm", norm_layer)
    block.add_module("activation", make_activation(activation))
    if dropout:
        block.add_module("dropout", nn.Dropout(dropout))
    return block


def build(cfg: Any, *, shape: tuple[int, int, int], classes: int) -> ConvNet:
    """The model that `cfg`, the model section, describes."""
    stages, pools = stage_lengths(cfg.depth, min(shape[1:]))
    return ConvNet(
        shape,
        classes,
        stages=stages,
        pools=pools,
        width=cfg.width,
        norm=cfg.norm,
        activation=cfg.activation,
        dropout=cfg.dropout,
    )
