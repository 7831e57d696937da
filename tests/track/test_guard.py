"""A full disk or a bug in a sink costs that sink, never the training."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lrlab.track.guard import GuardedSinks
from lrlab.track.jsonl import JsonlSink, read_rows
from lrlab.track.sink import Row

ROW: Row = {"kind": "train", "step": 0, "loss": 1.0}


class Recorder:
    """Remembers its calls; raises `error` from the methods named in `broken`."""

    def __init__(self, error: BaseException | None = None, broken: Sequence[str] = ("rows",)) -> None:
        self.calls: list[str] = []
        self._error, self._broken = error, broken

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self._error is not None and name in self._broken:
            raise self._error

    def rows(self, rows: Sequence[Row]) -> None:
        self._call("rows")

    def text(self, tag: str, markdown: str) -> None:
        self._call("text")

    def figure(self, tag: str, figure: Any, step: int) -> None:
        self._call("figure")

    def hparams(self, values: Any, metrics: Any) -> None:
        self._call("hparams")

    def flush(self) -> None:
        self._call("flush")

    def close(self) -> None:
        self._call("close")


ALL = ["rows", "text", "figure", "hparams", "flush", "close"]


def use(sinks: Any) -> None:
    sinks.rows([ROW])
    sinks.text("a", "b")
    sinks.figure("a", None, 0)
    sinks.hparams({}, {})
    sinks.flush()
    sinks.close()


def test_hands_everything_on_and_leaves_out_none() -> None:
    one, two = Recorder(), Recorder()
    lost: list[str] = []
    guarded = GuardedSinks([one, None, two], lost.append)
    use(guarded)
    assert one.calls == two.calls == ALL
    guarded.close()
    assert one.calls == ALL
    assert lost == guarded.lost == []


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(28, "No space left on device", "/x/y"), "No space left on device (/x/y)"),
        (TypeError("a bug"), "TypeError: a bug"),
    ],
)
def test_a_failing_sink_is_dropped_once_and_the_other_goes_on(method: str, error: Exception, reason: str) -> None:
    bad, good = Recorder(error, [method]), Recorder()
    lost: list[str] = []
    guarded = GuardedSinks([bad, good], lost.append)
    use(guarded)
    use(guarded)
    assert good.calls == ALL
    assert lost == guarded.lost == [f"Recorder stopped, training goes on without it: {reason}"]
    again = ["rows", "close"] if method == "rows" and isinstance(error, OSError) else []  # there may be room again
    assert bad.calls == [*ALL[: ALL.index(method) + 1], "close", *again]


def test_rows_missed_on_a_full_disk_are_written_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lrlab.runs.jsonl import LineFile

    def full(self: LineFile, data: bytes, *, sync: bool = False) -> None:
        raise OSError(28, "No space left on device")

    def row(step: int) -> Row:
        return {"kind": "train", "step": step, "loss": 0.5}

    lost: list[str] = []
    sinks = GuardedSinks([JsonlSink(tmp_path / "metrics.jsonl")], lost.append)
    sinks.rows([row(0)])
    with monkeypatch.context() as patch:
        patch.setattr(LineFile, "append", full)
        sinks.rows([row(1), row(2)])
        sinks.rows([row(3)])
        sinks.flush()
    sinks.rows([row(4)])
    sinks.close()
    assert read_rows(tmp_path / "metrics.jsonl") == [row(step) for step in range(5)]
    assert [sentence.partition(" ")[0] for sentence in lost] == ["JsonlSink", "JsonlSink:"]
    assert "the 4 rows it had missed are written after all" in lost[1]


def test_unguarded_it_raises() -> None:
    """Negative control for the test above."""
    with pytest.raises(OSError, match="No space left"):
        use(Recorder(OSError(28, "No space left on device")))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_the_users_stop_passes_through(stop: type[BaseException]) -> None:
    sink = Recorder(stop())
    guarded = GuardedSinks([sink], pytest.fail)
    with pytest.raises(stop):
        guarded.rows([ROW])
    assert guarded.lost == []


def test_a_console_on_the_full_disk_is_no_failure() -> None:
    def full(sentence: str) -> None:
        raise OSError(28, "No space left on device")

    guarded = GuardedSinks([Recorder(OSError(28, "full"))], full)
    guarded.rows([ROW])
    assert len(guarded.lost) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_dev_full() -> None:
    lost: list[str] = []
    guarded = GuardedSinks([JsonlSink(Path("/dev/full"))], lost.append)
    # Opening reads /dev/full, which never ends, so the file is opened as one already checked.
    guarded._sinks[0]._file = dev_full()  # type: ignore[attr-defined]
    guarded.rows([ROW])
    guarded.rows([ROW])
    assert lost == ["JsonlSink stopped, training goes on without it: No space left on device"]
    bare = JsonlSink(Path("/dev/full"))
    bare._file = dev_full()
    with pytest.raises(OSError, match="No space left"):
        bare.rows([ROW])
    bare._file.close()


def dev_full() -> Any:
    from lrlab.runs.jsonl import LineFile

    return LineFile(Path("/dev/full"), checked=True)


FULL_DISK = """
import resource, signal, sys, warnings
from pathlib import Path
from lrlab.track.guard import GuardedSinks
from lrlab.track.jsonl import JsonlSink
from lrlab.track.tensorboard import TensorBoardSink
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
sink = {sink}
lost = []
sinks = GuardedSinks([sink], lost.append) if {guarded} else sink
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for step in range(2000):
    sinks.rows([dict(kind="train", step=step, epoch=0, lr=0.1, loss=1.0)])
sinks.flush()
sinks.close()
for sentence in lost:
    print(sentence)
print("trained", step + 1)
"""
SINKS = {"jsonl": "JsonlSink(folder / 'metrics.jsonl')", "tensorboard": "TensorBoardSink(folder)"}


def on_full_disk(folder: Path, sink: str, guarded: bool) -> "subprocess.CompletedProcess[str]":
    code = FULL_DISK.format(sink=SINKS[sink], guarded=guarded)
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("sink", SINKS)
def test_full_disk_stops_the_sink_and_not_the_training(tmp_path: Path, sink: str) -> None:
    done = on_full_disk(tmp_path, sink, guarded=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no thread dies with a stack trace
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert "stopped, training goes on without it: File too large" in lines[0]
    assert lines[1] == "trained 2000"


@pytest.mark.parametrize("sink", SINKS)
def test_full_disk_unguarded_ends_the_training(tmp_path: Path, sink: str) -> None:
    """Negative control for the test above; what was written before is whole."""
    done = on_full_disk(tmp_path, sink, guarded=False)
    assert done.returncode == 1
    assert "OSError: [Errno 27] File too large" in done.stderr
    assert "trained" not in done.stdout
    if sink == "jsonl":
        rows = read_rows(tmp_path / "metrics.jsonl")
        assert [row["step"] for row in rows] == list(range(len(rows)))
        assert (tmp_path / "metrics.jsonl").read_bytes().endswith(b"}\n")
