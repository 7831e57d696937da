"""What a run was made of; and that finding it out never fails."""

import json
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from lrlab.runs import checkout
from lrlab.runs.checkout import checkout_state
from lrlab.runs.provenance import collect, version

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "net.py").write_text("width = 1\n")
    (folder / ".gitignore").write_text("runs/\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@needs_git
def test_clean_checkout(repository: Path) -> None:
    (repository / "runs").mkdir()
    (repository / "runs" / "x").write_text("ignored")
    expected = {"commit": git(repository, "rev-parse", "HEAD"), "dirty": False, "diff_sha256": None}
    assert checkout_state(repository) == expected
    assert checkout_state(repository / "runs") == expected


@needs_git
def test_the_hash_follows_the_contents(repository: Path) -> None:
    hashes = []

    def look() -> None:
        state = checkout_state(repository)
        assert state is not None
        assert state["dirty"] is True
        hashes.append(state["diff_sha256"])

    (repository / "net.py").write_text("width = 2\n")
    look()
    (repository / "net.py").write_text("width = 3\n")
    look()
    git(repository, "add", "net.py")  # staged or not is the same code
    look()
    (repository / "new.py").write_text("depth = 1\n")
    look()
    (repository / "new.py").write_text("depth = 2\n")
    look()
    (repository / "new.py").rename(repository / "newer.py")
    look()
    assert hashes[1] == hashes[2]
    assert len(set(hashes)) == 5
    git(repository, "checkout", "-q", "HEAD", "net.py")
    (repository / "newer.py").unlink()
    state = checkout_state(repository)
    assert state is not None
    assert state["dirty"] is False


@needs_git
def test_no_commit_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("x")
    state = checkout_state(tmp_path)
    assert state is not None
    assert (state["commit"], state["dirty"]) == (None, True)


def test_outside_a_checkout(tmp_path: Path) -> None:
    assert checkout_state(tmp_path) is None
    assert checkout_state(tmp_path / "missing") is None
    assert collect(["lrlab"], folder=tmp_path)["git"] is None


@pytest.mark.parametrize("error", [FileNotFoundError(2, "no git"), subprocess.TimeoutExpired("git", 1)])
def test_git_that_fails_is_no_failure(tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(checkout.subprocess, "run", broken)
    assert checkout_state(tmp_path) is None


def test_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    record = collect(["lrlab", "train", "a b.yaml"], folder=tmp_path, config_hash="abc", threads=1)
    assert record["argv"] == ["lrlab", "train", "a b.yaml"]
    assert record["packages"]["numpy"] == metadata.version("numpy")
    assert (record["config_hash"], record["threads"]) == ("abc", 1)
    assert record["environment"]["OMP_NUM_THREADS"] == "1"
    assert 1 <= record["cpus_usable"] <= record["cpus"]
    assert json.loads(json.dumps(record)) == record
    assert version("no-such-package-here") is None


def test_a_deleted_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    try:
        assert collect([])["folder"] is None
    finally:
        monkeypatch.chdir(tmp_path)
