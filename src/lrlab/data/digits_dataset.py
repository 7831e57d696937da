"""The embedded digits as a torchvision data set, for use outside lrlab's own sources."""

from collections.abc import Callable
from typing import Any

from PIL import Image
from torchvision.datasets import VisionDataset

from lrlab.data.digits import CLASS_NAMES, digit_splits


class Digits(VisionDataset):  # type: ignore[misc]
    """scikit-learn's handwritten digits: 8x8, grey, 1,438 training and 359 test images.

    Used like `torchvision.datasets.MNIST`, but needs no files and no network.

    Args:
        train: which split.
        transform: applied to the PIL image (mode L).
        target_transform: applied to the label.

    Attributes:
        data: (N, 8, 8) uint8.
        targets: (N,) int64.
        classes: names in label order.
    """

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__("", transform=transform, target_transform=target_transform)
        self.train = train
        self.classes = list(CLASS_NAMES)
        images = digit_splits()[0 if train else 1]
        self.data, self.targets = images.pixels[:, 0], images.labels

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """(image, label)."""
        image: Any = Image.fromarray(self.data[index].numpy())
        label: Any = int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """What `repr` adds."""
        return f"Split: {'Train' if self.train else 'Test'}"
