"""docs/min_lr_api.md is true: its example runs and finds a min-lr."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from console import blocks

PAGE = Path(__file__).parents[2] / "docs" / "min_lr_api.md"


def test_the_example_runs(tmp_path: Path) -> None:
    (example,) = blocks(PAGE, "python")
    done = subprocess.run(
        [sys.executable, "-c", f"import torch\ntorch.manual_seed(0)\n{example}\nprint(scheduler.get_last_lr())"],
        cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    headline, _, *rows, lr = done.stdout.splitlines()
    found = float(headline.removeprefix("min-lr ").split()[0])
    assert 0.01 <= found <= 0.02 and " for max-lr 0.1 (" in headline
    assert len(rows) == 4 and all(" updates to the target loss" in row and "None" not in row for row in rows)
    assert float(lr.strip("[]")) == pytest.approx(found, rel=0.01)
