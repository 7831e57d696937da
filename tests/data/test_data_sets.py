"""One suite over all data sets, and what is special to each."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from small_sets import publish, write_images, write_set
from torchvision.datasets import ImageFolder, VisionDataset
from torchvision.transforms import CenterCrop, Compose, Resize

from lrlab.data import DataBundle, check_present, load_data
from lrlab.data.catalog import KNOWN
from lrlab.data.folders import find_images
from lrlab.data.pictures import fit_square
from lrlab.registry import DATASETS

CPU = torch.device("cpu")
Section = Callable[..., SimpleNamespace]


@pytest.fixture(params=list(DATASETS))
def cfg(request: pytest.FixtureRequest, section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """A section for every name in the registry."""
    name, values = request.param, {}
    if name in KNOWN and KNOWN[name].files:
        write_set(name, tmp_path)
        publish(name, tmp_path, monkeypatch)
        values["root"] = str(tmp_path)
    elif name == "imagefolder":
        values["root"] = str(request.getfixturevalue("small_folder"))
    return section(name, **values)


def load(cfg: object) -> DataBundle:
    return load_data(cfg, seed=0, device=CPU)


def test_every_set_keeps_the_contract(cfg: SimpleNamespace) -> None:
    check_present(cfg)
    bundle = load(cfg)
    facts = bundle.facts
    assert facts.name == cfg.name
    assert bundle.val is not None
    sizes = (facts.train_size, facts.val_size, facts.test_size)
    assert (bundle.train.samples, bundle.val.samples, bundle.test.samples) == sizes
    assert sum(facts.class_counts) == facts.train_size
    assert len(facts.class_counts) == facts.classes >= 2
    assert len(facts.mean) == len(facts.std) == facts.channels
    assert len(facts.fingerprint) == 64
    inputs, targets = next(iter(bundle.train.batches(0)))
    assert inputs.shape == (cfg.batch_size, *facts.shape)
    assert (inputs.dtype, targets.dtype) == (torch.float32, torch.int64)
    assert inputs.is_contiguous()
    assert targets.min() >= 0 and targets.max() < facts.classes
    assert load(cfg).facts == facts


def test_every_set_can_do_without_validation(cfg: SimpleNamespace) -> None:
    with_val, without = load(cfg).facts, load(SimpleNamespace(**{**vars(cfg), "val_fraction": 0.0}))
    assert without.val is None
    assert without.facts.val_size == 0
    assert without.facts.train_size == with_val.train_size + with_val.val_size
    assert without.facts.fingerprint != with_val.fingerprint


def test_a_limit_thins_training_alone(cfg: SimpleNamespace) -> None:
    full, small = load(cfg), load(SimpleNamespace(**{**vars(cfg), "limit": 24, "batch_size": 4}))
    assert small.facts.train_size == 24
    assert (small.facts.val_size, small.facts.test_size) == (full.facts.val_size, full.facts.test_size)
    if not getattr(KNOWN.get(cfg.name), "mean", ()):
        return  # other sets are normalised by their own training split
    for (left, _), (right, _) in zip(full.test.batches(0), small.test.batches(0), strict=True):
        assert torch.equal(left, right)


def test_computed_moments_normalise_the_training_split(section: Section) -> None:
    bundle = load(section("digits", drop_last=False))
    inputs = torch.cat([inputs for inputs, _ in bundle.train.batches(0)]).double()
    assert inputs.mean().item() == pytest.approx(0, abs=1e-5)
    assert inputs.std(correction=0).item() == pytest.approx(1, abs=1e-5)


def test_without_normalisation_pixels_run_from_0_to_1(section: Section) -> None:
    bundle = load(section("digits", normalize="none"))
    inputs, _ = next(iter(bundle.train.batches(0)))
    assert (inputs.min(), inputs.max()) == (0, 1)
    assert (bundle.facts.mean, bundle.facts.std) == ((0.0,), (1.0,))


def test_published_facts_of_the_digits_are_true(section: Section) -> None:
    known, facts = KNOWN["digits"], load(section("digits", val_fraction=0.0)).facts
    assert (facts.shape, facts.classes) == (known.shape, known.classes)
    assert (facts.train_size, facts.test_size) == (known.train, known.test)


def test_the_split_of_the_digits_never_changes(section: Section) -> None:
    first, other = (load(section("digits", split_seed=seed)) for seed in (0, 1))
    assert torch.equal(next(iter(first.test.batches(0)))[1], next(iter(other.test.batches(0)))[1])
    assert first.facts.fingerprint != other.facts.fingerprint


def test_digits_are_a_vision_dataset_with_the_same_pixels() -> None:
    from sklearn.datasets import load_digits

    from lrlab.data.digits import digit_splits
    from lrlab.data.digits_dataset import Digits

    train, test = Digits(), Digits(train=False)
    assert isinstance(train, VisionDataset)
    assert (len(train), len(test), len(train.classes)) == (1438, 359, 10)
    image, label = train[5]
    assert (image.size, image.mode) == ((8, 8), "L")
    assert np.array_equal(np.array(image), digit_splits()[0].pixels[5, 0])
    assert label == digit_splits()[0].labels[5]
    shouting = Digits(transform=lambda picture: picture.size, target_transform=str)
    assert shouting[5] == ((8, 8), str(label))
    assert "Split: Train" in repr(train)
    together = torch.cat([train.data, test.data]).flatten(1)
    original = torch.from_numpy(np.round(load_digits().images * 255 / 16).astype(np.uint8)).flatten(1)
    assert sorted(map(bytes, together.numpy())) == sorted(map(bytes, original.numpy()))


def test_fake_classes_can_be_learned(section: Section) -> None:
    bundle = load(section("fake", train_size=256, drop_last=False))
    inputs, targets = (torch.cat(parts) for parts in zip(*bundle.train.batches(0), strict=True))
    centres = torch.stack([inputs[targets == label].mean(0).flatten() for label in range(4)])
    unseen, labels = next(iter(bundle.test.batches(0)))
    nearest = torch.cdist(unseen.flatten(1), centres).argmin(1)
    assert (nearest == labels).float().mean() > 0.9


def test_image_folders_are_listed_as_torchvision_lists_them(small_folder: Path) -> None:
    (small_folder / "train" / "class1" / "deep").mkdir()
    Image.new("RGB", (10, 8)).save(small_folder / "train" / "class1" / "deep" / "x.PNG")
    (small_folder / "train" / "class1" / "notes.txt").write_text("not an image")
    theirs = ImageFolder(str(small_folder / "train"))
    names, found = find_images(small_folder / "train")
    assert list(names) == theirs.classes
    assert [(str(file), label) for file, label in found] == theirs.samples


def test_image_folder_pixels_are_those_of_pil(section: Section, small_folder: Path) -> None:
    bundle = load(section("imagefolder", root=str(small_folder), normalize="none"))
    files = [file for file, _ in find_images(small_folder / "test")[1]]
    expected = np.stack([np.array(Image.open(file)).transpose(2, 0, 1) for file in files])
    inputs, _ = next(iter(bundle.test.batches(0)))
    assert np.array_equal((inputs * 255).round().numpy(), expected)
    assert bundle.facts.shape == (3, 8, 10)


def test_grey_image_folders(section: Section, small_folder: Path) -> None:
    assert load(section("imagefolder", root=str(small_folder), channels=1)).facts.shape == (1, 8, 10)


@pytest.mark.parametrize(("size", "box"), [((10, 8), (1, 0, 9, 8)), ((8, 10), (0, 1, 8, 9))])
def test_image_size_takes_the_centred_square(size: tuple[int, int], box: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    left, top, right, bottom = box
    assert np.array_equal(np.array(fit_square(Image.fromarray(values), 8)), values[top:bottom, left:right])
    theirs = Compose([Resize(4), CenterCrop(4)])(Image.fromarray(values[top:bottom, left:right]))
    assert np.array_equal(np.array(fit_square(Image.fromarray(values), 4)), np.array(theirs))


def test_without_split_folders_a_stratified_part_is_held_out(section: Section, tmp_path: Path) -> None:
    write_images(tmp_path, 3, 20)
    cfg = section("imagefolder", root=str(tmp_path), test_fraction=0.25, val_fraction=0.0)
    bundle = load(cfg)
    assert (bundle.facts.train_size, bundle.facts.test_size) == (45, 15)
    assert bundle.facts.class_counts == (15, 15, 15)
    _, targets = next(iter(bundle.test.batches(0)))
    assert torch.bincount(targets).tolist() == [5, 5, 5]


def test_val_beside_test_is_the_validation_split(section: Section, small_folder: Path) -> None:
    write_images(small_folder / "val", 3, 2, seed=2)
    facts = load(section("imagefolder", root=str(small_folder))).facts
    assert (facts.train_size, facts.val_size, facts.test_size) == (36, 6, 12)


def test_val_without_test_is_what_is_held_out(section: Section, small_folder: Path) -> None:
    (small_folder / "test").rename(small_folder / "val")
    facts = load(section("imagefolder", root=str(small_folder))).facts
    assert (facts.train_size, facts.val_size, facts.test_size) == (32, 4, 12)


def test_a_class_named_train_is_a_class(section: Section, tmp_path: Path) -> None:
    write_images(tmp_path, 2, 10)
    (tmp_path / "class0").rename(tmp_path / "train")
    assert load(section("imagefolder", root=str(tmp_path))).facts.class_names == ("class1", "train")
