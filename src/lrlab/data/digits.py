"""The embedded default: scikit-learn's handwritten digits, 8x8, no network needed."""

from functools import lru_cache
from typing import Any

import torch

from lrlab.data.images import RawSplits, TensorImages
from lrlab.data.splits import split_off

CLASS_NAMES = tuple("0123456789")
TEST_FRACTION = 0.2
_SPLIT_SEED = 0  # part of what the set is, like MNIST's own test split; not the user's split seed


@lru_cache(maxsize=1)
def digit_splits() -> tuple[TensorImages, TensorImages]:
    """Training (1,438) and test (359) images; the values 0..16 scaled to 0..255.

    Source: scikit-learn `load_digits`, the test part of UCI's "Optical Recognition of Handwritten Digits".
    """
    from sklearn.datasets import load_digits  # 0.7 s, only where the digits are asked for

    bunch = load_digits()
    values = torch.from_numpy(bunch.images).view(-1, 1, 8, 8)
    pixels = (values * (255 / 16)).round().to(torch.uint8)
    labels = torch.from_numpy(bunch.target).to(torch.int64)
    test, train = split_off(labels, TEST_FRACTION, seed=_SPLIT_SEED, use="digits", name="test fraction")
    return TensorImages(pixels[train], labels[train]), TensorImages(pixels[test], labels[test])


def load(cfg: Any) -> RawSplits:
    """The digits; nothing in the config changes them."""
    train, test = digit_splits()
    return RawSplits(CLASS_NAMES, train, test)
