"""The journal: what was appended is there; a torn tail is dropped, a torn middle refused."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lrlab.errors import CheckpointError, ExitCode
from lrlab.runs.journal import Journal

EVENTS = [{"event": "proposed", "id": f"t{i}", "lr": 0.1 * i} for i in range(5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    journal = Journal(tmp_path / "journal.jsonl")
    for event in EVENTS:
        journal.append(event)
    return journal.path


def test_reads_what_was_appended(path: Path) -> None:
    journal = Journal(path)
    assert journal.read() == EVENTS
    journal.append({"event": "done"})
    assert journal.read() == [*EVENTS, {"event": "done"}]
    assert journal.notes == []
    assert [json.loads(line) for line in path.read_text().splitlines()] == [*EVENTS, {"event": "done"}]


def test_no_journal_no_events(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none.jsonl").read() == []
    assert not (tmp_path / "none.jsonl").exists()


def test_torn_anywhere_in_the_last_line(path: Path) -> None:
    """Cut at every byte of the last line: the rows before it always come back, and appending works."""
    whole = path.read_bytes()
    start = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(start, len(whole)):
        path.write_bytes(whole[:cut])
        journal = Journal(path)
        complete = cut >= len(whole) - 1  # only the newline is missing
        expected = EVENTS if complete else EVENTS[:-1]
        assert journal.read() == expected
        assert bool(journal.notes) == (start < cut < len(whole) - 1)
        journal.append({"event": "after"})
        assert Journal(path).read() == [*expected, {"event": "after"}]


def test_a_garbled_last_line_is_dropped(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0" * 512)  # what some file systems leave after a power cut
    journal = Journal(path)
    assert journal.read() == EVENTS
    assert "line 6, 512 bytes" in journal.notes[0]


@pytest.mark.parametrize("garbage", [b'{"event": "pro', b"[1, 2]", b"", b"\xff\xfe", b"[" * 100_000])
def test_torn_middle_names_the_line(path: Path, garbage: bytes) -> None:
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:2], garbage, *lines[3:]]))
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=r"journal\.jsonl:3: ") as caught:
        Journal(path).read()
    assert caught.value.exit_code == ExitCode.CHECKPOINT
    with pytest.raises(CheckpointError, match=r"journal\.jsonl:3: "):
        Journal(path).append({"event": "x"})
    assert path.read_bytes() == before


def test_a_failed_append_leaves_the_journal_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path)
    journal.append({"event": "first"})
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            journal.append({"event": "lost"})
    assert path.read_bytes() == before
    journal.append({"event": "second"})
    assert journal.read() == [*EVENTS, {"event": "first"}, {"event": "second"}]


WRITER = """
import sys
from pathlib import Path
from lrlab.runs.journal import Journal
journal = Journal(Path(sys.argv[1]))
for i in range(100_000):
    journal.append({"i": i})
    print(i, flush=True)
"""


def test_sigkill_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) == 20:
            break
    child.send_signal(signal.SIGKILL)
    last = 20
    for line in child.stdout:
        last = int(line)
    child.wait()
    child.stdout.close()
    rows = Journal(path).read()
    assert [row["i"] for row in rows] == list(range(len(rows)))
    assert len(rows) >= last + 1
