"""Your own images: root/[split/]class/image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lrlab.data.folders import check_classes, find_images, find_layout
from lrlab.data.images import RawSplits
from lrlab.data.pictures import open_image, picture_pixels
from lrlab.data.presence import data_root
from lrlab.data.splits import split_off
from lrlab.errors import DataError


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
        pixels = picture_pixels(open_image(file), self.shape[0], self.image_size)
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
            check_classes(layout.train, names, folder, other_names)
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
