"""What is known of the named data sets before any file is opened. Imports nothing heavy: listings use it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KnownSet:
    """A data set's published facts.

    Attributes:
        shape: (channels, height, width).
        classes: how many.
        train: images.
        test: images.
        kind: the class in `torchvision.datasets` that reads and downloads it; empty for a set that needs no files.
        folder: where that class keeps its files under the data root; `.` is the root itself.
        files: in `folder`.
        idx: whether they are IDX files, training images and labels first.
        md5: of files whose sums torchvision does not know, by name.
        mean: per channel over the training images, in units of full scale; empty: to be computed.
        std: likewise.
    """

    shape: tuple[int, int, int]
    classes: int
    train: int
    test: int
    kind: str = ""
    folder: str = ""
    files: tuple[str, ...] = ()
    idx: bool = False
    md5: Mapping[str, str] = field(default_factory=dict)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @property
    def downloads(self) -> bool:
        """Whether `lrlab data get` has anything to fetch."""
        return bool(self.files)


def _mnist_like(kind: str, mean: float, std: float, md5: tuple[str, ...] = ()) -> KnownSet:
    """A set in the four files of MNIST."""
    files = (
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
    )  # fmt: skip
    return KnownSet(
        (1, 28, 28), 10, 60_000, 10_000, kind, f"{kind}/raw", files, idx=True,
        md5=dict(zip(files, md5, strict=False)), mean=(mean,), std=(std,),
    )  # fmt: skip


# Mean and std of MNIST are measured (tests/data/test_real_data.py). Those of the other sets are the values published
# for their training images wherever these sets are used; lrlab has not measured them: normalize=computed does.
KNOWN = {
    "digits": KnownSet((1, 8, 8), 10, 1438, 359),
    "mnist": _mnist_like(
        "MNIST", 0.1307, 0.3081,
        (
            "6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637",
        ),
    ),
    "fashionmnist": _mnist_like("FashionMNIST", 0.2860, 0.3530),
    "kmnist": _mnist_like("KMNIST", 0.1918, 0.3483),
    "cifar10": KnownSet(
        (3, 32, 32), 10, 50_000, 10_000, "CIFAR10", "cifar-10-batches-py",
        (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"),
        mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616),
    ),
    "cifar100": KnownSet(
        (3, 32, 32), 100, 50_000, 10_000, "CIFAR100", "cifar-100-python", ("train", "test", "meta"),
        mean=(0.5071, 0.4865, 0.4409), std=(0.2673, 0.2564, 0.2762),
    ),
    "svhn": KnownSet(
        (3, 32, 32), 10, 73_257, 26_032, "SVHN", ".", ("train_32x32.mat", "test_32x32.mat"),
        mean=(0.4377, 0.4438, 0.4728), std=(0.1980, 0.2010, 0.1970),
    ),
}  # fmt: skip
