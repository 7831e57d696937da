"""Every class equally often: counts, order, repeats, both storages."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_sets import write_images
from test_augment import plain_word

from lrlab.data import DataBundle, load_data
from lrlab.data.balance import ClassBalance, positions_in
from lrlab.data.order import derive, epoch_order

CPU = torch.device("cpu")
Section = Callable[..., SimpleNamespace]
LABELS = torch.tensor([0] * 17 + [1] * 3 + [3] * 5 + [4])  # class 2 has no images


def plain_draws(labels: list[int], samples: int, seed: int, epochs: int) -> list[list[tuple[int, int]]]:
    """(position, pass) of each draw of each epoch, dealt one at a time from endless decks."""
    members = [[i for i, label in enumerate(labels) if label == k] for k in sorted(set(labels))]
    taken = [0] * len(members)
    found: list[list[tuple[int, int]]] = []
    for epoch in range(epochs):
        hands: list[list[tuple[int, int]]] = [[] for _ in members]
        for draw in range(epoch * samples, (epoch + 1) * samples):
            k = draw % len(members)
            turn, place = divmod(taken[k], len(members[k]))
            key = derive(seed, "balance", k)
            deck = sorted(range(len(members[k])), key=lambda j: signed(plain_word(key, turn * len(members[k]) + j)))
            hands[k].append((members[k][deck[place]], turn))
            taken[k] += 1
        found.append([card for hand in hands for card in hand])
    return found


def signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


@given(st.lists(st.integers(0, 4), min_size=1, max_size=25), st.integers(1, 30), st.integers(0, 9))
def test_draws_equal_those_dealt_one_at_a_time(labels: list[int], samples: int, seed: int) -> None:
    balance = ClassBalance.of(torch.tensor(labels))
    for epoch, expected in enumerate(plain_draws(labels, samples, seed, epochs=3)):
        draws = balance.draws(samples, seed, epoch)
        assert positions_in(draws).tolist() == [position for position, _ in expected]
        assert len(draws) == samples and len(set(draws.tolist())) == samples  # each draw has a name of its own


def test_classes_differ_by_at_most_one_draw_in_an_epoch_and_over_all() -> None:
    balance, total = ClassBalance.of(LABELS), Counter[int]()
    for epoch in range(20):
        counts = Counter(LABELS[positions_in(balance.draws(26, 3, epoch))].tolist())
        assert set(counts) == {0, 1, 3, 4} and set(counts.values()) == {6, 7}  # 26 = 4·6 + 2
        total += counts
        assert max(total.values()) - min(total.values()) <= 1


def test_no_member_comes_again_before_all_others_have() -> None:
    balance, seen = ClassBalance.of(LABELS), Counter[int]()
    for epoch in range(20):
        seen.update(positions_in(balance.draws(26, 3, epoch)).tolist())
        for label in (0, 1, 3):
            uses = [seen[i] for i in range(len(LABELS)) if LABELS[i] == label]
            assert max(uses) - min(uses) <= 1


def test_draws_are_a_function_of_seed_and_epoch() -> None:
    balance = ClassBalance.of(LABELS)
    torch.manual_seed(1)
    first = balance.draws(26, 3, 5)
    assert torch.equal(first, ClassBalance.of(LABELS).draws(26, 3, 5))
    assert not torch.equal(first, balance.draws(26, 4, 5))
    assert not torch.equal(first, balance.draws(26, 3, 6))


@pytest.fixture
def lopsided(tmp_path: Path) -> Path:
    """An image folder: 24 images of one class, 6 and 3 of the others."""
    for label, images in enumerate((24, 6, 3)):
        write_images(tmp_path / "train" / "x", 1, images, seed=label)
        (tmp_path / "train" / "x" / "class0").rename(tmp_path / "train" / f"class{label}")
    (tmp_path / "train" / "x").rmdir()
    write_images(tmp_path / "test", 3, 2, seed=9)
    return tmp_path


def load(section: Section, root: Path, **values: object) -> DataBundle:
    values = {"val_fraction": 0.0, "drop_last": False, "balance": True, **values}
    return load_data(section("imagefolder", root=str(root), **values), seed=5, device=CPU)


@pytest.mark.parametrize("storage", ["resident", "stream"])
def test_an_epoch_has_as_many_images_and_every_class_a_third_of_them(
    section: Section, lopsided: Path, storage: str
) -> None:
    bundle = load(section, lopsided, storage=storage)
    assert bundle.facts.class_counts == (24, 6, 3)
    assert (bundle.train.samples, bundle.train.steps_per_epoch) == (33, 5)
    targets = torch.cat([targets for _, targets in bundle.train.batches(4)])
    assert torch.bincount(targets).tolist() == [11, 11, 11]
    assert targets.tolist() != sorted(targets.tolist())  # shuffled
    test = torch.cat([targets for _, targets in bundle.test.batches(0)])
    assert torch.bincount(test).tolist() == [2, 2, 2]


def test_without_balance_classes_come_as_they_are(section: Section, lopsided: Path) -> None:
    bundle = load(section, lopsided, balance=False)
    targets = torch.cat([targets for _, targets in bundle.train.batches(4)])
    assert torch.bincount(targets).tolist() == [24, 6, 3]


@pytest.mark.parametrize("workers", [0, 1])
def test_both_storages_draw_the_same_and_an_epoch_can_be_entered_anywhere(
    section: Section, lopsided: Path, workers: int
) -> None:
    values = {"crop": 2, "flip": True, "cutout": 3}
    resident = load(section, lopsided, storage="resident", **values).train
    stream = load(section, lopsided, storage="stream", workers=workers, **values).train
    for epoch in (0, 3):
        whole = list(resident.batches(epoch))
        for start in range(6):
            for source in (resident, stream) if start in (0, 3) or not workers else (resident,):
                rest = list(source.batches(epoch, start))
                assert len(rest) == 5 - start
                for (inputs, targets), (inputs2, targets2) in zip(whole[start:], rest, strict=True):
                    assert torch.equal(inputs, inputs2) and torch.equal(targets, targets2)


def test_reseeded_is_loaded_with_that_seed(section: Section, lopsided: Path) -> None:
    again = load(section, lopsided, crop=1).reseeded(6).train
    cfg = section("imagefolder", root=str(lopsided), val_fraction=0.0, drop_last=False, balance=True, crop=1)
    fresh = load_data(cfg, seed=6, device=CPU).train
    for (inputs, targets), (inputs2, targets2) in zip(again.batches(2), fresh.batches(2), strict=True):
        assert torch.equal(inputs, inputs2) and torch.equal(targets, targets2)


def test_an_image_that_comes_often_comes_in_many_versions(section: Section, lopsided: Path) -> None:
    plain, augmented = (load(section, lopsided, crop=crop).train for crop in (0, 4))
    versions = [
        torch.cat([inputs[targets == 2] for inputs, targets in source.batches(1)]).flatten(1)
        for source in (plain, augmented)
    ]
    assert len(torch.unique(versions[0], dim=0)) == 3  # the class has three images, drawn eleven times
    assert len(torch.unique(versions[1], dim=0)) >= 9


def test_balanced_draws_are_shuffled_by_the_order_of_the_epoch(section: Section, lopsided: Path) -> None:
    bundle = load(section, lopsided)
    labels = torch.tensor([0] * 24 + [1] * 6 + [2] * 3)
    draws = ClassBalance.of(labels).draws(33, 5, 2)[epoch_order(33, 5, 2)]
    targets = torch.cat([targets for _, targets in bundle.train.batches(2)])
    assert torch.equal(targets, labels[positions_in(draws)])
