"""`data:` which images, how many at a time, how they are split and augmented."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lrlab.config.sections.base import Section


def _yes_or_no(value: Any) -> Any:
    """`normalize: true` and `false`, in words."""
    return ("auto" if value else "none") if isinstance(value, bool) else value


Fraction = Annotated[float, Field(ge=0, le=1)]
PositiveFraction = Annotated[float, Field(gt=0, le=1)]


class DataSection(Section):
    """What all data sets share."""

    root: str | None = Field(None, description="Folder that holds the data sets; default: LRLAB_DATA, else ./data.")
    download: bool = Field(False, description="Fetch the set when it is missing.")
    batch_size: int = Field(64, ge=1, description="Images per batch.")
    val_fraction: float = Field(0.1, ge=0, le=0.5, description="Share of the training images kept for validation.")
    split_seed: int = Field(0, ge=0, lt=2**32, description="Seed of the stratified validation split.")
    limit: int | None = Field(None, ge=1, description="Use only so many training images, in equal shares per class.")
    normalize: Annotated[Literal["auto", "published", "computed", "none"], BeforeValidator(_yes_or_no)] = Field(
        "auto",
        description="Mean and std per channel. published: of the set's source; computed: of these training images; "
        "auto: published where there are any, else computed; none: pixels run from 0 to 1.",
    )
    mean: tuple[Fraction, ...] | None = Field(
        None, description="Your own mean per channel, in units of full scale; with data.std."
    )
    std: tuple[PositiveFraction, ...] | None = Field(
        None, description="Your own standard deviation per channel, in units of full scale."
    )
    balance: bool = Field(
        False, description="Draw every class equally often in training; an epoch keeps its number of images."
    )
    drop_last: bool = Field(True, description="Leave out the incomplete last training batch of an epoch.")
    storage: Literal["auto", "resident", "stream"] = Field(
        "auto",
        description="resident: one uint8 tensor on the device; stream: through a DataLoader; auto: what fits.",
    )
    workers: int = Field(0, ge=0, description="DataLoader processes; storage stream only.")
    crop: int = Field(0, ge=0, description="Zero padding in pixels before a random crop of the same size; 0: none.")
    flip: bool = Field(False, description="Mirror half of the training images left to right.")
    cutout: int = Field(
        0, ge=0, description="Side in pixels of a square set to the mean in each training image; 0: none."
    )


class Digits(DataSection):
    """8x8 handwritten digits, embedded."""

    name: Literal["digits"] = "digits"
    batch_size: int = Field(32, ge=1, description="Images per batch.")


class Mnist(DataSection):
    """28x28 handwritten digits."""

    name: Literal["mnist"] = "mnist"


class FashionMnist(DataSection):
    """28x28 grey images of clothes."""

    name: Literal["fashionmnist"] = "fashionmnist"


class Kmnist(DataSection):
    """28x28 cursive Japanese characters."""

    name: Literal["kmnist"] = "kmnist"


class Cifar10(DataSection):
    """32x32 colour images in ten classes."""

    name: Literal["cifar10"] = "cifar10"


class Cifar100(DataSection):
    """32x32 colour images in a hundred classes."""

    name: Literal["cifar100"] = "cifar100"


class Svhn(DataSection):
    """32x32 colour images of house numbers' digits."""

    name: Literal["svhn"] = "svhn"


class ImageFolder(DataSection):
    """Your own images: root/class/image, or root/train/class/image with test/ or val/ beside it."""

    name: Literal["imagefolder"] = "imagefolder"
    image_size: int | None = Field(None, ge=4, description="Resize to so many pixels square; None: as they are.")
    channels: Literal[1, 3] = Field(3, description="1: grey, 3: colour.")
    test_fraction: float = Field(
        0.2, gt=0, le=0.5, description="Share kept for testing where root has no split folders."
    )


class Fake(DataSection):
    """Made-up images with learnable classes."""

    name: Literal["fake"] = "fake"
    train_size: int = Field(512, ge=1, description="Training images, before the validation split.")
    test_size: int = Field(128, ge=1, description="Test images.")
    channels: Literal[1, 3] = Field(1, description="1: grey, 3: colour.")
    image_size: int = Field(12, ge=4, description="Pixels per side.")
    classes: int = Field(4, ge=2, description="Number of classes.")


DataConfig = Annotated[
    Digits | Mnist | FashionMnist | Kmnist | Cifar10 | Cifar100 | Svhn | ImageFolder | Fake,
    Field(discriminator="name"),
]
