"""`--jobs`: several trials at once give what one after the other gives, whatever happens to the processes."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from lrlab.engine.checkpoint import CheckpointStore, load_checkpoint

pytestmark = pytest.mark.usefixtures("undrawn")
SMALL = ("data.name=fake", "data.batch_size=16", "data.crop=1", "model.width=8", "model.depth=2", "model.dropout=0.2")
TRAIN = ("train", *SMALL, "train.epochs=3", "train.checkpoint.every=20", "train.log_every=7", "--seeds", "3", "-q")
LONG = ("train", *SMALL, "train.steps=900", "train.validate_every=300", "train.checkpoint.every=60", "--seeds", "3")
PATIENCE = 240.0  # seconds; only a hang takes so long
TIMES = ("seconds", "cpu_seconds")


def run_of(root: Path, experiment: str = "train") -> Path:
    (run,) = (root / "runs" / experiment).iterdir()
    return run


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def answer_of(run: Path) -> Any:
    return without_times(json.loads((run / "result.json").read_text()))


def files_of(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in run.glob("trials/*/metrics.jsonl")}


def weights_of(run: Path) -> dict[str, Any]:
    folders = run.glob("trials/*/checkpoints")
    return {folder.parent.name: load_checkpoint(CheckpointStore(folder).steps()[-1])["model"] for folder in folders}


def assert_same_run(ours: Path, theirs: Path) -> None:
    assert answer_of(ours) == answer_of(theirs)
    assert files_of(ours) == files_of(theirs)
    mine, other = weights_of(ours), weights_of(theirs)
    assert mine.keys() == other.keys()
    assert all(torch.equal(mine[trial][name], other[trial][name]) for trial in mine for name in mine[trial])


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The long training, one seed after the other, undisturbed."""
    import sys

    folder = tmp_path_factory.mktemp("serial")
    subprocess.run([sys.executable, "-m", "lrlab", *LONG, "-q"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return run_of(folder)


def test_two_jobs_leave_the_same_files_as_one(lrlab: Any, here: Path) -> None:
    assert lrlab(*TRAIN).code == 0
    answer = lrlab(*TRAIN, "--jobs", "2", "--out", "pool")
    assert answer.code == 0 and answer.err == ""
    assert_same_run(run_of(here), next((here / "pool/train").iterdir()))
    lrlab(*TRAIN, "--jobs", "2", "--out", "other", "train.seed=1")
    with pytest.raises(AssertionError):  # the comparison sees a difference
        assert_same_run(run_of(here), next((here / "other/train").iterdir()))


def test_a_range_test_too(lrlab: Any, here: Path) -> None:
    command = ("range-test", *SMALL, "--seeds", "3", "--json", "range_test.validation=true")
    one, two = (json.loads(lrlab(*command, "-q", *more).out) for more in ([], ["--jobs", "2"]))
    places = ("run", "plots")
    assert {k: v for k, v in without_times(one).items() if k not in places} == {
        k: v for k, v in without_times(two).items() if k not in places
    }


def test_progress_counts_trials(lrlab: Any) -> None:
    answer = lrlab(*TRAIN[:-1], "--jobs", "2")
    assert "(3 of 3)" in answer.err and "completed after" in answer.err
    assert "\x1b" not in answer.err


def until(true: Any, process: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never got there"
        time.sleep(0.01)


def checkpoints(root: Path) -> dict[str, Path]:
    """The newest checkpoint of each trial."""
    return {path.parts[-3]: path for path in sorted(root.glob("runs/train/2*/trials/*/checkpoints/step-*"))}


def workers_of(pid: int) -> list[int]:
    """The worker processes of a run: its children that run Python's spawn entry."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            spawned = b"spawn_main" in (folder / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        if parent == pid and spawned:
            found.append(int(folder.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_every_trial_and_resume_goes_on(
    here: Path, spawn: Any, lrlab: Any, serial: Path, number: signal.Signals, code: int
) -> None:
    process = spawn(*LONG, "--jobs", "2", start_new_session=True)
    until(lambda: len(checkpoints(here)) >= 2, process)
    os.killpg(process.pid, number)  # as a terminal does, and a scheduler: to the workers as well
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, err
    text, run = err.decode(), run_of(here)
    assert text.count("saved at step") == 2 and "Traceback" not in text and "warning" not in text
    assert f"continue with: lrlab train --resume {run.name}" in text
    assert json.loads((run / "status.json").read_text())["state"] == "interrupted"
    again = lrlab("train", "--resume", run.name)  # here, one after the other: it goes on where a pool was
    assert again.code == 0 and again.err.count("resumed at step") == 2, again.err
    assert_same_run(run, serial)


def test_the_second_signal_kills_the_workers_and_keeps_the_checkpoints(
    here: Path, fork: Any, lrlab: Any, serial: Path
) -> None:
    process = fork(*LONG, "--jobs", "2")
    until(lambda: len(checkpoints(here)) >= 2, process)
    pids = workers_of(process.pid)
    assert len(pids) == 2
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)  # they will not finish their step
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143 and b"at once; the last checkpoints are kept" in err and b"Traceback" not in err
    assert not any(map(alive, pids))
    assert lrlab("train", "--resume", run_of(here).name, "-q").code == 0
    assert_same_run(run_of(here), serial)


def test_who_does_not_save_within_the_grace_is_broken_off(here: Path, fork: Any) -> None:
    process = fork(*LONG, "--jobs", "2", "--grace", "0.5")
    until(lambda: len(checkpoints(here)) >= 2, process)
    pids = workers_of(process.pid)
    os.kill(pids[0], signal.SIGSTOP)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143
    assert b"broken off, its last checkpoint is kept" in err and err.count(b"saved at step") == 1, err
    assert not any(map(alive, pids))


def test_kill_9_of_the_run_leaves_no_worker_and_nothing_finished_is_run_again(
    here: Path, fork: Any, serial: Path
) -> None:
    process = fork(*LONG, "--jobs", "2")
    until(lambda: list(here.glob("runs/train/2*/trials/*/result.json")), process)
    pids = workers_of(process.pid)
    assert len(pids) == 2
    process.send_signal(signal.SIGKILL)
    process.communicate()
    run = run_of(here)
    again = fork("train", "--resume", run.name, "--jobs", "2", "-q")  # at once: the orphans may still be saving
    finished = {path: path.stat().st_mtime_ns for path in run.glob("trials/*/result.json")}
    assert again.wait(PATIENCE) == 0
    assert not any(map(alive, pids))
    assert all(path.stat().st_mtime_ns == then for path, then in finished.items()) and finished
    assert_same_run(run, serial)


def test_a_killed_worker_costs_an_attempt_that_goes_on_from_its_checkpoint(here: Path, fork: Any, serial: Path) -> None:
    process = fork(*LONG, "--jobs", "2")
    until(lambda: len(checkpoints(here)) >= 2, process)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert b"attempt 1: its process was ended by SIGKILL (out of memory?); once more" in err
    assert err.count(b"resumed at step") == 1
    assert_same_run(run_of(here), serial)


def test_a_run_in_use_is_busy(here: Path, fork: Any) -> None:
    process = fork(*LONG, "--jobs", "2")
    until(lambda: checkpoints(here), process)
    process.send_signal(signal.SIGSTOP)  # it cannot end, however quick the machine is
    second = fork("train", "--resume", run_of(here).name)
    _, err = second.communicate(timeout=PATIENCE)
    process.send_signal(signal.SIGCONT)
    assert second.returncode == 6 and f"process {process.pid}".encode() in err
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)


def test_a_time_limit_fails_the_trial_and_keeps_the_others(lrlab: Any, here: Path) -> None:
    answer = lrlab(*TRAIN[:-3], "-q", "--timeout", "0.01", "--retries", "0", "--json")
    assert answer.code == 4 and answer.out == ""
    assert "not done after 0.01 s, its time limit" in answer.err
    assert json.loads((run_of(here) / "status.json").read_text())["state"] == "failed"
