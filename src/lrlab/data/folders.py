"""The layout of a folder of images: splits, classes, files. Names only; no image is opened."""

import os
from dataclasses import dataclass
from pathlib import Path

from lrlab.errors import DataError

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
_HINT = "data.root is a folder with one folder of images per class in it, or with train/ and test/ of that kind"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the splits of an image folder lie.

    Attributes:
        train: folder of class folders.
        test: likewise; None: to be split off `train`.
        val: likewise.
    """

    train: Path
    test: Path | None = None
    val: Path | None = None


def find_layout(root: Path) -> Layout:
    """Which folders under `root` are splits.

    `train/` counts as a split when it holds folders; then `test/` is the test split and `val/` the
    validation split. With `val/` alone it is what is held out: the test split. Without `train/` the root
    itself is the training folder.

    Raises:
        DataError: there is no such folder, or none with classes in it.
    """
    if not root.is_dir():
        raise DataError(f"no image folder; looked in {root}", hint=_HINT)
    train, test, val = (root / name if _subfolders(root / name) else None for name in ("train", "test", "val"))
    if train is None:
        if not _subfolders(root):
            raise DataError(f"no class folders; looked in {root}", hint=_HINT)
        return Layout(root)
    return Layout(train, test, val) if test is not None else Layout(train, val)


def _subfolders(folder: Path) -> list[str]:
    """Names of the folders in `folder`, sorted; none where there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))


def find_images(folder: Path) -> tuple[tuple[str, ...], list[tuple[Path, int]]]:
    """Class names, and every image with its label, in torchvision's `ImageFolder` order.

    Raises:
        DataError: a class folder has no image in it; names it.
    """
    names = tuple(_subfolders(folder))
    found: list[tuple[Path, int]] = []
    for label, name in enumerate(names):
        files = [
            Path(place, file)
            for place, _, files in sorted(os.walk(folder / name, followlinks=True))
            for file in sorted(files)
            if file.lower().endswith(EXTENSIONS)
        ]
        if not files:
            raise DataError(
                f"class folder {folder / name} has no image in it",
                hint=f"remove it or add images ({', '.join(EXTENSIONS)})",
            )
        found.extend((file, label) for file in files)
    return names, found


def check_classes(train: Path, names: tuple[str, ...], other: Path, other_names: tuple[str, ...]) -> None:
    """Two splits must have the same class folders.

    Raises:
        DataError: they do not; names the odd ones.
    """
    if names != other_names:
        odd = sorted(set(names) ^ set(other_names))
        raise DataError(
            f"{train} and {other} have different class folders: {', '.join(odd)} only in one of them",
            hint="every split needs the same classes",
        )
