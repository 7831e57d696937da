"""The files of the named sets, with a few random images in them, and sums to match."""

import gzip
import hashlib
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from torchvision import datasets

from lrlab.data.catalog import KNOWN

IDX = [name for name, known in KNOWN.items() if known.idx]
TRAIN, TEST = 60, 20


def write_idx(path: Path, values: np.ndarray) -> None:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    path.write_bytes(header + values.astype(np.uint8).tobytes())


def write_set(name: str, root: Path) -> Path:
    """60 + 20 images of a named set with files, under `root`; their folder."""
    folder = root / KNOWN[name].folder
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(0)
    if KNOWN[name].idx:
        _write_mnist(folder, draw)
    elif name == "svhn":
        for split, size in (("train", TRAIN), ("test", TEST)):
            images = draw.integers(0, 256, (32, 32, 3, size), dtype=np.uint8)
            labels = (np.arange(size) % 10 + 1).astype(np.uint8)[:, None]  # 1 to 10; the last means 0
            savemat(folder / f"{split}_32x32.mat", {"X": images, "y": labels})
    else:
        _write_cifar(name, folder, draw)
    return folder


def write_images(folder: Path, classes: int, images: int, *, size: tuple[int, int] = (10, 8), seed: int = 0) -> None:
    """`images` PNG files (width, height) = `size` in each of `classes` class folders."""
    draw = np.random.default_rng(seed)
    for label in range(classes):
        place = folder / f"class{label}"
        place.mkdir(parents=True)
        for index in range(images):
            values = draw.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(values).save(place / f"{index:03d}.png")


def _write_mnist(folder: Path, draw: np.random.Generator) -> None:
    for split, size in (("train", TRAIN), ("t10k", TEST)):
        write_idx(folder / f"{split}-images-idx3-ubyte", draw.integers(0, 256, (size, 28, 28)))
        write_idx(folder / f"{split}-labels-idx1-ubyte", np.arange(size) % 10)


def _write_cifar(name: str, folder: Path, draw: np.random.Generator) -> None:
    kind = getattr(datasets, KNOWN[name].kind)
    label_key, classes = ("labels", 10) if name == "cifar10" else ("fine_labels", 100)
    for files, size in ((kind.train_list, TRAIN), (kind.test_list, TEST)):
        for file, _ in files:
            share = size // len(files)
            data = draw.integers(0, 256, (share, 3072), dtype=np.uint8)
            labels = [number % 10 for number in range(share)]
            (folder / file).write_bytes(pickle.dumps({"data": data, label_key: labels}))
    names = {kind.meta["key"]: [f"class {number}" for number in range(classes)]}
    (folder / kind.meta["filename"]).write_bytes(pickle.dumps(names))


def publish(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have torchvision take the files as they are now for the published ones."""
    kind, folder = getattr(datasets, KNOWN[name].kind), root / KNOWN[name].folder
    if name == "svhn":
        lists = {
            split: [url, file, md5(folder / file)]
            for split, (url, file, _) in kind.split_list.items()
            if split != "extra"
        }
        monkeypatch.setattr(kind, "split_list", lists)
    elif not KNOWN[name].idx:  # torchvision reads IDX files without a look at their sums
        for attribute in ("train_list", "test_list"):
            files = [[file, md5(folder / file)] for file, _ in getattr(kind, attribute)]
            monkeypatch.setattr(kind, attribute, files)
        monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": md5(folder / kind.meta["filename"])})


def pack(name: str, root: Path, target: Path) -> dict[str, str]:
    """The IDX files of a set as .gz in `target`; the sum of each."""
    target.mkdir(parents=True, exist_ok=True)
    sums = {}
    for file in KNOWN[name].files:
        packed = target / f"{file}.gz"
        packed.write_bytes(gzip.compress((root / KNOWN[name].folder / file).read_bytes(), mtime=0))
        sums[packed.name] = md5(packed)
    return sums


def md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
