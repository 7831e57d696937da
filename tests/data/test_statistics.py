import numpy as np
import pytest
import torch

from lrlab.data.images import RawSplits, TensorImages
from lrlab.data.normalize import Normalize
from lrlab.data.parts import Part
from lrlab.data.scan import scan
from lrlab.data.statistics import Histogram


def random_pixels(size: int, channels: int = 3) -> torch.Tensor:
    return torch.randint(0, 256, (size, channels, 6, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_moments_equal_numpy_in_double_precision() -> None:
    pixels = random_pixels(50)
    histogram = Histogram(3)
    for chunk in pixels.split(7):
        histogram.add(chunk)
    moments = histogram.moments()
    values = pixels.numpy().astype(np.float64) / 255
    assert moments.mean == pytest.approx(values.mean(axis=(0, 2, 3)), rel=1e-14)
    assert moments.std == pytest.approx(values.std(axis=(0, 2, 3)), rel=1e-13)


def test_a_channel_of_one_value_does_not_divide_by_zero() -> None:
    histogram = Histogram(1)
    histogram.add(torch.full((3, 1, 2, 2), 51, dtype=torch.uint8))
    assert histogram.moments().mean == (0.2,)
    assert histogram.moments().std == (1.0,)


def test_normalised_pixels_equal_the_plain_formula_bit_for_bit() -> None:
    pixels, mean, std = random_pixels(10), (0.1, 0.5, 0.9), (0.3, 0.2, 0.7)
    got = Normalize(mean, std, torch.device("cpu"))(pixels)
    for channel in range(3):
        shift, scale = np.float32(255 * mean[channel]), np.float32(255 * std[channel])
        expected = (pixels[:, channel].numpy().astype(np.float32) - shift) / scale
        assert np.array_equal(got[:, channel].numpy(), expected)
    textbook = (pixels / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    assert torch.allclose(got, textbook, atol=1e-5)


def fingerprint(pixels: torch.Tensor, labels: torch.Tensor, names: tuple[str, ...] = ("a", "b")) -> str:
    images = TensorImages(pixels, labels)
    parts = {"train": Part(images, torch.arange(len(labels)))}
    return scan(RawSplits(names, images, images), parts, hold=False).fingerprint


def test_the_fingerprint_sees_pixels_labels_order_names_and_shape() -> None:
    pixels, labels = random_pixels(9), torch.arange(9) % 2
    base = fingerprint(pixels, labels)
    assert base == fingerprint(pixels.clone(), labels.clone())
    changed = pixels.clone()
    changed[4, 1, 2, 3] ^= 1
    others = [
        fingerprint(changed, labels),
        fingerprint(pixels, 1 - labels),
        fingerprint(pixels.flip(0), labels.flip(0)),
        fingerprint(pixels, labels, ("a", "c")),
        fingerprint(pixels.transpose(2, 3), labels),
    ]
    assert len({base, *others}) == 6


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    images = TensorImages(random_pixels(23), torch.arange(23) % 2)
    raw, parts = RawSplits(("a", "b"), images, images), {"train": Part(images, torch.arange(1, 22))}
    whole = scan(raw, parts, hold=True)
    monkeypatch.setattr("lrlab.data.scan.CHUNK_BYTES", 4 * 90)
    pieces = scan(raw, parts, hold=True)
    assert (whole.fingerprint, whole.moments) == (pieces.fingerprint, pieces.moments)
    assert torch.equal(whole.pixels["train"], pieces.pixels["train"])
    assert torch.equal(whole.pixels["train"], images.pixels[1:22])
