"""Your own images: root/[split/]class/image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lrlab.data.folders import find_images, find_layout
from lrlab.data.images import RawSplits
from lrlab.data.presence import data_root
from lrlab.data.splits import split_off
from lrlab.errors import DataError

_MODES = {1: "L", 3: "RGB"}


@dataclass(frozen=True, slots=True)
class FolderImages:
    """Image files, decoded when read.

    Attributes:
        files: one per image.
        labels: (N,) int64.
        shape: (channels, height, width) that every image must come out as.
        reference: the file `shape` was taken from, for messages.
        image_size: side in pixels that images are brought to; None takes them as they are.
    """

    files: tuple[Path, ...]
    labels: Tensor
    shape: tuple[int, int, int]
    reference: Path
    image_size: int | None

    def read(self, rows: Sequence[int]) -> Tensor:
        """Decode the images at `rows`, (len(rows), C, H, W) uint8."""
        return torch.stack([self._decode(self.files[row]) for row in rows])

    def _decode(self, file: Path) -> Tensor:
        image = open_image(file)
        picture = fit_square(image, self.image_size) if self.image_size else image
        values = np.array(picture.convert(_MODES[self.shape[0]]))
        pixels = torch.from_numpy(values).view(*values.shape[:2], -1).permute(2, 0, 1)
        if pixels.shape != self.shape:
            raise DataError(
                f"images differ in size: {self.reference} is {self.shape[2]}x{self.shape[1]}, "
                f"{file} is {pixels.shape[2]}x{pixels.shape[1]} (width x height)",
                hint="set data.image_size to bring all of them to one",
            )
        return pixels

    def only(self, rows: Tensor) -> "FolderImages":
        """The images at `rows`."""
        files = tuple(self.files[row] for row in rows.tolist())
        return FolderImages(files, self.labels[rows], self.shape, self.reference, self.image_size)


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


def load(cfg: Any) -> RawSplits:
    """The folder's splits as they stand; without a test split, `test_fraction` is held out, stratified.

    Raises:
        DataError: no folder, an empty class folder, or splits with different classes. Images that cannot be
            read or differ in size are found when they are read.
    """
    layout = find_layout(data_root(cfg))
    names, train = _split(layout.train, cfg)
    others = {}
    for split, folder in (("test", layout.test), ("val", layout.val)):
        if folder is not None:
            other_names, others[split] = _split(folder, cfg, like=train)
            _check_classes(layout.train, names, folder, other_names)
    if "test" not in others:
        held, kept = split_off(
            train.labels, cfg.test_fraction, seed=cfg.split_seed, use="test", name="data.test_fraction"
        )
        others["test"], train = train.only(held), train.only(kept)
    return RawSplits(names, train, others["test"], others.get("val"))


def _split(folder: Path, cfg: Any, like: FolderImages | None = None) -> tuple[tuple[str, ...], FolderImages]:
    names, found = find_images(folder)
    files = tuple(file for file, _ in found)
    labels = torch.tensor([label for _, label in found], dtype=torch.int64)
    if like is not None:
        return names, FolderImages(files, labels, like.shape, like.reference, cfg.image_size)
    width, height = (cfg.image_size,) * 2 if cfg.image_size else open_image(files[0]).size
    return names, FolderImages(files, labels, (cfg.channels, height, width), files[0], cfg.image_size)


def _check_classes(train: Path, names: tuple[str, ...], other: Path, other_names: tuple[str, ...]) -> None:
    if names != other_names:
        odd = sorted(set(names) ^ set(other_names))
        raise DataError(
            f"{train} and {other} have different class folders: {', '.join(odd)} only in one of them",
            hint="every split needs the same classes",
        )
