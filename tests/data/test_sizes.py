"""The length of an epoch that is known before reading equals the one that is found by reading."""

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from lrlab.config.sections.data import DataConfig
from lrlab.data import load_data
from lrlab.data.sizes import batches_per_epoch

CASES: list[dict[str, Any]] = [
    {"name": "digits"},
    {"name": "digits", "val_fraction": 0, "drop_last": False, "batch_size": 7},
    {"name": "digits", "val_fraction": 0.25, "limit": 200, "drop_last": False},
    {"name": "fake", "train_size": 130, "batch_size": 16},
    {"name": "fake", "train_size": 130, "batch_size": 13, "val_fraction": 0, "drop_last": False},
]


def section(**values: Any) -> Any:
    return TypeAdapter(DataConfig).validate_python(values)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_equals_what_loading_finds(case: dict[str, Any]) -> None:
    cfg = section(**case)
    assert batches_per_epoch(cfg) == load_data(cfg, seed=0, device=torch.device("cpu")).train.steps_per_epoch


def test_also_for_mnist(real_data: Path) -> None:
    cfg = section(name="mnist", root=str(real_data), batch_size=128)
    assert batches_per_epoch(cfg) == load_data(cfg, seed=0, device=torch.device("cpu")).train.steps_per_epoch == 421


def test_a_folder_has_to_be_read() -> None:
    assert batches_per_epoch(section(name="imagefolder", root="nowhere")) is None
