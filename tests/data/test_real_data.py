"""Real MNIST and a tenth of CIFAR-10, where LRLAB_DATA has them."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torchvision.datasets import MNIST

from lrlab.data import load_data
from lrlab.data.catalog import KNOWN

CPU = torch.device("cpu")
Section = Callable[..., SimpleNamespace]


def test_mnist_has_its_published_facts(real_data: Path, section: Section) -> None:
    known, bundle = KNOWN["mnist"], load_data(section("mnist", root=str(real_data)), seed=0, device=CPU)
    facts = bundle.facts
    assert (facts.shape, facts.classes, facts.test_size) == (known.shape, known.classes, known.test)
    assert facts.train_size + facts.val_size == known.train
    assert facts.val_size == 6000
    assert max(facts.class_counts) == 6068  # nine tenths of the 6,742 ones


def test_mnist_test_images_are_torchvisions(real_data: Path, section: Section) -> None:
    bundle = load_data(section("mnist", root=str(real_data), normalize="none"), seed=0, device=CPU)
    theirs = MNIST(str(real_data), train=False)
    inputs, targets = (torch.cat(parts) for parts in zip(*bundle.test.batches(0), strict=True))
    assert torch.equal((inputs * 255).round().to(torch.uint8)[:, 0], theirs.data)
    assert torch.equal(targets, theirs.targets)


def test_published_moments_are_those_of_the_training_images(real_data: Path) -> None:
    pixels = MNIST(str(real_data), train=True).data.double() / 255
    assert KNOWN["mnist"].mean == (pytest.approx(pixels.mean().item(), abs=5e-5),)
    assert KNOWN["mnist"].std == (pytest.approx(pixels.std().item(), abs=5e-5),)


def test_cifar_jpegs_give_the_same_bits_in_both_storages(real_data: Path, section: Section) -> None:
    values = {"root": str(real_data / "cifar10-mini"), "crop": 4, "flip": True, "limit": 200}
    bundles = [
        load_data(section("imagefolder", storage=storage, **values), seed=2, device=CPU)
        for storage in ("resident", "stream")
    ]
    facts = bundles[0].facts
    assert (facts.shape, facts.train_size, facts.val_size, facts.test_size) == ((3, 32, 32), 200, 500, 1000)
    assert facts.class_counts == (20,) * 10
    assert facts.mean == pytest.approx((0.4914, 0.4822, 0.4465), abs=0.02)
    assert facts.fingerprint == bundles[1].facts.fingerprint
    for left, right in zip(bundles[0].train.batches(1, 20), bundles[1].train.batches(1, 20), strict=True):
        assert torch.equal(left[0], right[0]) and torch.equal(left[1], right[1])
