"""Residual networks for small images, as the paper has them for CIFAR-10."""

from typing import Any

import torch
from torch import Tensor, nn

from lrlab.errors import UsageError
from lrlab.models.activations import make_activation
from lrlab.models.norms import make_norm2d

STAGES = 3


def blocks_for(depth: int) -> int:
    """Residual blocks per stage, n of depth = 6n + 2.

    Raises:
        UsageError: there is no such n.
    """
    blocks, rest = divmod(depth - 2, 2 * STAGES)
    if rest or blocks < 1:
        raise UsageError(f"resnet has depth 6n+2 (8, 14, 20, 26, 32, 38, 44, 50, 56, ...); got {depth}")
    return blocks


def shortcut(images: Tensor, stride: int, extra: int) -> Tensor:
    """Option A: every `stride`-th pixel, and `extra` channels of zeros behind the others. Has no parameters."""
    if stride == 1 and not extra:
        return images
    return nn.functional.pad(images[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, extra))


class ResidualBlock(nn.Module):
    """`activation(body(x) + shortcut(x))`; the body is two 3x3 convolutions, each normalised, an activation between."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, norm: str, activation: str) -> None:
        super().__init__()
        self.stride, self.extra = stride, outputs - inputs
        self.body = nn.Sequential()
        add_convolution(self.body, inputs, outputs, stride=stride, norm=norm, number="1")
        self.body.add_module("activation", make_activation(activation))
        add_convolution(self.body, outputs, outputs, stride=1, norm=norm, number="2")
        self.activation = make_activation(activation)

    def forward(self, images: Tensor) -> Tensor:
        """(B, `inputs`, H, W) -> (B, `outputs`, H / stride, W / stride), rounded up."""
        summed: Tensor = self.activation(self.body(images) + shortcut(images, self.stride, self.extra))
        return summed


class ResNet(nn.Module):
    """A 3x3 convolution, three stages of residual blocks, global average pooling, a linear head.

    The stages have `width`, twice and four times as many channels; the second and the third begin with a
    stride of 2, which halves the side, rounding up. Convolutions have a bias only where no normalisation
    follows. Weights are stored channels-last, which CPUs and GPUs compute faster.

    With width 16, batch normalisation, colour images and 10 classes, depth 20 has 269,722 parameters and
    depth 56 has 853,018: the paper's 0.27 and 0.85 million (table 6).

    Args:
        shape: (channels, height, width) of the images.
        classes: outputs.
        depth: 6n + 2 layers with weights, n blocks per stage.
        width: channels of the first stage.
        norm: none, batch or group.
        activation: by name.

    Raises:
        UsageError: another depth, or no such norm or activation.

    Source: He et al. 2015, arXiv:1512.03385, section 4.2; identity shortcuts, option A.
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: int, *, depth: int, width: int, norm: str, activation: str
    ) -> None:
        super().__init__()
        blocks = blocks_for(depth)
        self.stem = nn.Sequential()
        add_convolution(self.stem, shape[0], width, stride=1, norm=norm)
        self.stem.add_module("activation", make_activation(activation))
        self.stages = nn.Sequential()
        inputs = width
        for stage in range(STAGES):
            outputs, row = width << stage, nn.Sequential()
            for place in range(blocks):
                stride = 2 if stage and not place else 1
                row.append(ResidualBlock(inputs, outputs, stride=stride, norm=norm, activation=activation))
                inputs = outputs
            self.stages.append(row)
        self.head = nn.Linear(inputs, classes)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) float -> logits (B, classes)."""
        features: Tensor = self.stages(self.stem(images))
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits


def add_convolution(
    block: nn.Sequential, inputs: int, outputs: int, *, stride: int, norm: str, number: str = ""
) -> None:
    """Append a 3x3 convolution that keeps the side (divided by `stride`) and the normalisation asked for."""
    norm_layer = make_norm2d(norm, outputs)
    conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=norm_layer is None)
    block.add_module(f"conv{number}", conv)
    if norm_layer is not None:
        block.add_module(f"norm{number}", norm_layer)


def build(cfg: Any, *, shape: tuple[int, int, int], classes: int) -> ResNet:
    """The model that `cfg`, the model section, describes."""
    return ResNet(shape, classes, depth=cfg.depth, width=cfg.width, norm=cfg.norm, activation=cfg.activation)
