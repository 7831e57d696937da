"""Items of a map-style data set: pairs of an image and a class number."""

from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lrlab.data.images import essence
from lrlab.errors import DataError, LrlabError, UsageError

_ATTRIBUTES = ("targets", "labels")  # where torchvision's sets keep the class numbers


def read_item(dataset: Any, row: int, name: str) -> tuple[Any, Any]:
    """`dataset[row]`, a pair of an image and a label.

    Raises:
        DataError: reading it failed; names the item of `name` and the reason.
        UsageError: it is no pair.
    """
    try:
        item = dataset[row]
    except LrlabError:
        raise
    except Exception as error:
        raise DataError(f"item {row} of {name} cannot be read: {essence(error)}") from error
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise UsageError(f"item {row} of {name} is a {type(item).__name__}, not a pair (image, label)")
    return item[0], item[1]


def read_labels(dataset: Any, name: str) -> Tensor:
    """(N,) int64: what `dataset[i][1]` is for every i.

    They come from `dataset.targets` or `dataset.labels` where the first, middle and last item agree with it; else every
    item is read once.

    Raises:
        UsageError: the set has no length.
        DataError: it is empty, an item cannot be read, or its label is no class number; names it.
    """
    try:
        size = len(dataset)
    except TypeError as error:
        raise UsageError(f"{name} has no length", hint="a map-style data set is needed") from error
    if not size:
        raise DataError(f"{name} is empty")
    probes = {row: _label(dataset, row, name) for row in (0, size // 2, size - 1)}
    for attribute in _ATTRIBUTES:
        held = _held(getattr(dataset, attribute, None), size)
        if held is not None and all(held[row] == label for row, label in probes.items()):
            return held
    return torch.tensor([_label(dataset, row, name) for row in range(size)], dtype=torch.int64)


def _held(values: Any, size: int) -> Tensor | None:
    """`values` as (size,) int64, or None where they are not that many whole numbers."""
    if not isinstance(values, list | tuple | np.ndarray | Tensor):
        return None
    try:
        found = torch.as_tensor(values)
    except (TypeError, ValueError, RuntimeError):  # text, None, ragged lists
        return None
    whole = not found.is_floating_point() and not found.is_complex() and found.dtype != torch.bool
    return found.to(torch.int64) if whole and found.shape == (size,) else None


def _label(dataset: Any, row: int, name: str) -> int:
    label = read_item(dataset, row, name)[1]
    if isinstance(label, Tensor | np.ndarray) and label.ndim == 0:
        label = label.item()
    if not isinstance(label, Integral) or isinstance(label, bool):
        raise DataError(
            f"the label of item {row} of {name} is {label!r}, not a class number",
            hint="give the data set a target_transform that makes it one",
        )
    return int(label)
