"""Made-up images with classes that can be learned, for tests and dry runs."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from lrlab.data.images import RawSplits, TensorImages
from lrlab.data.order import generator
from lrlab.errors import UsageError

_COARSE = 4  # side of a class's pattern, in patches
_NOISE = 48.0  # standard deviation of the pixel noise, of 255


def load(cfg: Any) -> RawSplits:
    """A class is a pattern of 4x4 patches, an image its class's pattern in noise; always the same images.

    Raises:
        UsageError: fewer images than classes.
    """
    for key, size in (("train_size", cfg.train_size), ("test_size", cfg.test_size)):
        if size < cfg.classes:
            raise UsageError(f"data.{key}={size} is below data.classes={cfg.classes}: a class would have no image")
    patterns = torch.rand(cfg.classes, cfg.channels, _COARSE, _COARSE, generator=generator(0, "fake", "patterns"))
    templates = interpolate(patterns * 255, size=(cfg.image_size, cfg.image_size), mode="nearest")
    names = tuple(f"class{label}" for label in range(cfg.classes))
    return RawSplits(names, _draw(templates, cfg.train_size, "train"), _draw(templates, cfg.test_size, "test"))


def _draw(templates: Tensor, size: int, split: str) -> TensorImages:
    labels = torch.arange(size) % len(templates)
    noise = torch.randn(size, *templates.shape[1:], generator=generator(0, "fake", split)) * _NOISE
    pixels = (templates[labels] + noise).round().clamp(0, 255).to(torch.uint8)
    return TensorImages(pixels, labels)
