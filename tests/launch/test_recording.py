"""What a training writes down of its policy: lr, momentum, and the effective lr of the form that was used."""

import json
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lrlab.cli.app import main

pytestmark = pytest.mark.usefixtures("undrawn")
FAKE = ["data.name=fake", "data.batch_size=16", "model.width=4", "model.depth=1", "train.steps=16", "-q"]


def rows_of(root: Path, *overrides: str) -> list[dict[str, Any]]:
    main_quietly(["train", *FAKE, *overrides, "--out", str(root)])
    (file,) = root.glob("train/*-*/trials/*/metrics.jsonl")
    return [row for line in file.read_text().splitlines() if (row := json.loads(line))["kind"] == "train"]


def main_quietly(arguments: list[str]) -> None:
    try:
        main(arguments)
    except SystemExit as end:
        assert not end.code


@pytest.mark.parametrize(
    ("overrides", "factor"),
    [
        ([], lambda momentum: 1 / (1 - momentum)),
        (["optimizer.momentum_form=ema"], lambda momentum: 1.0),
        (["optimizer.name=adam"], lambda momentum: 1.0),
        (["optimizer.momentum=0", "policy.name=cosine"], lambda momentum: 1.0),
    ],
    ids=["torch", "ema", "adam", "no momentum"],
)
def test_every_row_has_the_effective_lr(tmp_path: Path, overrides: list[str], factor: Any) -> None:
    rows = rows_of(tmp_path, *overrides)
    assert len(rows) == 16
    for row in rows:
        assert row["lr_effective"] == pytest.approx(row["lr"] * factor(row["momentum"]))
    if "policy.name=cosine" not in overrides:
        assert min(row["momentum"] for row in rows) == pytest.approx(0.85)


def test_epochs_in_a_policy_are_counted_in_updates_of_the_training(tmp_path: Path) -> None:
    """512 images, a tenth for validation, 16 to a batch, two batches to an update: 14 updates in an epoch."""
    rows = rows_of(tmp_path, "train.accumulate=2", "policy.name=step", "policy.milestones=[1ep]", "policy.warmup=2it")
    lrs = [round(row["lr"], 6) for row in rows]
    assert lrs == [0.01, 0.055, *[0.1] * 12, 0.01, 0.01]


def test_tensorboard_shows_it(tmp_path: Path) -> None:
    rows = rows_of(tmp_path)
    (folder,) = tmp_path.glob("train/*-*/tb/seed-*")
    events = EventAccumulator(str(folder))
    events.Reload()
    values = [event.value for event in events.Scalars("train/lr_effective")]
    assert values == pytest.approx([row["lr_effective"] for row in rows], rel=1e-6)


def test_a_policy_that_does_not_fit_the_training_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["train", *FAKE, "policy.up=1ep", "--out", str(tmp_path / "runs")])
    assert end.value.code == 2 and not (tmp_path / "runs").exists()
    assert "policy.up=1ep (28 steps)" in capsys.readouterr().err
