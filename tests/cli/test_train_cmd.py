"""`lrlab train`, as a user types it."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from on_disk import FAKE, only_run, rows_of, state_of

from lrlab.engine.checkpoint import CheckpointStore, load_checkpoint
from lrlab.launch.recording import RowRecorder

FRAIL = ("--retries", "0", "--fail-fast")  # the first exception ends the run


def test_a_training_leaves_everything_it_promises(lrlab: Any, here: Path) -> None:
    answer = lrlab("train", *FAKE, "--policy", "onecycle", "--seeds", "2")
    assert answer.code == 0 and answer.err == ""
    run = only_run(here)
    result = json.loads((run / "result.json").read_text())
    assert result["headline"] in answer.out and "test accuracy" in answer.out and "(2 seeds)" in answer.out
    assert state_of(run)["state"] == "completed"
    assert len(list(run.glob("trials/*/checkpoints/initial"))) == 2
    assert (run / "plots" / "training.png").is_file() and (run / "plots" / "training.svg").is_file()


def test_rows_hold_the_lr_and_momentum_that_were_used(lrlab: Any, here: Path) -> None:
    lrlab("train", *FAKE, "--policy", "onecycle", "optimizer.lr=0.2")
    rows = [row for row in rows_of(only_run(here)) if row["kind"] == "train"]
    lrs, momenta = [row["lr"] for row in rows], [row["momentum"] for row in rows]
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))
    assert max(lrs) == pytest.approx(0.2) and lrs[0] == pytest.approx(0.02) and lrs[-1] == pytest.approx(0.0002)
    assert momenta[lrs.index(max(lrs))] == min(momenta) == pytest.approx(0.85)
    assert momenta[0] == momenta[-1] == pytest.approx(0.95)


def test_json_is_the_only_thing_on_stdout(lrlab: Any, here: Path) -> None:
    data = json.loads(lrlab("train", *FAKE, "--json").out)
    assert data["experiment"] == "train" and Path(data["run"]) == only_run(here)
    assert 0 <= data["summary"]["test_accuracy"]["mean"] <= 1
    assert data["summary"]["test_accuracy"]["half_width_95"] is None  # one seed has no interval


def test_progress_names_lr_loss_accuracy_and_time_left(lrlab: Any) -> None:
    answer = lrlab("train", *FAKE[:-1])
    assert "val loss" in answer.err and "test loss" in answer.err and "accuracy" in answer.err
    assert "\x1b" not in answer.err  # no escape codes where there is no terminal


def test_verbose_says_where_each_value_is_from(lrlab: Any) -> None:
    answer = lrlab("train", *FAKE, "-v")
    assert "command line" in answer.err and "epochs: 2" in answer.err


def test_fault_28_a_training_that_diverges_keeps_its_last_good_checkpoint(
    lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lrlab.engine.task import Task

    honest, calls = Task.update, [0]

    def poisoned(self: Task, stream: Any) -> Any:
        calls[0] += 1
        if calls[0] == 15:  # an overflow somewhere in the step before
            with torch.no_grad():
                next(self.model.parameters()).fill_(float("nan"))
        return honest(self, stream)

    monkeypatch.setattr(Task, "update", poisoned)
    answer = lrlab("train", *FAKE, "--policy", "constant", "train.checkpoint.every=4")
    run = only_run(here)
    assert answer.code == 4 and "Lower optimizer.lr" in answer.out
    assert answer.out.splitlines()[1].split()[:3] == ["0", "diverged", "15"]
    assert state_of(run)["state"] == "diverged"
    store = CheckpointStore(next(run.glob("trials/*/checkpoints")))
    assert [path.name for path in store.steps()] == ["step-00000008", "step-00000012"]
    kept = load_checkpoint(store.steps()[-1])["model"]
    assert all(value.isfinite().all() for value in kept.values() if value.is_floating_point())
    losses = [row["loss"] for row in rows_of(run) if row["kind"] == "train"]
    assert len(losses) == 15 and losses[-1] in ("nan", "NaN", None)  # the truth is in the records


def test_a_huge_lr_diverges_by_itself(lrlab: Any, here: Path) -> None:
    answer = lrlab("train", *FAKE, "--policy", "constant", "optimizer.lr=1e25", "model.norm=none", "--json")
    assert answer.code == 4
    assert json.loads(answer.out)["seeds"][0]["status"] == "diverged"


class Stop(Exception):
    pass


def cut_short(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Die at an update, as a crash would."""
    honest = RowRecorder.on_step

    def dying(self: RowRecorder, record: Any, task: Any) -> None:
        if record.step == step:
            monkeypatch.setattr(RowRecorder, "on_step", honest)
            raise Stop
        honest(self, record, task)

    monkeypatch.setattr(RowRecorder, "on_step", dying)


def test_resume_continues_and_gives_what_an_uninterrupted_run_gives(
    lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("train", *FAKE, "train.checkpoint.every=5", "model.dropout=0.2")
    cut_short(monkeypatch, 33)
    answer = lrlab(*command, *FRAIL)
    assert answer.code == 1 and "in dying" in answer.err  # a crash is a bug, with its traceback
    broken = only_run(here)
    assert state_of(broken)["state"] == "failed"
    assert lrlab(*command, "--resume").code == 0
    assert only_run(here) == broken and state_of(broken)["state"] == "completed"
    whole = json.loads(lrlab(*command, "--out", "elsewhere", "--json").out)
    twin = Path(whole["run"])
    assert rows_of(broken) == rows_of(twin)
    ends = [CheckpointStore(next(run.glob("trials/*/checkpoints"))).steps()[-1] for run in (broken, twin)]
    ours, theirs = (load_checkpoint(path)["model"] for path in ends)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_crash_is_tried_again_from_the_checkpoint_and_leaves_no_trace_in_the_answer(
    lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("train", *FAKE, "train.checkpoint.every=5", "model.dropout=0.2")
    cut_short(monkeypatch, 33)
    answer = lrlab(*command)
    assert answer.code == 0 and "seed 0, attempt 1: Stop: ; once more" in answer.err
    crashed = only_run(here)
    assert "in dying" in next(crashed.glob("trials/*/error.txt")).read_text()
    twin = Path(json.loads(lrlab(*command, "--out", "elsewhere", "--json").out)["run"])
    assert rows_of(crashed) == rows_of(twin)
    metrics = [json.loads((run / "result.json").read_text())["trials"] for run in (crashed, twin)]
    assert metrics[0] == metrics[1]


def test_resume_by_name_takes_the_config_of_that_run(lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_short(monkeypatch, 20)
    lrlab("train", *FAKE, *FRAIL, "--seeds", "2")
    run = only_run(here)
    answer = lrlab("train", "--resume", run.name, "-q")
    assert answer.code == 0 and only_run(here) == run
    assert len(json.loads((run / "result.json").read_text())["trials"]) == 2


def test_resume_runs_only_what_is_missing(lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("train", *FAKE, "--seeds", "3")
    honest, seen = RowRecorder.on_end, [0]

    def dying(self: RowRecorder, reason: str, task: Any) -> None:
        seen[0] += 1
        if seen[0] == 2:
            raise Stop
        honest(self, reason, task)

    monkeypatch.setattr(RowRecorder, "on_end", dying)
    assert lrlab(*command, *FRAIL).code == 1
    finished = {path: path.read_bytes() for path in only_run(here).glob("trials/*/result.json")}
    assert len(finished) == 1
    assert lrlab(*command, "--resume").code == 0
    assert seen[0] == 4  # the second once more, and the third
    assert all(path.read_bytes() == content for path, content in finished.items())


def test_resume_of_a_finished_run_says_so(lrlab: Any, here: Path) -> None:
    lrlab("train", *FAKE)
    run = only_run(here)
    answer = lrlab("train", "--resume", run.name)
    assert answer.code == 0 and "is finished: test accuracy" in answer.err
    assert lrlab("train", *FAKE, "--resume").code == 7  # nothing unfinished


def test_resume_with_nothing_to_resume(lrlab: Any, here: Path) -> None:
    answer = lrlab("train", "--resume")
    assert answer.code == 7 and "nothing to resume" in answer.err and list(here.iterdir()) == []
    assert lrlab("train", "--resume", "20200101").code == 2


def test_resume_refuses_another_config(lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_short(monkeypatch, 20)
    lrlab("train", *FAKE, *FRAIL)
    run = only_run(here)
    assert lrlab("train", *FAKE, "optimizer.lr=0.3", "--resume").code == 7  # none with this config
    answer = lrlab("train", *FAKE, "optimizer.lr=0.3", "--resume", run.name)
    assert answer.code == 7 and "another config: optimizer.lr was 0.1, is 0.3" in answer.err


def test_a_damaged_checkpoint_is_passed_over_with_a_note(
    lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short(monkeypatch, 33)
    lrlab("train", *FAKE, *FRAIL, "train.checkpoint.every=5")
    newest = sorted(only_run(here).glob("trials/*/checkpoints/step-*"))[-1] / "state.pt"
    newest.write_bytes(newest.read_bytes()[:-7])
    answer = lrlab("train", *FAKE, "train.checkpoint.every=5", "--resume")
    assert answer.code == 0 and "sha256" in answer.err and "an older checkpoint is used" in answer.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["trian.epochs=5"], 2, "did you mean 'train'"),
        (["train.epochs=0"], 2, "train.epochs"),
        (["train.epochs=2", "train.steps=5"], 2, "one length"),
        (["--policy", "onecicle"], 2, "onecycle"),
        (["train.accumulate=1000000"], 2, "train.accumulate"),
        (["data.batch_size=100000"], 2, "batch_size"),
        (["train.epochs=5", "trian.epochs=5", "data.name=minst"], 2, "mnist"),
    ],
)
def test_bad_input_leaves_nothing_behind(lrlab: Any, here: Path, arguments: list[str], code: int, says: str) -> None:
    answer = lrlab("train", *arguments)
    assert answer.code == code, answer.err
    assert answer.err.startswith("error: ") and says in answer.err and "Traceback" not in answer.err
    assert answer.out == "" and list(here.iterdir()) == []
