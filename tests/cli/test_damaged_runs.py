"""Fault 41, beyond reading: what `--resume` says of a run folder that is damaged or from another version."""

import json
from pathlib import Path
from typing import Any

import pytest
from on_disk import FAKE, only_run, rows_of, state_of

TINY = (*FAKE[:-2], "train.steps=12", "-q")


@pytest.fixture
def run(lrlab: Any, here: Path) -> Path:
    assert lrlab("train", *TINY).code == 0
    return only_run(here)


def trials_of(run: Path) -> Any:
    return json.loads((run / "result.json").read_text())["trials"]


DAMAGE = [
    ("status.json", b'{"format": 1, "sta', "unreadable: Unterminated string"),
    ("status.json", b'{"format": 99}', "unreadable: format 99, this version reads 1"),
    ("status.json", None, "unreadable: no status.json"),
    ("meta.json", b"\xff\xfe", "unreadable: meta.json: "),
    ("result.json", b"[]", "unreadable: result.json: not a JSON object"),
]


def test_a_run_that_cannot_be_read_cannot_go_on(lrlab: Any, run: Path) -> None:
    for name, content, says in DAMAGE:
        whole = (run / name).read_bytes()
        (run / name).unlink()
        if content is not None:
            (run / name).write_bytes(content)
        for more in ((), ("--seeds", "2"), ("--dry-run",)):
            answer = lrlab("train", "--resume", run.name, *more)
            assert answer.code == 7 and says in answer.err and "without --resume" in answer.err, answer.err
            assert "Traceback" not in answer.err and answer.out == ""
        assert lrlab("runs", "ls").code == lrlab("runs", "show", run.name).code == 0
        (run / name).write_bytes(whole)
    answer = lrlab("train", "--resume", run.name)  # it was only the files
    assert answer.code == 0 and "is finished" in answer.err


def test_a_trial_whose_result_is_damaged_is_run_again(lrlab: Any, run: Path) -> None:
    (result,) = run.glob("trials/*/result.json")
    rows, trials = rows_of(run), trials_of(run)
    (run / "journal.jsonl").unlink()  # which holds the result too
    for content in ("{", '{"id": "x"}'):
        result.write_text(content)
        again = lrlab("train", "--resume", run.name, "-q")
        assert again.code == 0 and f"the result of {result.parent.name} is damaged" in again.err, again.err
        assert rows_of(run) == rows  # the test is made again, and is there once
        assert trials_of(run) == trials
        assert state_of(run)["state"] == "completed"
        (run / "journal.jsonl").unlink()
