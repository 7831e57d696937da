"""What a climb writes down: rows of its own kind, with the smoothed loss that it is judged by."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lrlab.analysis.smoothing import ema
from lrlab.config.load import load_config
from lrlab.experiments.min_lr.settings import Settings
from lrlab.launch.progress import Console
from lrlab.launch.run_trial import TrialRunner
from lrlab.launch.spec import TrialSpec
from lrlab.runs.folder import RunPaths
from lrlab.track.jsonl import read_rows

FAKE = ["data.name=fake", "data.batch_size=16", "model.width=4", "model.depth=1", "find_min_lr.steps=12"]


def climb() -> TrialSpec:
    config = load_config(None, FAKE).config.model_dump(mode="json")
    return Settings.from_config(config, 0.1).climb(0.1, 0)


def written(folder: Path, spec: TrialSpec) -> tuple[list[Any], dict[str, list[float]]]:
    """Rows, and TensorBoard's scalars by tag."""
    run = RunPaths(folder)
    for place in (run.trial(spec.id), run.tb(spec.id)):
        place.mkdir(parents=True, exist_ok=True)
    TrialRunner(run, Console(run, quiet=True), lambda: False)(spec)
    events = EventAccumulator(str(run.tb(spec.id))).Reload()
    scalars = {tag: [event.value for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    assert "custom_scalars__config__" not in events.Tags()["tensors"]  # its charts would be empty
    return read_rows(run.trial(spec.id) / "metrics.jsonl"), scalars


def test_a_climb_has_lr_loss_and_smoothed_loss(tmp_path: Path) -> None:
    rows, scalars = written(tmp_path, climb())
    assert [row["step"] for row in rows] == list(range(1, 16)) and {row["kind"] for row in rows} == {"climb"}
    assert [row["smoothed"] for row in rows] == pytest.approx(list(ema([row["loss"] for row in rows], 0.9)))
    assert rows[0]["lr"] == pytest.approx(0.01) and rows[12]["lr"] == rows[14]["lr"] == pytest.approx(0.1)
    assert {tag for tag in scalars if not tag.startswith("hparam")} == {"climb/lr", "climb/loss", "climb/smoothed"}
    assert scalars["climb/smoothed"] == pytest.approx([row["smoothed"] for row in rows], rel=1e-6)


def test_the_smoothed_loss_ends_before_a_loss_that_is_not_finite(tmp_path: Path) -> None:
    spec = climb()
    policy = {**spec.config["policy"], "min_lr": 1e30, "max_lr": 1e30}
    rows, _ = written(tmp_path, replace(spec, config={**spec.config, "policy": policy}))
    assert len(rows) < 15 and "smoothed" in rows[0] and "smoothed" not in rows[-1]


def test_a_range_tests_sweep_stays_a_sweep(tmp_path: Path) -> None:
    rows, scalars = written(tmp_path, replace(climb(), climb=False))
    assert {row["kind"] for row in rows} == {"sweep"} and not any("smoothed" in row for row in rows)
    assert {"sweep/lr", "sweep/loss"} <= set(scalars)
