"""What can befall a training, as its user sees it: exit codes, sentences, and what is left on disk."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from on_disk import FAKE, only_run, rows_of, state_of

from lrlab.data.order import derive
from lrlab.engine import checkpoint
from lrlab.engine.task import Task
from lrlab.launch.recording import RowRecorder
from lrlab.track.jsonl import JsonlSink
from lrlab.track.sink import Sink
from lrlab.track.tensorboard import TensorBoardSink

pytestmark = pytest.mark.usefixtures("undrawn")
CHECKPOINTS = "train.checkpoint.every=5"


class Stop(Exception):
    pass


@pytest.fixture
def broken(lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that died at step 33, with checkpoints of steps 25 and 30."""
    with monkeypatch.context() as patch:

        def dying(self: RowRecorder, record: Any, task: Any) -> None:
            if record.step == 33:
                raise Stop

        patch.setattr(RowRecorder, "on_step", dying)
        lrlab("train", *FAKE, CHECKPOINTS)
    return only_run(here)


def test_fault_34_a_longer_training_is_refused_with_the_reason(lrlab: Any, broken: Path) -> None:
    before = state_of(broken)
    answer = lrlab("train", *FAKE, CHECKPOINTS, "train.epochs=3", "--resume", broken.name)
    assert answer.code == 2  # the key is there twice
    answer = lrlab("train", "--resume", broken.name, "train.epochs=3", "-q")
    assert answer.code == 7 and "train.epochs was 2, is 3 (a policy depends on the number of steps" in answer.err
    assert state_of(broken) == before


def test_fault_23_what_changes_nothing_may_change_and_the_rest_is_listed(lrlab: Any, broken: Path) -> None:
    answer = lrlab("train", "--resume", broken.name, "optimizer.momentum=0.5", "data.flip=true", "-q")
    assert answer.code == 7
    assert "optimizer.momentum was 0.9, is 0.5" in answer.err and "data.flip was false, is true" in answer.err
    answer = lrlab("train", "--resume", broken.name, "train.log_every=3", "train.threads=2", "-q")
    assert answer.code == 0 and "train.threads was 1, is 2; what follows is not bit for bit" in answer.err
    assert rows_of(broken)[-1]["kind"] == "test"  # it went on in the same trial
    assert len(list(broken.glob("trials/*"))) == 1


def test_fault_22_strict_resume_wants_the_newest_checkpoint_whole(lrlab: Any, broken: Path) -> None:
    newest = sorted(broken.glob("trials/*/checkpoints/step-*"))[-1]
    (newest / "state.pt").unlink()
    for jobs in ("1", "2"):  # two seeds: the one that is new must not hide that the other cannot go on
        answer = lrlab("train", "--resume", broken.name, "--strict-resume", "-q", "--seeds", "2", "--jobs", jobs)
        assert answer.code == 7 and newest.name in answer.err and "leave --strict-resume out" in answer.err
        assert "once more" not in answer.err  # trying again would give the same
    answer = lrlab("train", "--resume", broken.name, "-q")
    assert answer.code == 0 and "an older checkpoint is used" in answer.err
    assert lrlab("train", *FAKE, "--strict-resume").code == 2


def test_strict_resume_of_a_whole_run_just_resumes(lrlab: Any, broken: Path) -> None:
    assert lrlab("train", "--resume", broken.name, "--strict-resume", "-q").code == 0
    assert state_of(broken)["state"] == "completed"


def test_fault_20_a_full_disk_costs_checkpoints_and_the_exit_code(
    lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = checkpoint._write_synced

    def full(path: Path, data: bytes) -> None:
        if path.parent.name.startswith((".tmp-step-0000002", ".tmp-step-0000003", ".tmp-step-0000004")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        honest(path, data)

    monkeypatch.setattr(checkpoint, "_write_synced", full)
    answer = lrlab("train", *FAKE, CHECKPOINTS)
    run = only_run(here)
    assert answer.code == 5 and "test accuracy" in answer.out  # the answer is there all the same
    assert "warning: the checkpoint of step 20 could not be written (No space left on device)" in answer.err
    assert "degraded: seed 0: the checkpoint of step" in answer.err
    assert state_of(run)["state"] == "degraded" and "No space left" in state_of(run)["facts"]["lost"][0]
    assert (run / "result.json").is_file()


def test_fault_31_out_of_memory_says_what_to_do(lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(self: Task, stream: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    monkeypatch.setattr(Task, "update", exhausted)
    for command in ("train", "range-test"):
        answer = lrlab(command, *FAKE)
        assert answer.code == 5 and "out of memory on cpu with batches of 16 images" in answer.err
        assert "lower data.batch_size" in answer.err and "Traceback" not in answer.err
    assert state_of(only_run(here))["state"] == "failed"


def test_fault_31_a_trial_out_of_memory_fails_and_the_others_go_on(
    lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Task.update

    def exhausted(self: Task, stream: Any) -> Any:
        if torch.initial_seed() == poor:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        return honest(self, stream)

    poor = derive(1, "noise")  # of seed 1
    monkeypatch.setattr(Task, "update", exhausted)
    answer = lrlab("train", *FAKE, "--seeds", "3")
    assert answer.code == 0 and "1 of 3 trials failed" in answer.err and "1 of 3 seeds failed" in answer.out
    assert answer.err.count("out of memory on cpu with batches of 16 images") == 2  # and once more
    assert (state_of(only_run(here))["state"], state_of(only_run(here))["facts"]["failed"]) == ("degraded", 1)


def test_fault_21_a_sink_on_a_full_disk_is_given_up_and_the_answer_is_there(
    lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Sink, rows: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    whole = json.loads(lrlab("train", *FAKE, "--json", "--out", "whole").out)
    sinks: list[type[Sink]] = [JsonlSink, TensorBoardSink]
    for sink in sinks:
        with monkeypatch.context() as patch:
            patch.setattr(sink, "rows", full)
            answer = lrlab("train", *FAKE, "--json", "--out", sink.__name__)
        assert answer.code == 0  # the answer is whole, other than with lost checkpoints
        assert f"{sink.__name__} stopped, training goes on without it: No space left on device" in answer.err
        assert json.loads(answer.out)["summary"] == whole["summary"]
        status = state_of(Path(json.loads(answer.out)["run"]))
        assert status["state"] == "degraded" and sink.__name__ in status["facts"]["lost"][0]


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if "seconds" not in key}
    return [without_times(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("command", ["train", "range-test"])
def test_fault_38_the_same_seed_twice_gives_the_same_files(lrlab: Any, here: Path, command: str) -> None:
    files = []
    for out in ("one", "two"):
        options = ("data.crop=1", "data.flip=true", "model.dropout=0.2", "--seeds", "2", "--out", out)
        assert lrlab(command, *FAKE, *options).code in (0, 4)
        (run,) = (here / out / command).iterdir()
        metrics = {path.parent.name: path.read_bytes() for path in run.glob("trials/*/metrics.jsonl")}
        results = [json.loads(path.read_text()) for path in sorted(run.glob("trials/*/result.json"))]
        files.append((metrics, without_times([json.loads((run / "result.json").read_text()), *results])))
    assert files[0] == files[1] and len(files[0][0]) == 2


def test_early_stop_is_told(lrlab: Any, here: Path) -> None:
    options = ("optimizer.lr=1e-12", "train.validate_every=4", "train.early_stop.patience=2")
    answer = lrlab("train", *FAKE, *options)
    assert answer.code == 0 and "1 of 1 stopped early" in answer.out
    assert "seed 0: stopped at step 12 of 56, before the end of its policy: 2 validations in a row" in answer.out
    assert state_of(only_run(here))["state"] == "completed"


def test_the_gradient_norm_before_clipping_is_in_the_rows(lrlab: Any, here: Path) -> None:
    lrlab("train", *FAKE, "train.clip_norm=0.1")
    norms = [row["grad_norm"] for row in rows_of(only_run(here)) if row["kind"] == "train"]
    assert len(norms) == 56 and max(norms) > 0.1


def test_bf16_and_label_smoothing_through_the_command_line(lrlab: Any, here: Path) -> None:
    answer = lrlab("train", *FAKE, "train.precision=bf16", "train.label_smoothing=0.3", "--json")
    metrics = json.loads(answer.out)["seeds"][0]["metrics"]
    smoothed = [row["loss"] for row in rows_of(only_run(here)) if row["kind"] == "train"][-1]
    assert metrics["val_accuracy"] > 0.9 and metrics["val_loss"] < smoothed  # reported without smoothing


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
@pytest.mark.parametrize(("options", "code"), [((), 5), (("--device", "cpu"), 2)])
def test_fp16_without_cuda_is_refused_before_anything_is_written(
    lrlab: Any, here: Path, options: tuple[str, ...], code: int
) -> None:
    for command in ("train", "range-test"):
        answer = lrlab(command, *FAKE, "train.precision=fp16", *options)
        assert answer.code == code and "90 times slower than bf16" in answer.err and list(here.iterdir()) == []


def test_compiling_without_a_compiler_is_refused_before_anything_is_written(
    lrlab: Any, here: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch._inductor.config as inductor

    torch.compiler.reset()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    broken: Any = inductor.patch({"cpp.cxx": ("/nonexistent/g++",)})
    with broken:
        answer = lrlab("train", *FAKE, "train.compile=true")
    torch.compiler.reset()
    assert answer.code == 5 and "torch.compile fails here" in answer.err and list(here.iterdir()) == []
