"""What a data section promises before any image is read. Imports nothing heavy."""

from typing import Any

from lrlab.data.catalog import KNOWN
from lrlab.data.folders import find_images, find_layout
from lrlab.data.presence import data_root
from lrlab.errors import UsageError


def image_shape(cfg: Any) -> tuple[int, int, int]:
    """(channels, height, width) of the images that `cfg`, a data section, will give.

    Raises:
        UsageError: only the images themselves could tell.
    """
    if cfg.name in KNOWN:
        return KNOWN[cfg.name].shape
    if cfg.image_size is None:
        raise UsageError(
            f"data.name={cfg.name} without data.image_size: how large the images are is known only once they are read",
            hint="set data.image_size, for example data.image_size=64",
        )
    return (cfg.channels, cfg.image_size, cfg.image_size)


def class_count(cfg: Any) -> int:
    """How many classes the data set has; those of an image folder are counted in it.

    Raises:
        DataError: there is no such folder.
    """
    if cfg.name in KNOWN:
        return KNOWN[cfg.name].classes
    if cfg.name == "imagefolder":
        names, _ = find_images(find_layout(data_root(cfg)).train)
        return len(names)
    return int(cfg.classes)
