"""`metrics.jsonl`: what is written is what is read, after kills and cuts too."""

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lrlab.errors import CheckpointError
from lrlab.runs import atomic
from lrlab.track.jsonl import JsonlSink, read_rows, truncate_after
from lrlab.track.sink import Row


def training(steps: int, start: int = 0) -> list[Row]:
    """`steps` updates; an evaluation after each second one."""
    rows: list[Row] = []
    for step in range(start + 1, start + steps + 1):  # updates done, this one included
        rows.append({"kind": "train", "step": step, "epoch": step // 4, "lr": 0.1 / (1 + step), "loss": 1 / 3 + step})
        if step % 2 == 0:
            rows.append({"kind": "val", "step": step, "epoch": step // 4, "loss": 0.5, "accuracy": 0.25})
    return rows


def write(path: Path, rows: list[Row]) -> None:
    sink = JsonlSink(path)
    sink.rows(rows[:3])
    sink.rows(rows[3:])
    sink.close()
    sink.close()


def test_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    rows = training(10)
    write(path, rows)
    write(path, training(2, start=10))
    assert read_rows(path) == training(12)
    assert read_rows(tmp_path / "none.jsonl") == []


def test_rows_are_there_before_flush(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path / "metrics.jsonl")
    sink.rows(training(1))
    assert len(read_rows(sink.path)) == 1
    sink.close()


def test_non_finite_values_are_valid_json(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, [{"kind": "train", "step": 0, "loss": math.nan, "a": math.inf, "b": -math.inf, "c": 1e308}])

    def no_bare_words(word: str) -> None:
        raise AssertionError(word)

    plain = json.loads(path.read_text(), parse_constant=no_bare_words)
    assert plain == {"kind": "train", "step": 0, "loss": "nan", "a": "inf", "b": "-inf", "c": 1e308}
    (row,) = read_rows(path)
    assert math.isnan(float(row["loss"]))
    assert (row["a"], row["b"], row["c"]) == (math.inf, -math.inf, 1e308)


def test_floats_come_back_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    values = [0.1 + 0.2, 1e-6 * (10 / 1e-6) ** (1 / 99), 5e-324, 2.0**53 + 2, 1.7976931348623157e308]
    write(path, [{"kind": "train", "step": i, "loss": v} for i, v in enumerate(values)])
    assert [row["loss"] for row in read_rows(path)] == values


def test_torn_tail_is_left_out_and_cut_before_the_next_row(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, training(3))
    path.write_bytes(path.read_bytes()[:-9])
    kept = training(3)[:-1]
    assert read_rows(path) == kept
    write(path, training(1, start=8))
    assert read_rows(path) == [*kept, *training(1, start=8)]


def test_torn_middle_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, training(3))
    path.write_bytes(path.read_bytes().replace(b'"kind"', b'"kin', 1))
    with pytest.raises(CheckpointError, match=r"metrics\.jsonl:1: "):
        read_rows(path)


@pytest.mark.parametrize("done", [0, 3, 4, 5, 10])
def test_cut_then_going_on_equals_never_having_stopped(tmp_path: Path, done: int) -> None:
    """With `done` updates in the checkpoint, the rows kept are those an uninterrupted run had by then."""
    path = tmp_path / "metrics.jsonl"
    write(path, training(10))
    late = len(training(10)) - len(training(done))
    assert truncate_after(path, done) == late
    assert read_rows(path) == training(done)
    dropped = tmp_path / "metrics.dropped.jsonl"
    assert read_rows(dropped) == training(10)[len(training(done)) :]
    assert dropped.exists() == (late > 0)
    write(path, training(10 - done, start=done))
    assert read_rows(path) == training(10)
    assert truncate_after(path, 10) == 0


def test_a_test_is_cut_even_at_the_last_step_since_it_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    test = {"kind": "test", "step": 4, "epoch": 0, "loss": 0.5}
    write(path, [*training(4), test])
    assert truncate_after(path, 4) == 1
    assert read_rows(path) == training(4)


def test_cuts_collect_in_the_dropped_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, training(4))
    truncate_after(path, 3)
    truncate_after(path, 1)
    assert len(read_rows(path)) + len(read_rows(tmp_path / "metrics.dropped.jsonl")) == len(training(4))
    assert truncate_after(tmp_path / "none.jsonl", 0) == 0
    assert not (tmp_path / "none.jsonl").exists()


def test_a_cut_that_fails_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, training(4))

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            truncate_after(path, 2)
    assert read_rows(path) == training(4)
    truncate_after(path, 2)
    assert read_rows(path) == training(2)


WRITER = """
import sys
from pathlib import Path
from lrlab.track.jsonl import JsonlSink
sink = JsonlSink(Path(sys.argv[1]))
for step in range(10_000_000):
    sink.rows([{"kind": "train", "step": step, "loss": 1.0}])
    if step == 1000:
        print("go", flush=True)
"""


def test_sigkill_loses_no_row_that_was_taken(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    steps = [row["step"] for row in read_rows(path)]
    assert steps == list(range(len(steps)))
    assert len(steps) > 1000
