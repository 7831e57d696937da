"""What the shipped configs reach on real images."""

import json
from pathlib import Path
from typing import Any

import pytest

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.slow
def test_mnist_reaches_99_percent_in_two_epochs_of_one_cycle(lrlab: Any, real_data: Path) -> None:
    """Mean of 3 seeds, a quarter of the shipped model's weights (`model.width=16`): a minute on one core."""
    config = str(CONFIGS / "mnist.yaml")
    overrides = [f"data.root={real_data}", "model.width=16", "train.epochs=2"]
    answer = lrlab("train", config, *overrides, "--policy", "onecycle", "--seeds", "3", "--json", "-q")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert len(found["seeds"]) == 3 and {seed["status"] for seed in found["seeds"]} == {"completed"}
    assert found["summary"]["test_accuracy"]["mean"] >= 0.99


def test_cifar_from_an_image_folder_learns(lrlab: Any, real_data: Path) -> None:
    """4,500 JPEGs, 60 steps: well above chance (10 %), through decoding, crop and flip."""
    config = str(CONFIGS / "cifar10.yaml")
    overrides = [
        "data.name=imagefolder",
        f"data.root={real_data / 'cifar10-mini'}",
        "model.width=16",
        "model.depth=3",
        "train.steps=60",
    ]
    answer = lrlab("train", config, *overrides, "--policy", "onecycle", "--json", "-q")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["summary"]["test_accuracy"]["mean"] > 0.25
