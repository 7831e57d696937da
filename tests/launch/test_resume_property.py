"""Stopped at any step and resumed equals never stopped, at tolerance zero: all optimizers, policies and precisions."""

import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trainings import same, spec_of, train

from lrlab.launch import training as training_module
from lrlab.launch.spec import TrialSpec
from lrlab.registry import OPTIMIZERS, POLICIES

OPTIMIZER_VARIANTS = {
    **{name: [f"optimizer.name={name}"] for name in OPTIMIZERS},
    "sgd": ["optimizer.name=sgd", "optimizer.lr=0.05"],
    "sgd, ema": ["optimizer.momentum_form=ema", "optimizer.lr=0.5"],
    "sgd, nesterov": ["optimizer.nesterov=true", "optimizer.lr=0.05"],
}
PRECISIONS = ["fp32", "bf16"]
SMALL = ["data.crop=0", "data.flip=false", "train.validate_every=4"]


@pytest.fixture(autouse=True)
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pulls the plug here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def assert_resume_is_exact(spec: TrialSpec, stop_after: int) -> None:
    straight = train(spec, None)
    with tempfile.TemporaryDirectory() as folder:
        first = train(spec, Path(folder), stop_after=stop_after)
        assert first.result is not None and first.result.status == "interrupted"
        rest = train(spec, Path(folder), resume=True)
    assert first.losses + rest.losses == straight.losses
    assert len(set(straight.losses)) == len(straight.losses)  # a net that learns; a dead one would hide every fault
    assert same(rest.state, straight.state)
    assert rest.metrics == straight.metrics


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("policy", list(POLICIES))
@pytest.mark.parametrize("optimizer", list(OPTIMIZER_VARIANTS))
def test_every_optimizer_policy_and_precision(optimizer: str, policy: str, precision: str) -> None:
    steps = 12
    chosen = [*OPTIMIZER_VARIANTS[optimizer], f"policy.name={policy}", f"train.precision={precision}"]
    stop_after = random.Random(f"{optimizer} {policy} {precision}").randrange(1, steps)
    assert_resume_is_exact(spec_of(*SMALL, *chosen, f"train.steps={steps}"), stop_after)


def spoiled(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[dict[str, Any]], None]) -> None:
    """Let every resume go on from a state that `spoil` has changed."""
    restore = training_module.restore_state

    def partial(task: Any, progress: Any, state: dict[str, Any]) -> None:
        spoil(state)
        restore(task, progress, state)

    monkeypatch.setattr(training_module, "restore_state", partial)


def forget_the_optimizer(state: dict[str, Any]) -> None:
    state["optimizer"]["state"] = {}


def forget_a_step(state: dict[str, Any]) -> None:
    state["progress"]["step"] -= 1


@pytest.mark.parametrize("optimizer", list(OPTIMIZER_VARIANTS))
def test_negative_control_every_optimizers_state_is_missed(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spoiled(monkeypatch, forget_the_optimizer)
    with pytest.raises(AssertionError):
        assert_resume_is_exact(spec_of(*SMALL, *OPTIMIZER_VARIANTS[optimizer], "train.steps=6"), 4)


@pytest.mark.parametrize("policy", list(POLICIES))
def test_negative_control_a_step_off_is_noticed_under_every_policy(
    policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoiled(monkeypatch, forget_a_step)
    with pytest.raises(AssertionError):
        assert_resume_is_exact(spec_of(*SMALL, f"policy.name={policy}", "train.steps=6"), 4)


def test_negative_control_the_precisions_differ() -> None:
    """bf16 that computed in fp32 would pass everything above."""
    states = [train(spec_of(*SMALL, "train.steps=3", f"train.precision={name}"), None).state for name in PRECISIONS]
    assert not same(states[0]["model"], states[1]["model"])


KNOBS = st.fixed_dictionaries({
    "data.batch_size": st.integers(5, 20),
    "data.drop_last": st.sampled_from(["true", "false"]),
    "data.crop": st.sampled_from([0, 2]),
    "data.flip": st.sampled_from(["true", "false"]),
    "model.name": st.sampled_from(["convnet", "mlp"]),
    "model.dropout": st.sampled_from([0.0, 0.4]),
    "train.accumulate": st.integers(1, 3),
    "train.precision": st.sampled_from(["fp32", "bf16"]),
    "train.channels_last": st.sampled_from(["true", "false"]),
    "train.clip_norm": st.sampled_from(["null", 0.5]),
    "train.label_smoothing": st.sampled_from([0.0, 0.2]),
    "train.validate_every": st.integers(1, 5),
    "train.early_stop.patience": st.sampled_from(["null", 100]),
    "train.early_stop.metric": st.sampled_from(["accuracy", "loss"]),
})  # fmt: skip


@settings(max_examples=25, deadline=None, derandomize=True)
@given(knobs=KNOBS, steps=st.integers(4, 12), data=st.data())
def test_every_other_knob(knobs: dict[str, object], steps: int, data: st.DataObject) -> None:
    spec = spec_of(*(f"{key}={value}" for key, value in knobs.items()), f"train.steps={steps}")
    assert_resume_is_exact(spec, data.draw(st.integers(1, steps - 1)))
