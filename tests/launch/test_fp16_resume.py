"""fp16 with overflows, stopped and resumed. torch computes fp16 on a CPU too, slowly; lrlab refuses it to users."""

import functools
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from trainings import STEPS, same, spec_of, train

from lrlab.launch import assemble as assemble_module
from lrlab.launch import training as training_module

OVERRIDES = ["train.precision=fp16", "model.name=mlp", "train.clip_norm=0.5"]


@pytest.fixture(autouse=True)
def fp16_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scale that overflows at first and, growing back every third update, again and again."""
    monkeypatch.setattr(assemble_module, "check_precision", lambda precision, device: None)
    scaler = functools.partial(torch.amp.GradScaler, init_scale=2.0**26, growth_interval=3)
    monkeypatch.setattr(torch.amp, "GradScaler", scaler)
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.parametrize("stop_after", range(1, STEPS))
def test_batches_scale_and_patience_come_back(stop_after: int, tmp_path: Path) -> None:
    spec = spec_of(*OVERRIDES)
    straight = train(spec, None)
    assert straight.metrics["overflows"] >= 3 and len(straight.losses) == STEPS
    assert straight.state["progress"]["batches"] == STEPS + straight.metrics["overflows"]
    first = train(spec, tmp_path, stop_after=stop_after)
    rest = train(spec, tmp_path, resume=True)
    assert first.losses + rest.losses == straight.losses
    assert same(rest.state, straight.state) and rest.metrics == straight.metrics


@pytest.mark.parametrize("piece", ["scaler", "batches"])
def test_negative_control_each_piece_left_out_is_noticed(
    piece: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, restore = spec_of(*OVERRIDES), training_module.restore_state
    straight = train(spec, None)
    train(spec, tmp_path, stop_after=6)

    def partial(task: Any, progress: Any, state: dict[str, Any]) -> None:
        if piece == "scaler":
            state["scaler"] = None
        else:
            state["progress"]["batches"] = state["progress"]["step"]
        restore(task, progress, state)

    monkeypatch.setattr(training_module, "restore_state", partial)
    assert not same(train(spec, tmp_path, resume=True).state, straight.state)
