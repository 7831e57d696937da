"""Any torchvision classification set as splits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from small_sets import write_idx
from torchvision.datasets import EMNIST, FakeData, VisionDataset
from torchvision.transforms import Compose, PILToTensor, RandomCrop, Resize, ToTensor

from lrlab.data import Images, Moments, RawSplits, TensorImages, data_root, from_torchvision, load_data
from lrlab.data.vision_dataset import DatasetImages
from lrlab.errors import DataError, LrlabError, UsageError
from lrlab.registry import DATASETS, Entry

CPU = torch.device("cpu")
Section = Callable[..., SimpleNamespace]


class Made(VisionDataset):
    """A set with its images in memory, as torchvision's are: `data`, `targets`, PIL images."""

    def __init__(self, data: Any, targets: Any, classes: Any = None, **transforms: Any) -> None:
        super().__init__("", **transforms)
        self.data, self.targets = data, targets
        if classes is not None:
            self.classes = classes

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = Image.fromarray(np.asarray(self.data[index])), self.targets[index]
        return (image, target) if self.transforms is None else self.transforms(image, target)


class Listed(torch.utils.data.Dataset[Any]):
    """A set that is just its items."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


def random_images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def made(size: int = 12, **values: Any) -> Made:
    return Made(random_images(size, 6, 5, 3), [i % 3 for i in range(size)], **values)


def pixels_of(images: Images) -> torch.Tensor:
    return images.read(range(len(images.labels)))


def test_a_set_in_memory_becomes_a_tensor_and_any_other_is_read_by_item() -> None:
    held = from_torchvision(made(), made(6))
    read = from_torchvision(Listed(list(made())), Listed(list(made(6))))
    assert isinstance(held.train, TensorImages) and isinstance(read.train, DatasetImages)
    for left, right in ((held.train, read.train), (held.test, read.test)):
        assert torch.equal(pixels_of(left), pixels_of(right))
        assert torch.equal(left.labels, right.labels)
    expected = torch.from_numpy(random_images(12, 6, 5, 3)).permute(0, 3, 1, 2)
    assert torch.equal(pixels_of(held.train), expected)


@pytest.mark.parametrize("shape", [(9, 3, 4, 3), (9, 3, 3, 3), (9, 4, 3), (9, 3, 4)])
def test_layouts_are_told_apart_by_what_the_items_show(shape: tuple[int, ...]) -> None:
    """Channels first or last, even where the numbers leave it open."""
    last, numbers = random_images(*shape), [i % 3 for i in range(9)]
    sets = [Made(last, numbers)]
    if len(shape) == 4:
        sets.append(Made(last.transpose(0, 3, 1, 2), numbers))
        sets[1].__class__ = type("First", (Made,), {"__getitem__": lambda self, i: (Image.fromarray(last[i]), i % 3)})
    expected = torch.from_numpy(last).unsqueeze(1) if len(shape) == 3 else torch.from_numpy(last).permute(0, 3, 1, 2)
    for dataset in sets:
        train = from_torchvision(dataset, dataset).train
        assert isinstance(train, TensorImages)
        assert torch.equal(train.pixels, expected) and train.pixels.is_contiguous()


def test_data_that_the_items_do_not_show_is_not_trusted() -> None:
    dataset = made()
    dataset.data = dataset.data.copy()
    items = [(Image.fromarray(255 - image), label) for image, label in zip(dataset.data, dataset.targets, strict=True)]
    dataset.__class__ = type("Inverted", (Made,), {"__getitem__": lambda self, i: items[i]})
    train = from_torchvision(dataset, dataset).train
    assert isinstance(train, DatasetImages)
    assert pixels_of(train)[0, 0, 0, 0] == 255 - dataset.data[0, 0, 0, 0]


@pytest.mark.parametrize("transform", [Resize((4, 4)), Compose([Resize((4, 4)), PILToTensor()])])
def test_transforms_that_give_pixels_are_kept(transform: Any) -> None:
    train = from_torchvision(made(transform=transform), made(transform=transform)).train
    expected = [np.asarray(Image.fromarray(image).resize((4, 4), Image.Resampling.BILINEAR)) for image in made().data]
    assert torch.equal(pixels_of(train), torch.from_numpy(np.stack(expected)).permute(0, 3, 1, 2))


def test_image_size_takes_the_centred_square() -> None:
    raw = from_torchvision(made(), made(), image_size=5)
    assert raw.train.shape == (3, 5, 5)
    assert torch.equal(pixels_of(raw.train), torch.from_numpy(random_images(12, 6, 5, 3)[:, :5]).permute(0, 3, 1, 2))


def test_fake_data_trains_from_both_storages(section: Section, monkeypatch: pytest.MonkeyPatch) -> None:
    def plugin(cfg: Any) -> RawSplits:
        test = FakeData(12, (3, 8, 8), 4, random_offset=99)
        return from_torchvision(FakeData(40, (3, 8, 8), 4), test, class_names="abcd")

    values = {"workers": 1, "crop": 1, "flip": True, "cutout": 2, "balance": True}
    resident, stream = (
        load_data(as_named(plugin, section, monkeypatch, storage=storage, **values), seed=0, device=CPU)
        for storage in ("resident", "stream")
    )
    assert replace(resident.facts, storage="stream") == stream.facts
    assert resident.facts.class_names == ("a", "b", "c", "d")
    assert (resident.facts.train_size, resident.facts.val_size, resident.facts.test_size) == (36, 4, 12)
    for left, right in zip(resident.train.batches(1), stream.train.batches(1), strict=True):
        assert torch.equal(left[0], right[0]) and torch.equal(left[1], right[1])
    items = [FakeData(12, (3, 8, 8), 4, random_offset=99)[i] for i in range(12)]
    for bundle in (resident, stream):
        inputs, targets = next(iter(bundle.test.batches(0)))
        assert targets.tolist() == [label for _, label in items]
        shift, scale = (255 * torch.tensor(values).view(3, 1, 1) for values in (bundle.facts.mean, bundle.facts.std))
        raw = (inputs * scale + shift).round().to(torch.uint8)
        assert np.array_equal(raw.permute(0, 2, 3, 1), np.stack([np.asarray(image) for image, _ in items]))


def as_named(
    plugin: Callable[[Any], RawSplits], section: Section, monkeypatch: pytest.MonkeyPatch, **values: Any
) -> SimpleNamespace:
    """A data section whose name stands for `plugin`, as a plugin's does."""
    monkeypatch.setattr("lrlab.data.fake.plugged", plugin, raising=False)
    monkeypatch.setitem(DATASETS._entries, "fake", Entry("fake", "lrlab.data.fake:plugged", "a plugin"))
    return section("fake", **values)


def test_a_plugin_for_emnist_is_three_lines(section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "EMNIST" / "raw"
    folder.mkdir(parents=True)
    for split, size in (("train", 52), ("test", 26)):
        write_idx(folder / f"emnist-letters-{split}-images-idx3-ubyte", random_images(size, 28, 28))
        write_idx(folder / f"emnist-letters-{split}-labels-idx1-ubyte", np.arange(size) % 26 + 1)

    def letters(cfg: Any) -> RawSplits:
        train, test = (EMNIST(data_root(cfg), "letters", train=train) for train in (True, False))
        return from_torchvision(train, test, moments=Moments((0.1722,), (0.3309,)))

    facts = load_data(as_named(letters, section, monkeypatch, root=str(tmp_path)), seed=0, device=CPU).facts
    assert (facts.shape, facts.classes, facts.normalization) == ((1, 28, 28), 27, "published")
    assert facts.class_counts[0] == 0  # torchvision's N/A, which no letter has


def test_labels_come_from_wherever_the_set_has_them() -> None:
    expected = [i % 3 for i in range(12)]
    as_arrays = [Made(made().data, values) for values in (np.array(expected, np.uint8), torch.tensor(expected))]
    doubled = made(target_transform=lambda label: label * 2)
    renamed = made()
    renamed.labels, renamed.targets = renamed.targets, [str(label) for label in expected]
    renamed.__class__ = type("Named", (Made,), {"__getitem__": lambda self, i: (GREY, self.labels[i])})
    for dataset in (made(), *as_arrays, Listed(list(made())), renamed):
        assert from_torchvision(dataset, dataset).train.labels.tolist() == expected
    assert from_torchvision(doubled, doubled).train.labels.tolist() == [2 * label for label in expected]


def test_class_names_are_the_sets_own_or_numbers() -> None:
    pairs = [("tench", "Tinca"), "shark", "ray"]
    assert from_torchvision(made(), made()).class_names == ("0", "1", "2")
    assert from_torchvision(made(classes=pairs), made()).class_names == ("tench, Tinca", "shark", "ray")
    assert from_torchvision(made(classes=pairs), made(), class_names="abc").class_names == ("a", "b", "c")
    with pytest.raises(DataError, match="train and test sets have different classes"):
        from_torchvision(made(classes=["a", "b", "c"]), made(classes=["a", "c", "b"]))


def test_a_validation_set_of_its_own_is_taken(section: Section, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = as_named(lambda cfg: from_torchvision(made(), made(6), val=made(9)), section, monkeypatch)
    facts = load_data(cfg, seed=0, device=CPU).facts
    assert (facts.train_size, facts.val_size, facts.test_size) == (12, 9, 6)
    assert (facts.val_counts, facts.test_counts) == ((3, 3, 3), (2, 2, 2))


GREY, COLOUR, WIDE = Image.new("L", (5, 6)), Image.new("RGB", (5, 6)), Image.new("L", (7, 6))


def test_a_grey_image_in_a_colour_set_is_made_colour_and_not_the_other_way_round() -> None:
    mixed = Listed([(COLOUR, 0), (GREY, 1)])
    assert from_torchvision(mixed, mixed).train.shape == (3, 6, 5)
    other = Listed([(GREY, 0), (COLOUR, 1)])
    with pytest.raises(DataError, match=r"item 1 of Listed \(train\) is in colour \(RGB\), item 0 is grey"):
        from_torchvision(other, other)
    assert from_torchvision(other, other, channels=1).train.shape == (1, 6, 5)
    assert from_torchvision(other, other, channels=3).train.shape == (3, 6, 5)


FAULTS: list[tuple[list[Any], type[LrlabError], str]] = [
    ([], DataError, r"Listed \(train\) is empty"),
    ([3], UsageError, r"item 0 of Listed \(train\) is a int, not a pair"),
    ([(torch.zeros(3, 4, 4), 0)], UsageError, r"item 0 of Listed \(train\) is a torch.float32 Tensor, not a PIL"),
    ([("file.png", 0)], UsageError, r"is a str, not a PIL image or uint8"),
    ([(torch.zeros(9, 4, 4, 4, dtype=torch.uint8), 0)], DataError, r"item 0 of .* is no image: ValueError"),
    ([(GREY, "cat")], DataError, r"label of item 0 of Listed \(train\) is 'cat', not a class number"),
    ([(GREY, 1.0)], DataError, "is 1.0, not a class number"),
    ([(GREY, True)], DataError, "is True, not a class number"),
    ([(GREY, 0), (GREY, 1), (GREY, 0), (GREY, None)], DataError, r"label of item 3 .* is None"),
    ([(GREY, 0), (WIDE, 1)], DataError, r"images differ in size: item 1 of Listed \(train\) is 7x6, .* is 5x6"),
]


@pytest.mark.parametrize(("items", "kind", "message"), FAULTS)
def test_what_is_wrong_with_an_item_is_said_by_name(items: list[Any], kind: type[LrlabError], message: str) -> None:
    with pytest.raises(kind, match=message):
        from_torchvision(Listed(items), made())


def test_a_set_without_a_length_is_refused() -> None:
    with pytest.raises(UsageError, match=r"generator \(train\) has no length"):
        from_torchvision((item for item in made()), made())


def test_tensors_made_by_totensor_are_refused_with_the_remedy() -> None:
    with pytest.raises(UsageError) as caught:
        from_torchvision(made(transform=ToTensor()), made())
    assert caught.value.hint == "build the data set without ToTensor and Normalize; lrlab does both"


def test_random_transforms_are_refused() -> None:
    torch.manual_seed(0)
    with pytest.raises(UsageError, match=r"items of Made \(train\) differ when they are read twice"):
        from_torchvision(made(transform=RandomCrop(3)), made(transform=RandomCrop(3)))


def test_an_item_that_raises_is_named_with_its_reason_and_place() -> None:
    class Broken(Listed):
        def __getitem__(self, index: int) -> Any:
            return (self.items[index][0] / 0, 0) if index == 7 else super().__getitem__(index)

    items = [(Image.fromarray(image), label) for image, label in zip(made().data, made().targets, strict=True)]
    with pytest.raises(DataError) as caught:
        from_torchvision(Broken(items), made())  # the labels are read item by item
    assert "item 7 of Broken (train) cannot be read: TypeError: unsupported operand" in caught.value.message
    assert f"{__file__}:" in caught.value.message
    assert isinstance(caught.value.__cause__, TypeError)
