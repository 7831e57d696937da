"""Ctrl-C, SIGTERM and SIGKILL on a real process: what was reached is kept, and `--resume` goes on from it."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from lrlab.engine.checkpoint import CheckpointStore, load_checkpoint

LONG = (
    "train", "data.name=fake", "data.batch_size=16", "data.crop=1", "data.flip=true", "model.width=8", "model.depth=2",
    "model.dropout=0.2", "train.steps=600", "train.validate_every=100",
    "train.checkpoint.every=60", "train.log_every=7",
)  # fmt: skip
PATIENCE = 240.0  # seconds; only a hang takes so long


def until(true: Callable[[], bool], process: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never got there"
        time.sleep(0.01)


def run_of(root: Path) -> Path:
    (run,) = (root / "runs" / "train").iterdir()
    return run


def checkpoints(root: Path) -> list[Path]:
    return sorted(root.glob("runs/train/*/trials/*/checkpoints/step-*"))


def rows_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in next(run.glob("trials/*/metrics.jsonl")).read_text().splitlines()]


def status_of(run: Path) -> str:
    return str(json.loads((run / "status.json").read_text())["state"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a training nobody disturbed."""
    import sys

    folder = tmp_path_factory.mktemp("whole")
    subprocess.run([sys.executable, "-m", "lrlab", *LONG, "-q"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return run_of(folder)


def assert_same_training(run: Path, whole: Path) -> None:
    assert rows_of(run) == rows_of(whole)
    states = []
    for folder in (run, whole):
        state = load_checkpoint(CheckpointStore(next(folder.glob("trials/*/checkpoints"))).steps()[-1])
        states.append(state)
    ours, theirs = states
    assert ours["model"].keys() == theirs["model"].keys()
    assert all(torch.equal(ours["model"][name], theirs["model"][name]) for name in theirs["model"])
    answers = [json.loads((folder / "result.json").read_text())["trials"][0]["metrics"] for folder in (run, whole)]
    assert answers[0] == answers[1]


def test_kill_9_in_mid_training_then_resume_equals_the_undisturbed_run(here: Path, fork: Any, whole: Path) -> None:
    process = fork(*LONG)
    until(lambda: len(checkpoints(here)) >= 2 and checkpoints(here)[-1].name >= "step-00000180", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    run = run_of(here)
    assert status_of(run) == "running"  # nobody was left to write anything else
    assert not (run / "result.json").exists()
    listed = fork("runs", "ls").communicate()[0].decode()
    assert "lost" in listed
    again = fork(*LONG, "--resume")
    out, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, err
    assert b"resumed at step" in err and b"test accuracy" in out
    assert_same_training(run, whole)


def test_the_comparison_sees_a_difference(here: Path, fork: Any, whole: Path) -> None:
    fork(*LONG, "optimizer.weight_decay=1e-6", "-q").communicate(timeout=PATIENCE)
    with pytest.raises(AssertionError):
        assert_same_training(run_of(here), whole)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_finishes_the_step_saves_and_says_so(
    here: Path, fork: Any, whole: Path, number: signal.Signals, code: int
) -> None:
    process = fork(*LONG)
    until(lambda: len(checkpoints(here)) >= 1, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    run = run_of(here)
    assert process.returncode == code and status_of(run) == "interrupted"
    text = err.decode()
    assert f"{number.name}: finishing this step and saving" in text
    assert f"continue with: lrlab train --resume {run.name}" in text and "Traceback" not in text
    saved = int(checkpoints(here)[-1].name.removeprefix("step-"))
    assert f"saved at step {saved}" in text and rows_of(run)[-1]["step"] == saved  # not a step is lost
    again = fork("train", "--resume", run.name, "-q")
    assert again.wait(PATIENCE) == 0
    assert_same_training(run, whole)


def test_the_second_signal_stops_at_once_and_keeps_the_checkpoint(here: Path, fork: Any) -> None:
    slow = ("data.limit=400", "model.width=64", "data.image_size=32", "model.depth=6", "data.batch_size=256")
    changed = [
        word
        for word in LONG
        if not word.startswith(("model.width", "model.depth", "data.batch_size", "train.checkpoint"))
    ]
    process = fork(*changed, *slow, "train.checkpoint.every=1")  # seconds per step: the flag is not looked at in time
    until(lambda: len(checkpoints(here)) >= 1, process)
    time.sleep(0.2)  # well into the next step
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130 and b"Traceback" not in err, err
    assert status_of(run_of(here)) == "interrupted"
    store = CheckpointStore(next(run_of(here).glob("trials/*/checkpoints")))
    found = store.latest()
    assert found is not None and found[0]["model"]


def in_the_middle_of_a_sweep(root: Path, after: int) -> bool:
    """A sweep's rows appear with its result; what it has from its first step on is its folder."""
    begun, done = (len(list(root.glob(f"runs/range-test/2*/trials/*{file}"))) for file in ("", "/result.json"))
    return begun > done >= after


def test_ctrl_c_in_a_range_test_keeps_the_finished_seeds(here: Path, fork: Any) -> None:
    command = ("range-test", *LONG[1:8], "--seeds", "20", "model.width=32", "range_test.steps=100")
    command = tuple(word for word in command if word != "model.width=8")
    process = fork(*command)
    until(lambda: in_the_middle_of_a_sweep(here, after=2), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130 and b"starts over" in err
    finished = {path: path.stat().st_mtime_ns for path in here.glob("runs/range-test/2*/trials/*/result.json")}
    assert len(finished) >= 2
    again = fork(*command, "--resume", "-q")
    assert again.wait(PATIENCE) == 0
    assert all(path.stat().st_mtime_ns == then for path, then in finished.items())
    assert len(list(here.glob("runs/range-test/2*/trials/*/result.json"))) == 20
