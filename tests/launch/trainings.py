"""Small trainings on made-up images, and what is compared of them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from lrlab.config.load import load_config
from lrlab.engine.checkpoint import CheckpointStore
from lrlab.engine.records import SilentObserver, StepRecord
from lrlab.engine.state import capture_state
from lrlab.experiments.train import Train
from lrlab.launch.assemble import assemble
from lrlab.launch.spec import TrialResult, TrialSpec
from lrlab.launch.training import Training

STEPS = 13
BASE = [
    "data.name=fake", "data.train_size=96", "data.batch_size=16", "data.crop=1", "data.flip=true",
    "data.val_fraction=0.2",
    "model.width=8", "model.depth=2", "model.dropout=0.3", "optimizer.lr=0.05",
    f"train.steps={STEPS}", "train.validate_every=3", "train.checkpoint.every=1", "train.checkpoint.keep=100",
]  # fmt: skip


@dataclass
class Ended(SilentObserver):
    """A training that is over: every bit of its state, its numbers, the loss of each update of this sitting."""

    losses: list[float] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    result: TrialResult | None = None

    def on_step(self, record: StepRecord, task: Any) -> None:
        self.losses.append(record.loss)


def spec_of(*overrides: str) -> TrialSpec:
    """The trial of `BASE` and `overrides`; a later text replaces an earlier one of the same key."""
    merged = {text.split("=")[0]: text for text in [*BASE, *overrides]}
    config = load_config(None, list(merged.values())).config.model_dump(mode="json")
    return Train.from_config(config).propose([])[0]


def train(spec: TrialSpec, folder: Path | None, *, resume: bool = False, stop_after: int | None = None) -> Ended:
    """Train to the end, or until the user interrupts after so many updates of this sitting."""
    trial, ended = assemble(spec), Ended()
    training = Training(trial, CheckpointStore(folder, keep=100) if folder else None, observers=[ended])
    if resume:
        training.resume()
        assert training.progress.step > 0
    ended.result = training.run(lambda: len(ended.losses) == stop_after)
    ended.state = capture_state(trial.task, training.progress)
    ended.state["progress"].pop("seconds")
    ended.metrics = dict(ended.result.metrics)
    return ended


def same(left: Any, right: Any) -> bool:
    """Equality at tolerance zero, through dicts and lists; NaN equals NaN."""
    if isinstance(left, torch.Tensor):
        return isinstance(right, torch.Tensor) and torch.equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right) or (left != left and right != right)
