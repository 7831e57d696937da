"""Listing and finding runs, whatever lies in the folder."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lrlab.runs
from lrlab.errors import UsageError
from lrlab.runs.folder import RunFolder
from lrlab.runs.index import find_run, list_runs, newest_unfinished, read_run
from lrlab.runs.process import ProcessMark


def make(root: Path, *states: str, slug: str = "x", config_hash: str = "h", experiment: str = "train") -> Path:
    with RunFolder.create(root, experiment, slug) as run:
        run.write_meta({"config_hash": config_hash})
        for state in states:
            run.set_status(state)
        if "completed" in states:
            run.write_result({"experiment": experiment, "headline": "accuracy 97 %"})
    return run.path


def edit(path: Path, **values: Any) -> None:
    status = json.loads((path / "status.json").read_text())
    (path / "status.json").write_text(json.dumps(status | values))


DEAD = replace(ProcessMark.current(), started=1).to_json()


def test_newest_first(tmp_path: Path) -> None:
    paths = [make(tmp_path, "running", "completed") for _ in range(3)]
    runs = list_runs(tmp_path)
    assert [run.path for run in runs] == paths[::-1]
    assert (runs[0].state, runs[0].headline, runs[0].config_hash) == ("completed", "accuracy 97 %", "h")
    assert (runs[0].experiment, runs[0].name) == ("train", paths[2].name)


def test_no_root_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "none") == []
    (tmp_path / "file").write_text("")
    assert list_runs(tmp_path / "file") == []


def test_unreadable_folders_are_listed_with_the_reason(tmp_path: Path) -> None:
    good = make(tmp_path, "running", "completed")
    stamp = "20200101-000000"
    broken = {
        name: tmp_path / "train" / f"{stamp}-{name}-0000" for name in ("empty", "torn", "foreign", "meta", "deep")
    }
    for path in broken.values():
        path.mkdir()
    (broken["torn"] / "status.json").write_text('{"format": 1, "sta')
    (broken["foreign"] / "status.json").write_text('{"format": 99}')
    (broken["deep"] / "status.json").write_text("[" * 100_000)
    (broken["meta"] / "status.json").write_bytes((good / "status.json").read_bytes())
    (broken["meta"] / "meta.json").write_bytes(b"\xff\xfe")
    (tmp_path / "train" / "notes").mkdir()  # no run at all
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / "train" / f"{stamp}-file-0000").write_text("not a folder")
    states = {run.path.name.split("-")[2]: run.state for run in list_runs(tmp_path)}
    assert states.pop("x") == "completed"
    assert states.pop("empty") == "unreadable: no status.json"
    assert states.pop("torn").startswith("unreadable: Unterminated string")
    assert states.pop("foreign") == "unreadable: format 99, this version reads 1"
    assert states.pop("meta").startswith("unreadable: meta.json: ")
    assert states.pop("deep").startswith("unreadable: ")
    assert states == {}


def test_status_that_is_a_folder_or_a_dangling_link(tmp_path: Path) -> None:
    first, second = make(tmp_path), make(tmp_path)
    (first / "status.json").unlink()
    (first / "status.json").mkdir()
    (second / "status.json").unlink()
    (second / "status.json").symlink_to("nowhere")
    assert all(run.state.startswith("unreadable: ") for run in list_runs(tmp_path))
    assert len(list_runs(tmp_path)) == 2


LISTED = """
import sys, time
reads = []
sys.addaudithook(lambda event, data: reads.append(str(data[0])) if event == "open" else None)
from lrlab.cli.app import main
began, root = time.process_time(), sys.argv[-1]
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code
print("opened", sum(path.startswith(root) for path in reads), "in", time.process_time() - began, file=sys.stderr)
"""


def test_five_hundred_runs_are_listed_with_three_small_files_each(tmp_path: Path) -> None:
    """The promise is a second; what decides is how much is read, which no other work on the machine changes."""
    pattern = make(tmp_path, "running", "completed")
    files = {name: (pattern / name).read_bytes() for name in ("status.json", "meta.json", "result.json")}
    for number in range(499):
        path = tmp_path / "train" / f"20260101-000000-many-{number:04x}"
        (path / "trials").mkdir(parents=True)
        for name, data in files.items():
            (path / name).write_bytes(data)
        (path / "trials" / "metrics.jsonl").write_bytes(b"{}")
    command = [sys.executable, "-c", LISTED, "runs", "ls", "--root", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("completed") == 500
    opened, seconds = re.findall(r"[\d.]+", done.stderr)
    assert int(opened) == 3 * 500
    assert float(seconds) < 10.0  # of the CPU


def test_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = make(tmp_path, slug="one"), make(tmp_path, slug="two")
    assert find_run(tmp_path, one.name).path == one
    assert find_run(tmp_path, f"train/{two.name}").path == two
    assert find_run(tmp_path, two.name[:-2]).path == two
    assert find_run(tmp_path, f"train/{two.name[:-5]}").path == two
    assert find_run(tmp_path / "elsewhere", str(one)).path == one
    monkeypatch.chdir(one.parent)
    assert find_run(Path("none"), one.name).path == one


def test_find_nothing_or_too_much(tmp_path: Path) -> None:
    one = make(tmp_path, slug="one")
    make(tmp_path, slug="two")
    with pytest.raises(UsageError, match="2 runs start with '2'") as caught:
        find_run(tmp_path, "2")
    assert one.name in caught.value.message
    wrong = one.name[:-1] + "z"
    with pytest.raises(UsageError, match="no run") as caught:
        find_run(tmp_path, wrong)
    assert caught.value.hint == f"did you mean {one.name}?"
    for name in ("zzz", "", str(tmp_path)):
        with pytest.raises(UsageError, match="no run"):
            find_run(tmp_path, name)


def test_an_exact_name_wins_over_longer_ones(tmp_path: Path) -> None:
    path = make(tmp_path, slug="x")
    path.with_name(path.name + "0").mkdir()
    (path.with_name(path.name + "0") / "status.json").write_text("{}")
    assert find_run(tmp_path, path.name).path == path


def test_what_to_resume(tmp_path: Path) -> None:
    assert newest_unfinished(tmp_path, "train", "h") is None
    lost = make(tmp_path, "running")
    edit(lost, process=DEAD)
    assert read_run(lost).state == "lost"
    failed = make(tmp_path, "running", "failed")
    for wrong in (
        make(tmp_path, "running", "completed"),
        make(tmp_path, "running", "diverged"),
        make(tmp_path, "running", "degraded"),
        make(tmp_path, "running"),  # alive: this very process
        make(tmp_path),  # about to run
        make(tmp_path, "running", "interrupted", config_hash="other"),
        make(tmp_path, "running", "interrupted", experiment="range-test"),
    ):
        found = newest_unfinished(tmp_path, "train", "h")
        assert found is not None
        assert found.path == failed, wrong
    interrupted = make(tmp_path, "running", "interrupted")
    found = newest_unfinished(tmp_path, "train", "h")
    assert found is not None
    assert found.path == interrupted
    for path in (failed, interrupted):
        (path / "meta.json").unlink()  # without it nothing says that the config is the same
    found = newest_unfinished(tmp_path, "train", "h")
    assert found is not None
    assert found.path == lost


def test_created_and_then_killed_can_be_resumed(tmp_path: Path) -> None:
    path = make(tmp_path)
    assert newest_unfinished(tmp_path, "train", "h") is None
    edit(path, process=DEAD)
    assert newest_unfinished(tmp_path, "train", "h") is not None


def test_a_run_of_another_host_counts(tmp_path: Path) -> None:
    path = make(tmp_path, "running")
    edit(path, process=DEAD | {"host": "elsewhere"})
    assert read_run(path).state == "running"
    assert newest_unfinished(tmp_path, "train", "h") is not None


def test_the_room_needs_no_torch() -> None:
    rooms = [path.stem for path in Path(lrlab.runs.__path__[0]).glob("[a-z]*.py")]
    imports = "; ".join(f"import lrlab.runs.{room}" for room in rooms)
    heavy = ["torch", "numpy", "scipy", "matplotlib", "pydantic", "tensorboard", "rich"]
    code = f"{imports}; import sys; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert len(rooms) > 10
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_latest_is_the_newest_of_all_or_of_one_experiment(tmp_path: Path) -> None:
    make(tmp_path)
    train = make(tmp_path)
    sweep = make(tmp_path, experiment="range-test")
    assert find_run(tmp_path, "latest").path == sweep
    assert find_run(tmp_path, "train/latest").path == train
    with pytest.raises(UsageError, match="no run 'probe/latest'"):
        find_run(tmp_path, "probe/latest")
    with pytest.raises(UsageError, match="no run 'latest'"):
        find_run(tmp_path / "empty", "latest")
