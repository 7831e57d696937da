"""A training that was stopped and resumed equals the one that was not, in every bit of its state."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from trainings import STEPS, Ended, same, spec_of, train

from lrlab.launch import training as training_module
from lrlab.launch.spec import TrialSpec

VARIANTS = {
    "sgd": [],
    "ema, accumulated": ["optimizer.momentum_form=ema", "optimizer.lr=0.5", "train.accumulate=2"],
    "adam": ["optimizer.name=adam", "optimizer.lr=0.01"],
    "the last batch smaller": ["data.drop_last=false", "data.batch_size=18"],
}


@pytest.fixture(scope="module", params=list(VARIANTS))
def straight(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrialSpec, Path, Ended]:
    torch.set_num_threads(1)
    spec, folder = spec_of(*VARIANTS[request.param]), tmp_path_factory.mktemp("straight")
    return spec, folder, train(spec, folder)


def keep_until(step: int, source: Path, target: Path) -> Path:
    """The checkpoints a run killed after `step` would have left."""
    shutil.copytree(source, target)
    for path in target.glob("step-*"):
        if int(path.name.removeprefix("step-")) > step:
            shutil.rmtree(path)
    return target


def test_the_net_is_alive(straight: tuple[TrialSpec, Path, Ended]) -> None:
    """A dead net hides every fault: nothing random matters to it."""
    _, folder, ended = straight
    assert 0.3 < ended.metrics["test_accuracy"] <= 1.0
    assert len(list(folder.glob("step-*"))) == STEPS


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_resume_from_every_step_equals_the_straight_run(
    straight: tuple[TrialSpec, Path, Ended], step: int, tmp_path: Path
) -> None:
    spec, folder, ended = straight
    resumed = train(spec, keep_until(step, folder, tmp_path / "cut"), resume=True)
    assert same(resumed.state, ended.state)
    assert resumed.metrics == ended.metrics


def without_rng(state: dict[str, Any]) -> None:
    state["rng"]["torch"] = torch.Generator().manual_seed(99).get_state()


def without_momentum(state: dict[str, Any]) -> None:
    state["optimizer"]["state"] = {}


def without_running_statistics(state: dict[str, Any]) -> None:
    for name, tensor in state["model"].items():
        if "running" in name:
            tensor.fill_(1.0)


def without_best(state: dict[str, Any]) -> None:
    state["progress"]["best"] = None


def without_step(state: dict[str, Any]) -> None:
    state["progress"]["step"] -= 1


def without_batches(state: dict[str, Any]) -> None:
    state["progress"]["batches"] = 0


def without_early_stop(state: dict[str, Any]) -> None:
    state["progress"]["early_stop"] = [float("-inf"), 0]


OMISSIONS = [
    without_rng, without_momentum, without_running_statistics, without_best, without_step, without_batches,
    without_early_stop,
]  # fmt: skip


@pytest.mark.parametrize("omit", OMISSIONS, ids=lambda f: f.__name__)
def test_negative_control_each_piece_left_out_is_noticed(
    omit: Callable[[dict[str, Any]], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of()
    ended = train(spec, tmp_path / "straight")
    restore = training_module.restore_state

    def partial(task: Any, progress: Any, state: dict[str, Any]) -> None:
        omit(state)
        restore(task, progress, state)

    monkeypatch.setattr(training_module, "restore_state", partial)
    resumed = train(spec, keep_until(11, tmp_path / "straight", tmp_path / "cut"), resume=True)
    assert not (same(resumed.state, ended.state) and resumed.metrics == ended.metrics)


def test_negative_control_data_order_restarted_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lrlab.engine.batches import EpochStream

    spec = spec_of()
    ended = train(spec, tmp_path / "straight")
    seek = EpochStream.seek
    monkeypatch.setattr(EpochStream, "seek", lambda self, position: seek(self, 0))
    resumed = train(spec, keep_until(11, tmp_path / "straight", tmp_path / "cut"), resume=True)
    assert not same(resumed.state, ended.state)
