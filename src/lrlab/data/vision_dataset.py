"""Any torchvision classification set, or one made like them, as splits that lrlab trains on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import to_pil_image

from lrlab.data.images import Images, Moments, RawSplits, TensorImages, essence
from lrlab.data.items import read_item, read_labels
from lrlab.data.pictures import picture_pixels
from lrlab.errors import DataError, UsageError

_GREY = ("1", "L")
_TWICE = 4  # items read twice, to see that reading is not random


@dataclass(frozen=True, slots=True)
class DatasetImages:
    """Items of a map-style data set, decoded when read.

    Attributes:
        dataset: `dataset[i]` is (image, label); the image is PIL's, or uint8: an array (H, W[, C]) or a tensor
            (C, H, W).
        name: for messages.
        labels: (N,) int64.
        shape: (channels, height, width) that every image must come out as.
        image_size: side in pixels that images are brought to; None takes them as they are.
        to_grey: whether a colour image may be turned grey where `shape` has one channel.
    """

    dataset: Any
    name: str
    labels: Tensor
    shape: tuple[int, int, int]
    image_size: int | None = None
    to_grey: bool = False

    def read(self, rows: Sequence[int]) -> Tensor:
        """The images at `rows`, (len(rows), C, H, W) uint8.

        Raises:
            DataError: an item cannot be read or does not fit; names it and the reason.
        """
        return torch.stack([self._decode(row) for row in rows])

    def _decode(self, row: int) -> Tensor:
        picture = read_picture(self.dataset, row, self.name)
        if self.shape[0] == 1 and picture.mode not in _GREY and not self.to_grey:
            raise DataError(
                f"item {row} of {self.name} is in colour ({picture.mode}), item 0 is grey",
                hint="pass channels=3 to have all of them in colour, channels=1 to have them grey",
            )
        pixels = picture_pixels(picture, self.shape[0], self.image_size)
        if pixels.shape != self.shape:
            raise DataError(
                f"images differ in size: item {row} of {self.name} is {pixels.shape[2]}x{pixels.shape[1]}, "
                f"the first training image is {self.shape[2]}x{self.shape[1]} (width x height)",
                hint="pass image_size to bring all of them to one",
            )
        return pixels


def from_torchvision(
    train: Any,
    test: Any,
    *,
    val: Any = None,
    class_names: Sequence[str] | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    moments: Moments | None = None,
) -> RawSplits:
    """Splits from map-style classification data sets, torchvision's or your own.

    A set that holds its images as one uint8 array in `data` is taken as a tensor (once the first, middle and last
    item show that `dataset[i]` means the same); any other is read item by item. Build them without ToTensor and
    without random transforms: lrlab keeps pixels as uint8, normalises and augments them itself.

    Args:
        train, test: `dataset[i]` is (image, class number); the image is PIL's or uint8.
        val: likewise; None has the validation split taken from `train`.
        class_names: in label order; default: `train.classes`, else the numbers.
        image_size: side in pixels of the centred square that every image is brought to.
        channels: 1 or 3; default: what the first training image has.
        moments: published mean and std; None has them computed.

    Raises:
        UsageError: a set has no length, or gives something else than pairs of a uint8 image and a label.
        DataError: labels are no class numbers, or the sets have different classes. Items that cannot be read or differ
            in size are found when they are read.
    """
    sets = {"train": train, "test": test, **({"val": val} if val is not None else {})}
    names = {split: f"{type(dataset).__name__} ({split})" for split, dataset in sets.items()}
    labels = {split: read_labels(dataset, names[split]) for split, dataset in sets.items()}
    first = read_picture(train, 0, names["train"])
    depth = channels or (1 if first.mode in _GREY else 3)
    _, height, width = picture_pixels(first, depth, image_size).shape
    shape = (depth, height, width)
    images = {
        split: _images(
            DatasetImages(dataset, names[split], labels[split], shape, image_size, to_grey=channels is not None)
        )
        for split, dataset in sets.items()
    }
    highest = max(int(values.max()) for values in labels.values())
    return RawSplits(
        class_names=_class_names(class_names, sets, highest + 1),
        train=images["train"],
        test=images["test"],
        val=images.get("val"),
        moments=moments,
    )


def read_picture(dataset: Any, row: int, name: str) -> Image.Image:
    """The image of `dataset[row]`.

    Raises:
        DataError: it cannot be read; names the item and the reason.
        UsageError: it is neither PIL's nor uint8.
    """
    image = read_item(dataset, row, name)[0]
    if isinstance(image, Image.Image):
        return image
    if isinstance(image, np.ndarray | Tensor) and image.dtype in (np.uint8, torch.uint8):
        try:
            picture: Image.Image = to_pil_image(image)
        except (TypeError, ValueError) as error:
            raise DataError(f"item {row} of {name} is no image: {essence(error)}") from error
        return picture
    what = f"a {image.dtype} {type(image).__name__}" if hasattr(image, "dtype") else f"a {type(image).__name__}"
    raise UsageError(
        f"the image of item {row} of {name} is {what}, not a PIL image or uint8",
        hint="build the data set without ToTensor and Normalize; lrlab does both",
    )


def _images(items: DatasetImages) -> Images:
    """As one tensor where the set holds one, else item by item."""
    probes = sorted({0, len(items.labels) // 2, len(items.labels) - 1})
    for pixels in _held_pixels(items):
        if pixels.shape[1:] == items.shape and torch.equal(pixels[probes], items.read(probes)):
            return TensorImages(pixels.contiguous(), items.labels)
    rows = range(min(_TWICE, len(items.labels)))
    if not torch.equal(items.read(rows), items.read(rows)):
        raise UsageError(
            f"items of {items.name} differ when they are read twice",
            hint="take random transforms out; data.crop, data.flip and data.cutout augment",
        )
    return items


def _held_pixels(items: DatasetImages) -> list[Tensor]:
    """What `dataset.data` may mean as (N, C, H, W): channels first, then last; empty where it is no such array."""
    data = getattr(items.dataset, "data", None)
    changed = any(getattr(items.dataset, name, None) is not None for name in ("transform", "transforms"))
    if changed or items.image_size or not isinstance(data, np.ndarray | Tensor) or len(data) != len(items.labels):
        return []
    values = torch.as_tensor(data)
    if values.dtype != torch.uint8 or values.ndim not in (3, 4):
        return []
    return [values.unsqueeze(1)] if values.ndim == 3 else [values, values.permute(0, 3, 1, 2)]


def _class_names(given: Sequence[str] | None, sets: dict[str, Any], count: int) -> tuple[str, ...]:
    found = {split: list(dataset.classes) for split, dataset in sets.items() if getattr(dataset, "classes", None)}
    for split, names in found.items():
        if given is None and names != found.get("train", names):
            raise DataError(f"the train and {split} sets have different classes", hint="pass class_names")
    chosen = list(given) if given is not None else found.get("train") or list(range(count))
    return tuple(", ".join(name) if isinstance(name, tuple | list) else str(name) for name in chosen)
