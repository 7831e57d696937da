"""MNIST and CIFAR-10, read by torchvision."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torchvision import datasets

from lrlab.data.catalog import KNOWN
from lrlab.data.download import fetch
from lrlab.data.images import Moments, RawSplits, TensorImages
from lrlab.data.presence import check_files, data_root, get_command
from lrlab.errors import DataError


def load_mnist(cfg: Any) -> RawSplits:
    """60,000 + 10,000 images, 28x28 grey. Source: LeCun et al. 1998."""
    return _load(cfg, datasets.MNIST, lambda data: data.unsqueeze(1))


def load_cifar10(cfg: Any) -> RawSplits:
    """50,000 + 10,000 images, 32x32 RGB. Source: Krizhevsky 2009."""
    return _load(cfg, datasets.CIFAR10, lambda data: torch.from_numpy(data).permute(0, 3, 1, 2).contiguous())


def _load(cfg: Any, kind: Any, to_pixels: Callable[[Any], torch.Tensor]) -> RawSplits:
    root, known = data_root(cfg), KNOWN[cfg.name]
    if cfg.download:
        fetch(cfg.name, root)
    check_files(cfg.name, root)
    train, test = _open(cfg.name, kind, root, train=True), _open(cfg.name, kind, root, train=False)
    images = [
        TensorImages(to_pixels(part.data), torch.as_tensor(part.targets, dtype=torch.int64)) for part in (train, test)
    ]
    return RawSplits(tuple(train.classes), images[0], images[1], moments=Moments(known.mean, known.std))


def _open(name: str, kind: Any, root: Path, *, train: bool) -> Any:
    """Have torchvision read a split; its complaints about the files become ours."""
    try:
        return kind(str(root), train=train, download=False)
    except (RuntimeError, ValueError, AssertionError, EOFError, KeyError) as error:
        folder = root / KNOWN[name].folder
        raise DataError(
            f"data set {name!r} in {folder} is damaged: {error}",
            hint=f"delete that folder, then run: {get_command(name, root)}",
        ) from error
