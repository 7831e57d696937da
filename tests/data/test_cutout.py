"""The vectorised cutout against one sample at a time in plain Python."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from test_augment import plain_word

from lrlab.data import load_data
from lrlab.data.cutout import Cutout
from lrlab.data.order import derive
from lrlab.errors import UsageError

CPU = torch.device("cpu")
Section = Callable[..., SimpleNamespace]
FAKE = {"channels": 3, "image_size": 9, "train_size": 70}


def plain_cutout(image: np.ndarray, side: int, seed: int, epoch: int, sample: int) -> np.ndarray:
    """(C, H, W) with one square of zeros, its centre drawn and its ends clipped as in the paper's own code."""
    _, height, width = image.shape
    word = plain_word(derive(seed, "cutout", epoch), sample)
    y, x = ((word & 0xFFFFF) * height) >> 20, (((word >> 20) & 0xFFFFF) * width) >> 20
    top, left = max(y - side // 2, 0), max(x - side // 2, 0)
    bottom, right = min(y - side // 2 + side, height), min(x - side // 2 + side, width)
    cut = image.copy()
    cut[:, top:bottom, left:right] = 0
    return cut


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 7), (2, 1, 4)])
@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_a_batch_equals_its_samples_one_at_a_time(shape: tuple[int, int, int], side: int) -> None:
    inputs = 1 + torch.rand(60, *shape, generator=torch.Generator().manual_seed(0))
    ids = torch.randperm(1000, generator=torch.Generator().manual_seed(1))[:60]
    expected = [
        plain_cutout(image.numpy(), side, 6, 3, sample) for image, sample in zip(inputs, ids.tolist(), strict=True)
    ]
    got = Cutout(side, seed=6)(inputs.clone(), ids, epoch=3)
    assert np.array_equal(got.numpy(), np.stack(expected))
    assert not torch.equal(got, inputs)


def test_centres_are_uniform_and_borders_clip() -> None:
    whole = torch.ones(90_000, 1, 6, 8)
    holes = Cutout(1, seed=0)(whole.clone(), torch.arange(90_000), 0)[:, 0] == 0
    assert (holes.sum((1, 2)) == 1).all()  # a square of one pixel shows its centre
    chi_squared = ((holes.sum(0) - 90_000 / 48) ** 2 / (90_000 / 48)).sum().item()
    assert 18 < chi_squared < 86  # 47 degrees of freedom: mean 47, standard deviation 9.7
    areas = (Cutout(4, seed=0)(whole, torch.arange(90_000), 0) == 0).sum((1, 2, 3))
    assert (areas.min(), areas.max()) == (4, 16)  # at a corner a quarter of the square is left


def test_where_the_square_lands_hangs_on_seed_epoch_and_sample_alone() -> None:
    inputs, ids, cutout = torch.ones(30, 3, 8, 8), torch.arange(30), Cutout(3, seed=0)
    whole = cutout(inputs.clone(), ids, 0)
    assert torch.equal(whole[7:19], cutout(inputs[7:19].clone(), ids[7:19], 0))
    assert not torch.equal(whole, cutout(inputs.clone(), ids, 1))
    assert not torch.equal(whole, cutout(inputs.clone(), ids + 1, 0))
    assert not torch.equal(whole, Cutout(3, seed=1)(inputs.clone(), ids, 0))


@pytest.mark.parametrize("storage", ["resident", "stream"])
def test_what_is_cut_out_is_the_mean_and_only_in_training(section: Section, storage: str) -> None:
    values = {**FAKE, "storage": storage, "crop": 2, "flip": True}
    cut, plain = (load_data(section("fake", **values, cutout=side), seed=5, device=CPU) for side in (4, 0))
    for (inputs, targets), (untouched, targets2) in zip(cut.train.batches(1), plain.train.batches(1), strict=True):
        holes = inputs != untouched
        assert (inputs[holes] == 0).all()  # 0 is the mean
        assert (holes.any(1).sum((1, 2)) > 0).all() and (holes.any(1).sum((1, 2)) <= 16).all()
        assert torch.equal(targets, targets2)
    for (inputs, _), (untouched, _) in zip(cut.test.batches(0), plain.test.batches(0), strict=True):
        assert torch.equal(inputs, untouched)


def test_both_storages_cut_the_same_and_a_new_seed_cuts_anew(section: Section) -> None:
    resident, stream = (
        load_data(section("fake", **FAKE, storage=storage, cutout=4), seed=5, device=CPU)
        for storage in ("resident", "stream")
    )
    first = [inputs for inputs, _ in resident.train.batches(2, 3)]
    assert all(map(torch.equal, first, [inputs for inputs, _ in stream.train.batches(2, 3)]))
    fresh = load_data(section("fake", **FAKE, cutout=4), seed=6, device=CPU)
    again = [inputs for inputs, _ in resident.reseeded(6).train.batches(2, 3)]
    assert all(map(torch.equal, again, [inputs for inputs, _ in fresh.train.batches(2, 3)]))


def test_a_square_larger_than_the_image_names_both(section: Section) -> None:
    with pytest.raises(UsageError, match=r"data.cutout=10 is more than the images have: 9x9 pixels"):
        load_data(section("fake", **FAKE, cutout=10), seed=5, device=CPU)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_has_the_bits_of_the_cpu() -> None:
    inputs, ids, cutout = torch.randn(64, 3, 32, 32), torch.arange(64) * 977, Cutout(16, seed=3)
    there = cutout(inputs.cuda(), ids.cuda(), 2)
    assert torch.equal(cutout(inputs, ids, 2), there.cpu())
