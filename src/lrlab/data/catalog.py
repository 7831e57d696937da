"""What is known of the named data sets before any file is opened. Imports nothing heavy: listings use it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownSet:
    """A data set's published facts.

    Attributes:
        shape: (channels, height, width).
        classes: how many.
        train: images.
        test: images.
        folder: where its files lie under the data root; empty for a set that needs none.
        files: in `folder`.
        mean: per channel over the training images, in units of full scale; empty: to be computed.
        std: likewise.
    """

    shape: tuple[int, int, int]
    classes: int
    train: int
    test: int
    folder: str = ""
    files: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @property
    def downloads(self) -> bool:
        """Whether `lrlab data get` has anything to fetch."""
        return bool(self.files)


KNOWN = {
    "digits": KnownSet((1, 8, 8), 10, 1438, 359),
    "mnist": KnownSet(
        (1, 28, 28), 10, 60_000, 10_000, "MNIST/raw",
        (
            "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
        ),
        (0.1307,), (0.3081,),
    ),
    "cifar10": KnownSet(
        (3, 32, 32), 10, 50_000, 10_000, "cifar-10-batches-py",
        (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"),
        (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616),
    ),
}  # fmt: skip
