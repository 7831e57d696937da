"""What is known of a data set once it is loaded."""

from dataclasses import dataclass
from typing import Literal

StorageKind = Literal["resident", "stream"]
Normalization = Literal["published", "computed", "given", "none"]


@dataclass(frozen=True, slots=True)
class DataFacts:
    """The numbers a model, a report and a run record need.

    Attributes:
        name: what the config calls the set.
        channels: of every image.
        height: pixels.
        width: pixels.
        class_names: in the order of the labels 0, 1, ...
        class_counts: training images of each class.
        val_counts: validation images of each class; empty without a validation split.
        test_counts: test images of each class.
        normalization: where mean and std come from.
        mean: subtracted per channel, in units of full scale (255 is 1).
        std: divided by per channel, in the same units.
        train_size: training images, after the validation split and `limit`.
        val_size: validation images; 0 without a validation split.
        test_size: test images.
        fingerprint: sha256 of the pixels and labels of the three splits, in order. It is the same in both
            storages and changes with `limit` and `split_seed`: it names what was trained on.
        storage: where the images live.
    """

    name: str
    channels: int
    height: int
    width: int
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    val_counts: tuple[int, ...]
    test_counts: tuple[int, ...]
    normalization: Normalization
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train_size: int
    val_size: int
    test_size: int
    fingerprint: str
    storage: StorageKind

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return (self.channels, self.height, self.width)

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.class_names)
