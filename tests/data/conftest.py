"""Data sections and small data sets on disk."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_sets import write_images, write_set

COMMON = {
    "root": None, "download": False, "batch_size": 8, "val_fraction": 0.1, "split_seed": 0, "limit": None,
    "normalize": "auto", "mean": None, "std": None, "balance": False, "drop_last": True, "storage": "auto",
    "workers": 0, "crop": 0, "flip": False, "cutout": 0,
}  # fmt: skip
ARMS: dict[str, dict[str, Any]] = {
    "digits": {"batch_size": 32},
    **{name: {} for name in ("mnist", "fashionmnist", "kmnist", "cifar10", "cifar100", "svhn")},
    "imagefolder": {"image_size": None, "channels": 3, "test_fraction": 0.2},
    "fake": {"train_size": 64, "test_size": 16, "channels": 1, "image_size": 12, "classes": 4},
}
Section = Callable[..., SimpleNamespace]


@pytest.fixture
def section() -> Section:
    """`section("mnist", batch_size=4)`: a data section with the defaults for the rest."""

    def make(name: str, **values: Any) -> SimpleNamespace:
        known = {**COMMON, **ARMS[name]}
        assert set(values) <= set(known), "a test must not invent fields"
        return SimpleNamespace(**{"name": name, **known, **values})

    return make


@pytest.fixture
def small_mnist(tmp_path: Path) -> Path:
    """A data root with 60 + 20 random images in MNIST's files."""
    write_set("mnist", tmp_path)
    return tmp_path


@pytest.fixture
def small_folder(tmp_path: Path) -> Path:
    """An image folder with train/ (3 x 12 images) and test/ (3 x 4), 10 wide and 8 high."""
    write_images(tmp_path / "train", 3, 12)
    write_images(tmp_path / "test", 3, 4, seed=1)
    return tmp_path
