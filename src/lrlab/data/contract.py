"""What loaded images must be, whoever loaded them."""

from typing import Any

import torch
from torch import Tensor

from lrlab.data.images import RawSplits


def splits_problem(raw: RawSplits) -> str:
    """What is wrong with a data set, as the end of a sentence about it; empty when nothing is.

    Reads the first and the last image of each split.
    """
    if len(raw.class_names) < 2:
        return f"class_names are {len(raw.class_names)}; at least 2 are needed"
    splits = {"train": raw.train, "test": raw.test, **({"val": raw.val} if raw.val is not None else {})}
    for split, images in splits.items():
        if problem := _images_problem(images):
            return f"{split} {problem}"
        if tuple(images.shape) != tuple(raw.train.shape):
            return f"{split} images are {tuple(images.shape)} and train images {tuple(raw.train.shape)}"
    return ""


def _images_problem(images: Any) -> str:
    if not all(hasattr(images, part) for part in ("shape", "labels", "read")):
        return f"is {_kind(images)}; it must be lrlab.data.images.TensorImages or something like it"
    if not isinstance(images.labels, Tensor) or images.labels.dtype != torch.int64 or images.labels.ndim != 1:
        return f"labels are {_kind(images.labels)}; they must be torch.int64 of shape (N,)"
    if not len(images.labels):
        return "has no images"
    try:
        ends = images.read([0, len(images.labels) - 1])
    except IndexError:
        return f"has {len(images.labels)} labels and fewer images"
    if not isinstance(ends, Tensor) or ends.dtype != torch.uint8 or ends.ndim != 4:
        return f"pixels are {_kind(ends)}; they must be torch.uint8 of shape (N, C, H, W)"
    return ""


def _kind(value: Any) -> str:
    return f"{value.dtype} of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
