import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lrlab.data.splits import class_counts, limit_rows, quotas, split_off, stratified_subset
from lrlab.errors import UsageError

LABELS = torch.arange(200) % 3 * (torch.arange(200) % 7 > 1)  # uneven classes


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any), st.data())
def test_quotas_add_up_and_stay_within_one_of_the_exact_share(counts: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(counts)))
    shares = quotas(tuple(counts), total)
    assert sum(shares) == total
    for share, count in zip(shares, counts, strict=True):
        assert share <= count
        assert abs(share - count * total / sum(counts)) < 1


def test_a_split_is_stratified_disjoint_and_whole() -> None:
    held, kept = split_off(LABELS, 0.25, seed=4, use="val", name="data.val_fraction")
    assert sorted([*held.tolist(), *kept.tolist()]) == list(range(200))
    assert len(held) == 50
    expected = quotas(class_counts(LABELS, 3), 50)
    assert class_counts(LABELS[held], 3) == expected


def test_a_split_is_fixed_by_its_seed_and_use() -> None:
    def held(seed: int, use: str) -> list[int]:
        return split_off(LABELS, 0.25, seed=seed, use=use, name="")[0].tolist()

    first = held(4, "val")
    torch.manual_seed(1)
    assert held(4, "val") == first
    assert held(5, "val") != first
    assert held(4, "test") != first


def test_at_least_one_image_is_held_out() -> None:
    assert len(split_off(LABELS, 0.001, seed=0, use="val", name="")[0]) == 1


def test_a_class_that_would_lose_all_its_images_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"data.val_fraction=0.5 of 2 images leaves no .* class number 0"):
        split_off(torch.tensor([0, 1]), 0.5, seed=0, use="val", name="data.val_fraction")


def test_a_limit_is_stratified_and_drawn_from_the_rows() -> None:
    rows = torch.arange(0, 200, 2)
    chosen = limit_rows(LABELS, rows, 30, seed=1)
    assert set(chosen.tolist()) <= set(rows.tolist())
    assert class_counts(LABELS[chosen], 3) == quotas(class_counts(LABELS[rows], 3), 30)
    assert limit_rows(LABELS, rows, None, seed=1) is rows
    assert limit_rows(LABELS, rows, 100, seed=1) is rows


def test_a_limit_below_the_classes_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"data.limit=2 .* keeps only 2 of the 3 classes"):
        limit_rows(LABELS, torch.arange(200), 2, seed=0)


def test_the_rest_is_what_was_not_chosen() -> None:
    chosen, rest = stratified_subset(LABELS, torch.arange(200), 60, seed=0, use="x")
    assert sorted([*chosen.tolist(), *rest.tolist()]) == list(range(200))
    assert chosen.tolist() == sorted(chosen.tolist())
