"""Both storages against each other and against one sample at a time."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from test_augment import plain_augment

from lrlab.data import load_data
from lrlab.data.build import choose_storage
from lrlab.data.order import epoch_order
from lrlab.data.source import BatchSource
from lrlab.errors import UsageError

CPU = torch.device("cpu")
Section = Callable[..., SimpleNamespace]
Batches = list[tuple[torch.Tensor, torch.Tensor]]
FAKE = {"channels": 3, "image_size": 9, "train_size": 70}


def both(section: Section, **values: object) -> tuple[BatchSource, BatchSource]:
    resident = load_data(section("fake", **FAKE, **values, storage="resident"), seed=5, device=CPU)
    stream = load_data(section("fake", **FAKE, **values, storage="stream"), seed=5, device=CPU)
    assert (resident.facts.storage, stream.facts.storage) == ("resident", "stream")
    assert resident.facts.fingerprint == stream.facts.fingerprint
    return resident.train, stream.train


def assert_same(left: Batches, right: Batches) -> None:
    assert len(left) == len(right)
    for (inputs, targets), (inputs2, targets2) in zip(left, right, strict=True):
        assert torch.equal(inputs, inputs2)
        assert torch.equal(targets, targets2)


@pytest.mark.parametrize(("workers", "drop_last"), [(0, True), (0, False), (2, True), (4, False)])
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
def test_stream_and_resident_give_the_same_bits(section: Section, workers: int, drop_last: bool) -> None:
    resident, stream = both(section, workers=workers, drop_last=drop_last, crop=2, flip=True)
    assert resident.steps_per_epoch == stream.steps_per_epoch
    for epoch in (0, 1, 7):
        for start in (0, 3, resident.steps_per_epoch - 1):
            assert_same(list(resident.batches(epoch, start)), list(stream.batches(epoch, start)))


@pytest.mark.parametrize("storage", ["resident", "stream"])
def test_batches_equal_the_samples_one_at_a_time(section: Section, storage: str) -> None:
    cfg = section("fake", **FAKE, storage=storage, crop=2, flip=True, val_fraction=0.0)
    bundle = load_data(cfg, seed=5, device=CPU)
    plain = section("fake", **FAKE, normalize="none", val_fraction=0.0, drop_last=False)
    pixels = _in_set_order(load_data(plain, seed=5, device=CPU).train)
    order = epoch_order(70, 5, 2)
    mean, std = (np.float32([255 * value for value in values]) for values in (bundle.facts.mean, bundle.facts.std))
    for step, (inputs, targets) in enumerate(bundle.train.batches(2)):
        for place, sample in enumerate(order[step * 8 : step * 8 + 8].tolist()):
            raw = (pixels[sample].numpy() * np.float32(255)).round().astype(np.uint8)
            image = plain_augment(raw, 2, True, 5, 2, sample).astype(np.float32)
            expected = (image - mean[:, None, None]) / std[:, None, None]
            assert np.array_equal(inputs[place].numpy(), expected)
            assert targets[place] == sample % 4  # the fake set's labels go round


def _in_set_order(source: BatchSource) -> torch.Tensor:
    """The inputs of epoch 0, sorted back into the order of the set."""
    inputs = torch.cat([inputs for inputs, _ in source.batches(0)])
    return inputs[epoch_order(len(inputs), 5, 0).argsort()]


@pytest.mark.parametrize("storage", ["resident", "stream"])
def test_entering_an_epoch_replays_nothing_and_changes_nothing(section: Section, storage: str) -> None:
    source = load_data(section("fake", **FAKE, storage=storage, crop=1), seed=5, device=CPU).train
    whole = list(source.batches(4))
    for start in range(source.steps_per_epoch + 1):
        assert_same(whole[start:], list(source.batches(4, start)))


def test_a_stream_entered_late_reads_only_what_it_gives(section: Section, monkeypatch: pytest.MonkeyPatch) -> None:
    source = load_data(section("fake", **FAKE, storage="stream"), seed=5, device=CPU).train
    read: list[int] = []
    images = source._batches._images  # type: ignore[attr-defined]
    monkeypatch.setattr(type(images), "read", lambda self, rows: (read.append(len(rows)), self.pixels[rows])[1])
    list(source.batches(0, source.steps_per_epoch - 2))
    assert read == [8, 8]


@pytest.mark.parametrize("storage", ["resident", "stream"])
def test_orders_and_crops_change_with_epoch_and_seed(section: Section, storage: str) -> None:
    cfg = section("fake", **FAKE, storage=storage, crop=2, flip=True)
    source, other = (load_data(cfg, seed=seed, device=CPU).train for seed in (5, 6))
    firsts = [next(iter(source.batches(epoch)))[0] for epoch in range(3)] + [next(iter(other.batches(0)))[0]]
    assert not any(torch.equal(a, b) for a, b in pairwise(firsts))


@pytest.mark.parametrize("storage", ["resident", "stream"])
def test_no_global_generator_is_touched(section: Section, storage: str) -> None:
    source = load_data(section("fake", **FAKE, storage=storage, crop=2, flip=True), seed=5, device=CPU).train
    before = torch.get_rng_state()
    list(source.batches(0))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("storage", ["resident", "stream"])
def test_every_sample_comes_once_per_epoch(section: Section, storage: str) -> None:
    cfg = section("fake", **FAKE, storage=storage, drop_last=False, normalize="none")
    bundle = load_data(cfg, seed=5, device=CPU)
    seen = torch.cat([inputs for inputs, _ in bundle.train.batches(1)]).flatten(1)
    assert len(seen) == bundle.train.samples == bundle.facts.train_size == 63
    assert len(torch.unique(seen, dim=0)) == 63
    counts = torch.bincount(torch.cat([targets for _, targets in bundle.train.batches(1)]), minlength=4)
    assert tuple(counts.tolist()) == bundle.facts.class_counts


def test_drop_last_counts_full_batches(section: Section) -> None:
    sources = [load_data(section("fake", **FAKE, drop_last=d), seed=5, device=CPU).train for d in (True, False)]
    assert [source.steps_per_epoch for source in sources] == [7, 8]  # 63 images, 8 a batch
    assert [len(inputs) for inputs, _ in sources[1].batches(0)] == [8] * 7 + [7]


@pytest.mark.parametrize("storage", ["resident", "stream"])
def test_evaluation_is_in_order_whole_and_not_augmented(section: Section, storage: str) -> None:
    values = {**FAKE, "train_size": 6000, "test_size": 1100}
    cfg = section("fake", **values, storage=storage, crop=3, flip=True)
    bundle, plain = (load_data(c, seed=5, device=CPU) for c in (cfg, section("fake", **values)))
    assert bundle.val is not None and plain.val is not None
    assert [len(inputs) for inputs, _ in bundle.test.batches(0)] == [512, 512, 76]
    assert bundle.test.steps_per_epoch == 3 and bundle.test.samples == 1100
    labels = torch.cat([targets for _, targets in bundle.test.batches(0)])
    assert labels.tolist() == [i % 4 for i in range(1100)]
    for source, unaugmented in ((bundle.test, plain.test), (bundle.val, plain.val)):
        assert_same(list(source.batches(0)), list(unaugmented.batches(9)))


def test_a_batch_larger_than_the_training_set_names_both_numbers(section: Section) -> None:
    with pytest.raises(UsageError, match=r"batch_size=64 is more than the 63 training images"):
        load_data(section("fake", **{**FAKE, "batch_size": 64}), seed=0, device=CPU)


def test_auto_storage_keeps_two_gib_on_a_cpu() -> None:
    assert choose_storage("auto", 2 * 2**30, CPU) == "resident"
    assert choose_storage("auto", 2 * 2**30 + 1, CPU) == "stream"
    assert choose_storage("resident", 2**40, CPU) == "resident"
    assert choose_storage("stream", 1, CPU) == "stream"


@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
def test_images_on_disk_give_the_same_bits_in_both_storages(section: Section, small_folder: Path) -> None:
    values = {"root": str(small_folder), "workers": 2, "crop": 1, "flip": True, "image_size": 7}
    bundles = [
        load_data(section("imagefolder", storage=storage, **values), seed=1, device=CPU)
        for storage in ("resident", "stream")
    ]
    assert bundles[0].facts.mean == bundles[1].facts.mean
    assert bundles[0].facts.fingerprint == bundles[1].facts.fingerprint
    for epoch in (0, 1):
        assert_same(list(bundles[0].train.batches(epoch, 1)), list(bundles[1].train.batches(epoch, 1)))
    assert_same(list(bundles[0].test.batches(0)), list(bundles[1].test.batches(0)))


@pytest.mark.parametrize("storage", ["resident", "stream"])
def test_reseeded_is_loaded_with_that_seed(section: Section, storage: str) -> None:
    cfg = section("fake", **FAKE, storage=storage, crop=2, flip=True)
    first = load_data(cfg, seed=5, device=CPU)
    fresh, reseeded = load_data(cfg, seed=6, device=CPU), first.reseeded(6)
    assert_same(list(fresh.train.batches(1)), list(reseeded.train.batches(1)))
    assert not torch.equal(next(iter(first.train.batches(1)))[0], next(iter(reseeded.train.batches(1)))[0])
    assert reseeded.facts == fresh.facts


@pytest.mark.parametrize("storage", ["resident", "stream"])
def test_validation_batches_are_shuffled_whole_batches_without_augmentation(section: Section, storage: str) -> None:
    cfg = section("fake", **FAKE, storage=storage, crop=2, flip=True, val_fraction=0.3)
    bundle = load_data(cfg, seed=5, device=CPU)
    assert bundle.val is not None
    source, whole = bundle.validation_batches(), torch.cat([inputs for inputs, _ in bundle.val.batches(0)])
    assert (source.samples, source.steps_per_epoch) == (21, 2)  # 21 images, 8 a batch
    order = epoch_order(21, 5, 3)[:16]
    assert torch.equal(torch.cat([inputs for inputs, _ in source.batches(3)]), whole[order])
    with pytest.raises(UsageError, match="no validation split"):
        load_data(section("fake", val_fraction=0.0), seed=5, device=CPU).validation_batches()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_cuda_no_batch_waits_for_the_host_and_all_have_the_bits_of_the_cpu(section: Section) -> None:
    cfg = section("fake", **FAKE, crop=2, flip=True)
    here = load_data(cfg, seed=5, device=CPU).train
    there = load_data(cfg, seed=5, device=torch.device("cuda")).train
    torch.cuda.set_sync_debug_mode("error")
    try:
        batches = list(there.batches(3))
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert_same(list(here.batches(3)), [(inputs.cpu(), targets.cpu()) for inputs, targets in batches])
