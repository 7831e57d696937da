"""Which images are trained on, validated on and tested on."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lrlab.data.images import Images, RawSplits
from lrlab.data.splits import limit_rows, split_off
from lrlab.errors import DataError, UsageError


@dataclass(frozen=True, slots=True)
class Part:
    """A split: `rows` (ascending int64) of `images`. The rows also name the samples in the random draws."""

    images: Images
    rows: Tensor

    @property
    def labels(self) -> Tensor:
        """(len(rows),) int64."""
        return self.images.labels[self.rows]

    @property
    def bytes(self) -> int:
        """Size of the pixels as uint8."""
        channels, height, width = self.images.shape
        return len(self.rows) * channels * height * width


def make_parts(raw: RawSplits, cfg: Any) -> dict[str, Part]:
    """`train`, `val` (unless `val_fraction` is 0) and `test`, in this order.

    The validation split is the set's own or held out of the training images, stratified by `split_seed`;
    `limit` then thins the training images, so the validation split is the same for every limit.

    Raises:
        DataError: a label has no class.
        UsageError: fewer training images than a batch, or than classes.
    """
    rows = torch.arange(len(raw.train.labels))
    parts = {}
    if cfg.val_fraction and raw.val is not None:
        parts["val"] = _whole(raw.val)
    elif cfg.val_fraction:
        held, rows = split_off(
            raw.train.labels, cfg.val_fraction, seed=cfg.split_seed, use="val", name="data.val_fraction"
        )
        parts["val"] = Part(raw.train, held)
    train = Part(raw.train, limit_rows(raw.train.labels, rows, cfg.limit, seed=cfg.split_seed))
    parts = {"train": train, **parts, "test": _whole(raw.test)}
    _check_labels(parts, len(raw.class_names))
    _check_batch(cfg.batch_size, len(train.rows))
    return parts


def _whole(images: Images) -> Part:
    return Part(images, torch.arange(len(images.labels)))


def _check_labels(parts: dict[str, Part], classes: int) -> None:
    for name, part in parts.items():
        low, high = part.labels.min().item(), part.labels.max().item()
        if low < 0 or high >= classes:
            raise DataError(f"{name} labels go from {low} to {high}; {classes} classes need 0 to {classes - 1}")


def _check_batch(batch_size: int, images: int) -> None:
    if batch_size > images:
        raise UsageError(
            f"data.batch_size={batch_size} is more than the {images} training images",
            hint="lower data.batch_size, or raise data.limit, or lower data.val_fraction",
        )
