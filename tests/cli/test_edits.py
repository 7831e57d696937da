"""An edited config may add trials to a run, and change nothing of those that are there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("undrawn")
FAKE = ("data.name=fake", "data.batch_size=16", "model.width=8", "model.depth=2", "train.steps=20", "-q")


def only_run(root: Path) -> Path:
    (run,) = (root / "runs" / "train").iterdir()
    return run


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many trainings have run."""
    from lrlab.launch.training import Training

    honest_run, runs = Training.run, [0]

    def run(self: Training, *args: Any) -> Any:
        runs[0] += 1
        return honest_run(self, *args)

    monkeypatch.setattr(Training, "run", run)
    return lambda: runs[0]


def test_a_finished_run_can_be_given_more_seeds(lrlab: Any, here: Path, counted: Callable[[], int]) -> None:
    lrlab("train", *FAKE, "--seeds", "2")
    run = only_run(here)
    kept = {path: path.read_bytes() for path in run.glob("trials/*/*.json*")}
    answer = lrlab("train", "--resume", run.name, "--seeds", "4", "train.log_every=7", "-q")
    assert answer.code == 0 and counted() == 4, answer.err
    assert "2 trials kept, 2 to run" in answer.err
    assert "  train.seeds was 2, is 4\n" in answer.err and "  train.log_every was 50, is 7\n" in answer.err
    assert "(4 seeds)" in answer.out
    assert all(path.read_bytes() == before for path, before in kept.items())
    meta = json.loads((run / "meta.json").read_text())
    assert meta["edits"][0]["changes"]["train.seeds"] == [2, 4]
    twin = json.loads(lrlab("train", *FAKE, "--seeds", "4", "--out", "twin", "--json").out)
    assert json.loads((run / "result.json").read_text())["answer"]["summary"] == twin["summary"]
    again = lrlab("train", "--resume", run.name, "-q")  # as it is now, it is finished
    assert again.code == 0 and "is finished" in again.err and counted() == 8


def test_an_edit_that_changes_or_drops_a_trial_is_refused_with_the_difference(
    lrlab: Any, here: Path, counted: Callable[[], int]
) -> None:
    lrlab("train", *FAKE, "--seeds", "2")
    run = only_run(here)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    for edit, difference in (
        ("optimizer.lr=0.3", "optimizer.lr was 0.1, is 0.3"),
        ("train.seeds=1", "train.seeds was 2, is 1"),
    ):
        answer = lrlab("train", "--resume", run.name, edit, "-q")
        assert answer.code == 7 and difference in answer.err and "an edit may only add trials" in answer.err
    assert counted() == 2
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before | {
        run / ".lock": (run / ".lock").read_bytes()
    }


def test_other_images_are_refused(lrlab: Any, here: Path) -> None:
    lrlab("train", *FAKE)
    run = only_run(here)
    meta = json.loads((run / "meta.json").read_text())
    meta["data"]["sha256"] = "0" * 64
    (run / "meta.json").write_text(json.dumps(meta))
    answer = lrlab("train", "--resume", run.name, "--seeds", "2", "-q")
    assert answer.code == 3 and "are not those the run began with" in answer.err


def test_a_trial_that_failed_is_run_again_on_resume(
    lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch, counted: Callable[[], int]
) -> None:
    from lrlab.launch import run_trial

    honest_assemble = run_trial.assemble

    def broken(spec: Any) -> Any:
        if spec.seed == 1:
            raise RuntimeError("boom")
        return honest_assemble(spec)

    monkeypatch.setattr(run_trial, "assemble", broken)
    answer = lrlab("train", *FAKE, "--seeds", "3")
    run = only_run(here)
    assert answer.code == 0 and "1 of 3 seeds failed" in answer.out and "seed 1 failed: RuntimeError" in answer.out
    assert "1 of 3 trials failed" in answer.err and f"--resume {run.name}" in answer.err
    status = json.loads((run / "status.json").read_text())
    assert (status["state"], status["facts"]["failed"]) == ("degraded", 1)
    assert "in broken" in (next(run.glob("trials/seed-1-*")) / "error.txt").read_text()
    monkeypatch.setattr(run_trial, "assemble", honest_assemble)
    again = lrlab("train", "--resume", run.name, "-q")
    assert again.code == 0 and "(3 seeds)" in again.out and counted() == 3
    assert json.loads((run / "status.json").read_text())["state"] == "completed"


def test_a_range_test_leaves_a_failed_sweep_out(lrlab: Any, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lrlab.launch import run_trial

    honest_sweep = run_trial.run_sweep

    def broken(trial: Any, **options: Any) -> Any:
        if trial.spec.seed == 0:
            raise RuntimeError("boom")
        return honest_sweep(trial, **options)

    monkeypatch.setattr(run_trial, "run_sweep", broken)
    answer = lrlab("range-test", *FAKE[:-2], "--seeds", "3", "-q", "--json")
    data = json.loads(answer.out)
    assert answer.code == 0 and [sweep["seed"] for sweep in data["sweeps"]] == [1, 2]
    assert "seed 0 failed and is left out: RuntimeError: boom" in data["notes"]
    assert lrlab("range-test", *FAKE[:-2], "-q").code == 1  # the only one


def test_a_damaged_journal_is_refused_and_a_torn_one_goes_on_with_a_note(lrlab: Any, here: Path) -> None:
    lrlab("train", *FAKE, "--seeds", "2")
    run = only_run(here)
    journal = run / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-9])
    answer = lrlab("train", "--resume", run.name, "-q")
    assert answer.code == 0 and "dropped a torn last line (line 4" in answer.err
    journal.write_bytes(whole.replace(b"\n", b"torn\n", 1))
    answer = lrlab("train", "--resume", run.name, "-q")
    assert answer.code == 7 and "journal.jsonl:1: damaged line" in answer.err


def test_an_edit_that_moves_the_last_bits_is_noted_and_strictly_refused(lrlab: Any, here: Path) -> None:
    lrlab("train", *FAKE, "train.seeds=1")
    run = only_run(here)
    strict = lrlab("train", "--resume", run.name, "--strict-resume", "train.threads=2", "train.seeds=2", "-q")
    assert strict.code == 7 and "train.threads was 1, is 2" in strict.err and "not bit for bit" in strict.err
    relaxed = lrlab("train", "--resume", run.name, "train.threads=2", "train.seeds=2", "-q")
    assert relaxed.code == 0 and "train.threads was 1, is 2" in relaxed.err and "not bit for bit" in relaxed.err
    assert "(2 seeds)" in relaxed.out
