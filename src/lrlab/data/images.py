"""Labelled images as uint8, held or read on demand; and what a loader hands over."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from lrlab.errors import DataError, LrlabError


class Images(Protocol):
    """Labelled images of one size.

    Attributes:
        shape: (channels, height, width).
        labels: (N,) int64 on the CPU.
    """

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""

    @property
    def labels(self) -> Tensor:
        """(N,) int64 on the CPU."""

    def read(self, rows: Sequence[int]) -> Tensor:
        """The images at `rows`, (len(rows), C, H, W) uint8 on the CPU."""


def read_rows(images: Images, rows: Sequence[int]) -> Tensor:
    """`images.read(rows)`, whoever wrote it.

    Raises:
        DataError: reading failed; a reason of the user's own code is named with its place.
    """
    try:
        return images.read(rows)
    except LrlabError:
        raise
    except Exception as error:
        shown = ", ".join(map(str, rows[:8])) + (", ..." if len(rows) > 8 else "")
        raise DataError(f"images {shown} of {type(images).__name__} cannot be read: {essence(error)}") from error


def essence(error: BaseException) -> str:
    """An exception on one line: type, text, and the file and line it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{place}"


@dataclass(frozen=True, slots=True)
class TensorImages:
    """Images held as one tensor: `pixels` (N, C, H, W) uint8, `labels` (N,) int64."""

    pixels: Tensor
    labels: Tensor

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        _, channels, height, width = self.pixels.shape
        return channels, height, width

    def read(self, rows: Sequence[int]) -> Tensor:
        """The images at `rows`."""
        return self.pixels[torch.as_tensor(rows, dtype=torch.int64)]


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation per channel, in units of full scale (255 is 1)."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RawSplits:
    """What a loader named in the registry returns.

    Attributes:
        class_names: in label order.
        train: everything that may be trained on; a validation split is taken from it where `val` is None.
        test: held out.
        val: the set's own validation split, where it has one.
        moments: the published ones of the set; None has them computed on the training split.
    """

    class_names: tuple[str, ...]
    train: Images
    test: Images
    val: Images | None = None
    moments: Moments | None = None
