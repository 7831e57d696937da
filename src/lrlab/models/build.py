"""From a model section to a network."""

from typing import Any

from torch import nn

from lrlab.errors import UsageError
from lrlab.registry import MODELS


def build_model(cfg: Any, *, shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Build the model that `cfg`, the model section, names. Weights come from torch's global generator.

    Args:
        cfg: the config's model section.
        shape: (channels, height, width) of the images.
        classes: outputs.

    Raises:
        UsageError: no such model, or no network for such images.
    """
    if len(shape) != 3 or min(shape) < 1:
        raise UsageError(f"images of shape {tuple(shape)}: channels, height and width must all be at least 1")
    if classes < 2:
        raise UsageError(f"{classes} classes: there is nothing to learn below 2")
    model: nn.Module = MODELS.resolve(cfg.name)(cfg, shape=shape, classes=classes)
    return model
