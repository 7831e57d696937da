"""Fully connected layers on the flattened image."""

from math import prod
from typing import Any

from torch import Tensor, nn

from lrlab.errors import UsageError
from lrlab.models.activations import make_activation


class MLP(nn.Module):
    """`depth` hidden layers of `width`, each with normalisation, activation and dropout, and a linear head.

    Hidden layers have a bias only where no normalisation follows.

    Args:
        shape: (channels, height, width) of the images.
        classes: outputs.
        depth: hidden layers; 0 is logistic regression.
        width: of every hidden layer.
        norm: none or batch.
        activation: by name.
        dropout: probability, after each activation.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: int,
        *,
        depth: int,
        width: int,
        norm: str,
        activation: str,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if norm not in ("none", "batch"):
            raise UsageError(f"no normalisation named {norm!r} for fully connected layers; there are: none, batch")
        layers: list[nn.Module] = [nn.Flatten()]
        inputs = prod(shape)
        for _ in range(depth):
            layers.append(nn.Linear(inputs, width, bias=norm == "none"))
            if norm == "batch":
                layers.append(nn.BatchNorm1d(width))
            layers.append(make_activation(activation))
            if dropout:
                layers.append(nn.Dropout(dropout))
            inputs = width
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(inputs, classes)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) float -> logits (B, classes)."""
        logits: Tensor = self.head(self.features(images))
        return logits


def build(cfg: Any, *, shape: tuple[int, int, int], classes: int) -> MLP:
    """The model that `cfg`, the model section, describes."""
    return MLP(
        shape,
        classes,
        depth=cfg.depth,
        width=cfg.width,
        norm=cfg.norm,
        activation=cfg.activation,
        dropout=cfg.dropout,
    )
