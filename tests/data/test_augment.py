"""The vectorised crop and flip against one sample at a time in plain Python."""

import numpy as np
import pytest
import torch

from lrlab.data.augment import Augment
from lrlab.data.counter import draw_below, random_words
from lrlab.data.order import derive

MASK = (1 << 64) - 1


def plain_word(key: int, counter: int) -> int:
    """SplitMix64 with Python's unbounded integers."""
    z = (key + (counter + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def plain_augment(image: np.ndarray, crop: int, flip: bool, seed: int, epoch: int, sample: int) -> np.ndarray:
    """Flip, pad, cut: (C, H, W) to the same shape."""
    word = plain_word(derive(seed, "augment", epoch), sample)
    field = [(word >> shift) & 0xFFFFF for shift in (0, 20, 40)]
    top, left = (field[0] * (2 * crop + 1)) >> 20, (field[1] * (2 * crop + 1)) >> 20
    _, height, width = image.shape
    padded = np.pad(image, ((0, 0), (crop, crop), (crop, crop)))
    cut = padded[:, top : top + height, left : left + width]
    return cut[:, :, ::-1] if flip and (field[2] * 2) >> 20 else cut


def test_splitmix64_agrees_with_its_published_stream() -> None:
    # the first outputs of the reference implementation from state 1234567
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    words = random_words(1234567, torch.arange(3))
    assert [word & MASK for word in words.tolist()] == published


@pytest.mark.parametrize("key", [0, 1, 2**63 - 1, derive(5, "augment", 2)])
def test_words_equal_the_plain_ones(key: int) -> None:
    counters = [0, 1, 2, 59_999, 2**31, 2**40]
    words = random_words(key, torch.tensor(counters))
    assert [word & MASK for word in words.tolist()] == [plain_word(key, counter) for counter in counters]


def test_draws_are_uniform_and_fields_independent() -> None:
    words = random_words(derive(0, "test"), torch.arange(90_000))
    top, left = draw_below(words, 9, 0), draw_below(words, 9, 1)
    counts = torch.bincount(top * 9 + left, minlength=81).double()
    chi_squared = ((counts - 90_000 / 81) ** 2 / (90_000 / 81)).sum().item()
    assert 45 < chi_squared < 125  # 80 degrees of freedom: mean 80, standard deviation 12.6


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 7), (2, 1, 4)])
@pytest.mark.parametrize(("crop", "flip"), [(4, True), (2, False), (0, True), (9, True)])
def test_a_batch_equals_its_samples_one_at_a_time(shape: tuple[int, int, int], crop: int, flip: bool) -> None:
    pixels = torch.randint(1, 256, (40, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    ids = torch.randperm(1000, generator=torch.Generator().manual_seed(1))[:40]
    got = Augment(crop, flip, seed=6)(pixels, ids, epoch=3)
    expected = [
        plain_augment(image.numpy(), crop, flip, 6, 3, sample)
        for image, sample in zip(pixels, ids.tolist(), strict=True)
    ]
    assert np.array_equal(got.numpy(), np.stack(expected))
    assert got.dtype == torch.uint8


def test_what_happens_to_a_sample_does_not_hang_on_its_batch() -> None:
    pixels = torch.randint(0, 256, (30, 3, 8, 8), dtype=torch.uint8)
    ids, augment = torch.arange(30), Augment(4, True, seed=0)
    whole = augment(pixels, ids, 0)
    assert torch.equal(whole[7:19], augment(pixels[7:19], ids[7:19], 0))
    assert not torch.equal(whole, augment(pixels, ids, 1))  # another epoch
    assert not torch.equal(whole, augment(pixels, ids + 1, 0))  # another sample
    assert not torch.equal(whole, Augment(4, True, seed=1)(pixels, ids, 0))  # another seed


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_has_the_bits_of_the_cpu() -> None:
    pixels = torch.randint(0, 256, (64, 3, 32, 32), dtype=torch.uint8)
    ids, augment = torch.arange(64) * 977, Augment(4, True, seed=3)
    there = augment(pixels.cuda(), ids.cuda(), 2)
    assert torch.equal(augment(pixels, ids, 2), there.cpu())
