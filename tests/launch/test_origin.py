"""Fault 23: a checkpoint of another model, config, data set or machine; and of an older format."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from trainings import same, spec_of, train

from lrlab.config.compare import SAME_BUT_FOR_ROUNDING, SAME_RESULT, changes, essential, leaves, refusal, rounding
from lrlab.config.load import load_config
from lrlab.engine.checkpoint import CheckpointStore, load_checkpoint
from lrlab.errors import CheckpointError
from lrlab.launch.assemble import assemble
from lrlab.launch.training import Training


def resume(folder: Path, *overrides: str, strict: bool = False) -> list[str]:
    return Training(assemble(spec_of(*overrides)), CheckpointStore(folder)).resume(strict=strict)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    train(spec_of("train.checkpoint.every=5"), tmp_path, stop_after=6)
    return tmp_path


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("optimizer.lr=0.07", "optimizer.lr was 0.05, is 0.07"),
        ("train.steps=20", "train.steps was 13, is 20 (a policy depends on the number of steps"),
        ("train.precision=bf16", "train.precision was fp32, is bf16"),
        ("train.seed=3", "train.seed was 0, is 3"),
        ("model.width=4", "model.width was 8, is 4"),
        ("train.early_stop.patience=2", "train.early_stop.patience was not set, is 2"),
        ("data.flip=false", "data.flip was true, is false"),
    ],
)
def test_another_config_is_refused_with_the_difference(folder: Path, override: str, says: str) -> None:
    with pytest.raises(CheckpointError, match="another config") as caught:
        resume(folder, override)
    assert says in caught.value.message and caught.value.exit_code == 7 and "without --resume" in str(caught.value.hint)


def test_what_changes_nothing_may_change(folder: Path) -> None:
    assert resume(folder, "train.log_every=7", "train.checkpoint.every=2", "data.workers=0", strict=True) == []


def edit(folder: Path, change: Any) -> None:
    """Rewrite the newest checkpoint with something in it changed."""
    path = CheckpointStore(folder).steps()[-1]
    state = load_checkpoint(path)
    change(state)
    CheckpointStore(folder).save_step(state["progress"]["step"], state)


@pytest.mark.parametrize(
    ("key", "value"), [("torch", "1.0"), ("threads", 64), ("device", "cuda")], ids=lambda v: str(v)
)
def test_another_machine_is_noted_and_strictly_refused(folder: Path, key: str, value: Any) -> None:
    edit(folder, lambda state: state["origin"].update({key: value}))
    with pytest.raises(CheckpointError, match="not bit for bit"):
        resume(folder, strict=True)
    (note,) = resume(folder)
    assert f"{key} {value}" in note and "not bit for bit" in note


def test_other_images_are_refused(folder: Path) -> None:
    edit(folder, lambda state: state["origin"].update(data="0123"))
    with pytest.raises(CheckpointError, match="other images: sha256 0123"):
        resume(folder)


def test_another_model_is_refused_by_names_and_shapes_and_nothing_is_copied(folder: Path) -> None:
    edit(folder, lambda state: state.update(origin={}))  # nobody says where it is from
    trial = assemble(spec_of("model.width=4"))
    before = {name: tensor.clone() for name, tensor in trial.task.model.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"another model: .*\(10|in the checkpoint, .* in the model"):
        Training(trial, CheckpointStore(folder)).resume()
    assert all(torch.equal(tensor, before[name]) for name, tensor in trial.task.model.state_dict().items())


def test_another_optimizer_is_refused(folder: Path) -> None:
    def lose_a_group(state: dict[str, Any]) -> None:
        state["origin"] = {}
        state["optimizer"]["param_groups"].pop()

    edit(folder, lose_a_group)
    with pytest.raises(CheckpointError, match="another optimizer"):
        resume(folder)


def test_damage_is_passed_over_with_a_note_and_strictly_refused(tmp_path: Path) -> None:
    spec = spec_of("train.checkpoint.every=2")
    straight = train(spec, tmp_path, stop_after=6)
    newest = tmp_path / "step-00000006" / "state.pt"
    newest.write_bytes(newest.read_bytes()[:-7])
    with pytest.raises(CheckpointError, match=r"step-00000006.*sha256.*an older checkpoint is used"):
        resume(tmp_path, strict=True)
    trial = assemble(spec)
    training = Training(trial, CheckpointStore(tmp_path, keep=100))
    (note,) = training.resume()
    assert "step-00000006" in note and training.progress.step == 4
    training.run()
    assert [path.name for path in CheckpointStore(tmp_path).steps()][-2:] == ["step-00000012", "step-00000013"]
    assert (tmp_path / ".damaged-step-00000006").is_dir()
    assert straight.losses


def test_a_write_cut_short_is_reported_and_is_no_reason_for_strictness(folder: Path) -> None:
    (folder / ".tmp-step-00000010").mkdir()
    (note,) = resume(folder, strict=True)
    assert ".tmp-step-00000010" in note and "cut short" in note


def test_format_1_is_read(tmp_path: Path) -> None:
    """A checkpoint as lrlab wrote it before it counted batches: resume is exact all the same."""
    spec = spec_of("train.accumulate=2")
    straight = train(spec, None)
    train(spec, tmp_path / "new", stop_after=7)
    state = load_checkpoint(tmp_path / "new" / "step-00000007")
    progress = {key: state["progress"][key] for key in ("step", "best", "seconds", "extra")}
    old = {"model": state["model"], "optimizer": state["optimizer"], "progress": progress, "rng": state["rng"]}
    path = tmp_path / "old" / "step-00000007"
    path.mkdir(parents=True)
    torch.save(old, path / "state.pt")
    digest = hashlib.sha256((path / "state.pt").read_bytes()).hexdigest()
    (path / "manifest.json").write_text(json.dumps({"format": 1, "step": 7, "files": {"state.pt": digest}}))
    resumed = train(spec, tmp_path / "old", resume=True)
    for ended in (resumed, straight):  # what format 1 did not keep
        ended.state["progress"].pop("early_stop")
    assert same(resumed.state, straight.state) and resumed.metrics == straight.metrics


def test_keys_named_as_harmless_exist() -> None:
    known = dict(leaves(load_config(None).config.model_dump(mode="json"))).keys()
    assert known >= SAME_RESULT | SAME_BUT_FOR_ROUNDING


def test_the_three_kinds_of_change() -> None:
    old = load_config(None, ["train.epochs=3"]).config.model_dump(mode="json")
    new = load_config(None, ["train.epochs=5", "train.log_every=1", "train.threads=2"]).config.model_dump(mode="json")
    found = changes(old, new)
    assert {change.key for change in found} == {"train.epochs", "train.log_every", "train.threads"}
    assert refusal(found).startswith("train.epochs was 3, is 5") and "longer training" in refusal(found)
    assert rounding(found) == "train.threads was 1, is 2"
    assert refusal([change for change in found if change.key != "train.epochs"]) == ""


def test_a_trials_name_is_of_what_it_does(folder: Path) -> None:
    assert spec_of("train.log_every=9", "train.threads=2", "train.checkpoint.keep=1").id == spec_of().id
    assert spec_of("train.clip_norm=1").id != spec_of().id
    assert "checkpoint" in essential(dict(spec_of().config))["train"]
