"""LeNet-5, as it is built today."""

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn

from lrlab.errors import UsageError
from lrlab.models.activations import make_activation

MIN_SIDE = 4
POOLS: dict[str, type[nn.Module]] = {"average": nn.AvgPool2d, "max": nn.MaxPool2d}
KERNEL, FIRST, SECOND = 5, 32, 14  # pixels: of a convolution, of LeNet-5's image, of its map before conv2


def padding_for(side: int, expected: int) -> int:
    """2, which keeps a map's side through a 5x5 convolution, where LeNet-5 has more pixels here; else 0."""
    return KERNEL // 2 if side < expected else 0


class LeNet(nn.Module):
    """Two 5x5 convolutions of 6 and 16 maps, each with activation and 2x2 pooling, and layers of 120, 84, `classes`.

    Sizes are those of LeNet-5: 32x32 grey images give maps of 28, 14, 10 and 5 pixels and 61,706 parameters.
    A map with fewer pixels than LeNet-5 has at the same place (32 before the first convolution, 14 before the
    second) is padded by 2, height and width apart: 28x28 digits become the padded field that the paper shows
    them in, with the same maps and parameters behind it, and 8x8 images keep maps of 8, 4, 4 and 2. On larger
    images fc1 grows with the last map.

    What differs from 1998, as in most code of that name: the activation stands before the pooling and is not
    rescaled, poolings have no weights, every map of conv2 sees all maps before it, fc1 is a linear layer, and
    the outputs are linear too. tanh with average pooling is the classic form; relu with max is the later one.

    Args:
        shape: (channels, height, width) of the images, at least 4x4.
        classes: outputs.
        activation: by name.
        pool: average or max.

    Raises:
        UsageError: images below 4x4, or no such activation or pooling.

    Source: LeCun, Bottou, Bengio, Haffner 1998, Proceedings of the IEEE 86(11), section II.B and figure 2.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, *, activation: str, pool: str) -> None:
        super().__init__()
        channels, *sides = shape
        if min(sides) < MIN_SIDE:
            raise UsageError(f"lenet needs images of at least {MIN_SIDE}x{MIN_SIDE} pixels; got {sides[0]}x{sides[1]}")
        if pool not in POOLS:
            raise UsageError(f"no pooling named {pool!r}; there are: {', '.join(POOLS)}")
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, (maps, expected) in enumerate(((6, FIRST), (16, SECOND)), start=1):
            padding = (padding_for(sides[0], expected), padding_for(sides[1], expected))
            layers[f"conv{number}"] = nn.Conv2d(channels, maps, KERNEL, padding=padding)
            layers[f"activation{number}"] = make_activation(activation)
            layers[f"pool{number}"] = POOLS[pool](2)
            channels = maps
            sides = [(side + 2 * pad - KERNEL + 1) // 2 for side, pad in zip(sides, padding, strict=True)]
        layers["flatten"] = nn.Flatten()
        inputs = channels * sides[0] * sides[1]
        for number, units in enumerate((120, 84), start=1):
            layers[f"fc{number}"] = nn.Linear(inputs, units)
            layers[f"activation{number + 2}"] = make_activation(activation)
            inputs = units
        self.features = nn.Sequential(layers)
        self.head = nn.Linear(inputs, classes)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) float -> logits (B, classes)."""
        logits: Tensor = self.head(self.features(images))
        return logits


def build(cfg: Any, *, shape: tuple[int, int, int], classes: int) -> LeNet:
    """The model that `cfg`, the model section, describes."""
    return LeNet(shape, classes, activation=cfg.activation, pool=cfg.pool)
