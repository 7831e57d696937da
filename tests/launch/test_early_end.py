"""A training that stops early, and one that is killed just after it has decided to."""

from pathlib import Path

import pytest
from trainings import same, spec_of, train

from lrlab.config.load import load_config
from lrlab.engine.checkpoint import CheckpointStore, load_checkpoint
from lrlab.errors import ConfigError
from lrlab.experiments.train import Train

# a net that never learns more: its lr is next to nothing
STUCK = ["optimizer.lr=1e-12", "train.steps=30", "train.validate_every=3", "train.early_stop.patience=3"]


def test_it_stops_says_so_and_tests_the_last_weights(tmp_path: Path) -> None:
    spec = spec_of(*STUCK)
    ended = train(spec, tmp_path)
    assert ended.result is not None
    assert (ended.result.status, ended.result.reason, ended.result.steps) == ("completed", "early_stop", 12)
    (note,) = ended.result.notes
    assert "step 12 of 30, before the end of its policy" in note and "3 validations in a row" in note
    assert {"val_accuracy", "val_loss", "test_accuracy", "best_val_accuracy"} <= ended.metrics.keys()
    assert ended.metrics["best_val_step"] == 3.0
    finding = Train.from_config(dict(spec.config) | {"train": {**spec.config["train"], "seeds": 1}}).conclude(
        [ended.result]
    )
    assert "1 of 1 stopped early" in finding.headline and finding.to_json()["notes"] == [f"seed 0: {note}"]


def test_the_policy_is_not_shortened() -> None:
    """lr and momentum of every step are those of the whole training."""
    whole = spec_of(*STUCK, "train.early_stop.patience=null")
    assert train(whole, None).losses[:12] == train(spec_of(*STUCK), None).losses


@pytest.mark.parametrize("stop_after", [4, 8, 11])
def test_resume_keeps_what_it_waited(stop_after: int, tmp_path: Path) -> None:
    spec = spec_of(*STUCK)
    straight = train(spec, None)
    train(spec, tmp_path, stop_after=stop_after)
    resumed = train(spec, tmp_path, resume=True)
    assert resumed.result is not None and resumed.result.steps == 12
    assert same(resumed.state, straight.state) and resumed.metrics == straight.metrics


@pytest.mark.parametrize("options", [STUCK, ["train.stop_at_accuracy=0.3", "train.steps=30"]])
def test_killed_after_the_last_checkpoint_it_does_not_train_on(options: list[str], tmp_path: Path) -> None:
    spec = spec_of(*options)
    straight = train(spec, tmp_path)
    assert straight.result is not None and straight.result.reason in ("early_stop", "target")
    resumed = train(spec, tmp_path, resume=True)  # the result was never written
    assert resumed.losses == []
    assert same(resumed.state, straight.state) and resumed.metrics == straight.metrics
    assert resumed.result is not None and resumed.result.reason == straight.result.reason


def test_the_best_checkpoint_goes_by_the_same_metric(tmp_path: Path) -> None:
    ended = train(spec_of("train.early_stop.metric=loss", "train.steps=20"), tmp_path)
    best = CheckpointStore(tmp_path).best()
    assert best is not None and ended.metrics["best_val_loss"] == -best["metric"] > 0
    assert "best_val_accuracy" not in ended.metrics
    assert load_checkpoint(tmp_path / f"best-{int(ended.metrics['best_val_step']):08d}")["metric"] == best["metric"]


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["train.early_stop.patience=3", "data.val_fraction=0"], "needs validation images"),
        (["train.early_stop.min_delta=0.1"], "does nothing without train.early_stop.patience"),
        (["train.early_stop.patience=0"], "at least 1"),
        (["train.early_stop.metric=acuracy", "train.early_stop.patience=1"], "did you mean 'accuracy'"),
        (["train.early_stop.pateince=1"], "did you mean 'patience'"),
        (["train.label_smoothing=1"], "below 1"),
        (["train.clip_norm=0"], "above 0"),
        (["train.precision=bf61"], "did you mean 'bf16'"),
    ],
)
def test_bad_values_are_named(overrides: list[str], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, overrides)
    assert says in str(caught.value)
