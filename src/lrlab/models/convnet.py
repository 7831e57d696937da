"""The plain CNN: conv blocks, max-pooling between stages, global average pooling, a linear head."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lrlab.models.activations import make_activation
from lrlab.models.norms import make_norm2d

MIN_SIDE = 4


def stage_lengths(depth: int, side: int) -> list[int]:
    """How many conv blocks stand between one pooling and the next.

    Pooling halves the side (rounding down) as often as `depth - 1` and a last side of at least 4 allow. The
    blocks are shared out evenly; what is left over goes to the later stages, whose maps are smaller.

    Args:
        depth: conv blocks in all.
        side: pixels, the shorter side of the image.
    """
    pools = 0
    while pools < depth - 1 and side // 2 >= MIN_SIDE:
        side //= 2
        pools += 1
    base, rest = divmod(depth, pools + 1)
    return [base + (stage > pools - rest) for stage in range(pools + 1)]


class ConvNet(nn.Module):
    """`depth` blocks of 3x3 convolution, normalisation, activation and dropout.

    A 2x2 max-pooling stands at the start of every stage but the first, and each stage has twice the
    channels of the one before. Convolutions have a bias only where no normalisation follows.

    Args:
        shape: (channels, height, width) of the images.
        classes: outputs.
        stages: conv blocks per stage.
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
        width: int,
        norm: str,
        activation: str,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = shape[0]
        for stage, blocks in enumerate(stages):
            if stage:
                layers.append(nn.MaxPool2d(2))
            for _ in range(blocks):
                layers.append(
                    conv_block(channels, width << stage, norm=norm, activation=activation, dropout=dropout)
                )
                channels = width << stage
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(channels, classes)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) float -> logits (B, classes)."""
        features: Tensor = self.features(images)
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits


def conv_block(inputs: int, outputs: int, *, norm: str, activation: str, dropout: float) -> nn.Sequential:
    """Convolution, normalisation, activation, dropout; the middle ones only where asked for."""
    norm_layer = make_norm2d(norm, outputs)
    block = nn.Sequential()
    block.add_module("conv", nn.Conv2d(inputs, outputs, 3, padding=1, bias=norm_layer is None))
    if norm_layer is not None:
        block.add_module("norm", norm_layer)
    block.add_module("activation", make_activation(activation))
    if dropout:
        block.add_module("dropout", nn.Dropout(dropout))
    return block


def build(cfg: Any, *, shape: tuple[int, int, int], classes: int) -> ConvNet:
    """The model that `cfg`, the model section, describes."""
    return ConvNet(
        shape,
        classes,
        stages=stage_lengths(cfg.depth, min(shape[1:])),
        width=cfg.width,
        norm=cfg.norm,
        activation=cfg.activation,
        dropout=cfg.dropout,
    )
