"""One picture as uint8 pixels: opened, made square, in one or three channels."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lrlab.errors import DataError

_MODES = {1: "L", 3: "RGB"}


def open_image(file: Path) -> Image.Image:
    """Open and decode one image file.

    Raises:
        DataError: it cannot be; names the file.
    """
    try:
        with Image.open(file) as image:
            image.load()
            return image
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"cannot read image {file}: {error}", hint="replace the file or remove it") from error


def fit_square(image: Image.Image, side: int) -> Image.Image:
    """The largest centred square of `image`, resampled (bilinear, antialiased) to `side` pixels."""
    width, height = image.size
    edge = min(width, height)
    left, top = (width - edge) // 2, (height - edge) // 2
    plain = image if image.mode in ("L", "RGB") else image.convert("RGB")
    return plain.crop((left, top, left + edge, top + edge)).resize((side, side), Image.Resampling.BILINEAR)


def picture_pixels(image: Image.Image, channels: int, side: int | None) -> Tensor:
    """(channels, H, W) uint8; H = W = `side` where it is given.

    Args:
        image: decoded.
        channels: 1 makes it grey, 3 colour.
        side: see `fit_square`; None takes the picture as it is.
    """
    picture = fit_square(image, side) if side else image
    values = np.array(picture.convert(_MODES[channels]))
    return torch.from_numpy(values).view(*values.shape[:2], -1).permute(2, 0, 1)
