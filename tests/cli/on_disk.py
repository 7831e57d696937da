"""What a training left behind, read from its files."""

import json
from pathlib import Path
from typing import Any

FAKE = ("data.name=fake", "data.batch_size=16", "model.width=8", "model.depth=2", "train.epochs=2", "-q")


def only_run(root: Path) -> Path:
    (run,) = (root / "runs" / "train").iterdir()
    return run


def rows_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in next(run.glob("trials/*/metrics.jsonl")).read_text().splitlines()]


def state_of(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "status.json").read_text()))
