"""Run folders: distinct, held by one process, complete."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lrlab.errors import ExitCode, ResourceError, RunBusyError, UsageError
from lrlab.runs import folder as folder_module
from lrlab.runs import lock as lock_module
from lrlab.runs import names
from lrlab.runs.folder import RunFolder
from lrlab.runs.names import created_at, run_name, slugify


def test_fifty_in_the_same_second(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: RunFolder.create(tmp_path, "train", "digits"), range(50)))
    assert len({run.path for run in runs}) == 50
    assert len(os.listdir(tmp_path / "train")) == 50
    for run in runs:
        assert run.status().state == "created"
        run.close()


def test_a_taken_name_is_not_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hexes = iter(["aaaa", "aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr(names.secrets, "token_hex", lambda n: next(hexes) if n == 2 else "00000000")
    with RunFolder.create(tmp_path, "train", "x") as one, RunFolder.create(tmp_path, "train", "x") as two:
        assert one.path.name.endswith("-aaaa")
        assert two.path.name.endswith("-bbbb")


def test_layout(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "range-test", "My Net!") as run:
        assert re.fullmatch(r"\d{8}-\d{6}-my-net-[0-9a-f]{4}", run.path.name)
        assert run.path.parent == tmp_path / "range-test"
        run.write_config(None)
        assert not (run.path / "config.yaml").exists()
        run.write_config("train: {steps: 5}\n")
        run.write_resolved("train: {steps: 5} # here\n")
        run.write_meta({"config_hash": "abc", "lr": float("nan")})
        run.write_result({"experiment": "range-test", "headline": "max-lr 0.1"})
        run.journal.append({"event": "done"})
        assert (run.trial("seed-0-ab"), run.tb("seed-0-ab"), run.plots) == (
            run.path / "trials" / "seed-0-ab",
            run.path / "tb" / "seed-0-ab",
            run.path / "plots",
        )
        assert run.trial("seed-0-ab").is_dir()
        assert run.meta()["config_hash"] == "abc"
        assert run.result()["headline"] == "max-lr 0.1"
    assert sorted(os.listdir(run.path)) == [
        *(".lock", "config.yaml", "journal.jsonl", "meta.json", "plots", "resolved.yaml", "result.json"),
        *("status.json", "tb", "trials"),
    ]


@pytest.mark.parametrize("trial_id", ["", "..", "../x", "a/b", ".hidden", "a\0b"])
def test_a_trial_id_cannot_leave_the_folder(tmp_path: Path, trial_id: str) -> None:
    with RunFolder.create(tmp_path, "train", "x") as run, pytest.raises(ValueError, match="not a file name"):
        run.trial(trial_id)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("CIFAR 10: wide/net", "cifar-10-wide-net"),
        ("Überlänge", "uberlange"),
        ("../../etc", "etc"),
        ("日本", "run"),
        ("", "run"),
        ("a" * 100, "a" * 40),
        ("--x--", "x"),
    ],
)
def test_slugs(text: str, slug: str) -> None:
    assert slugify(text) == slug
    assert created_at(run_name(text)) is not None


@pytest.mark.parametrize("name", ["digits", "20261301-000000-x-abcd", "20260101-000000-x-abcg", "2026-x-abcd"])
def test_other_names_have_no_time(name: str) -> None:
    assert created_at(name) is None


def test_root_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResourceError, match="cannot make a run folder") as caught:
        RunFolder.create(tmp_path / "file" / "runs", "train", "x")
    assert caught.value.exit_code == ExitCode.RESOURCE
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_root_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(ResourceError, match="Permission denied"):
            RunFolder.create(tmp_path, "train", "x")
    finally:
        tmp_path.chmod(0o755)


def test_disk_full_at_creation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module, "start_status", full)
    with pytest.raises(ResourceError, match="No space left"):
        RunFolder.create(tmp_path, "train", "x")
    assert os.listdir(tmp_path / "train") == []


def test_names_with_spaces_and_umlauts_in_the_root(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path / "mes études", "train", "x") as run:
        assert run.status().state == "created"


HOLDER = """
import sys, time
from pathlib import Path
from lrlab.runs.folder import RunFolder
run = RunFolder.open(Path(sys.argv[1]))
run.set_status("running")
print("held", flush=True)
time.sleep(60)
"""


def held(path: Path) -> "subprocess.Popen[str]":
    child = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_busy_then_taken_over_from_the_dead(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "train", "x") as run:
        path = run.path
    child = held(path)
    try:
        with pytest.raises(RunBusyError, match=f"process {child.pid} on ") as caught:
            RunFolder.open(path)
        assert caught.value.exit_code == ExitCode.BUSY
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()
    assert json.loads((path / ".lock").read_text())["pid"] == child.pid
    with RunFolder.open(path) as run:
        assert run.status().state == "lost"
        assert json.loads((path / ".lock").read_text())["pid"] == os.getpid()
        assert run.set_status("running").state == "running"


def test_a_second_opening_in_this_process_is_refused(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "train", "x") as run:
        with pytest.raises(RunBusyError, match=f"process {os.getpid()} on "):
            RunFolder.open(run.path)
        assert run.set_status("running").state == "running"
    run.close()
    RunFolder.open(run.path).close()


def test_a_damaged_lock_file_only_costs_the_name(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "train", "x") as run:
        (run.path / ".lock").write_text("?")
        with pytest.raises(RunBusyError, match="in use by another process"):
            RunFolder.open(run.path)
    RunFolder.open(run.path).close()


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock_module.fcntl, "flock", no_locks)
    with pytest.raises(ResourceError, match="cannot lock") as caught:
        RunFolder.create(tmp_path, "train", "x")
    assert caught.value.exit_code == ExitCode.RESOURCE
    assert os.listdir(tmp_path / "train") == []


def test_open_refuses_other_folders(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not a run folder: no status\.json"):
        RunFolder.open(tmp_path)
    assert os.listdir(tmp_path) == []
