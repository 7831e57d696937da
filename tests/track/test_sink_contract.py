"""What holds for every sink."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lrlab.track.guard import GuardedSinks
from lrlab.track.jsonl import JsonlSink
from lrlab.track.sink import Row, Sink
from lrlab.track.tensorboard import TensorBoardSink

MAKERS: dict[str, Callable[[Path], Sink]] = {
    "jsonl": lambda folder: JsonlSink(folder / "metrics.jsonl"),
    "tensorboard": lambda folder: TensorBoardSink(folder / "tb"),
    "guarded": lambda folder: GuardedSinks(
        [JsonlSink(folder / "metrics.jsonl"), TensorBoardSink(folder / "tb")], pytest.fail
    ),
}
ROW: Row = {"kind": "train", "step": 0, "epoch": 0, "lr": 0.1, "loss": 1.0}


@pytest.fixture(params=MAKERS)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Sink:
    return MAKERS[request.param](tmp_path)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_takes_everything_and_closes_twice(sink: Sink, tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    sink.rows([ROW])
    sink.rows([])
    sink.text("config", "a: 1")
    sink.figure("curve", Figure(figsize=(1, 1), dpi=20), 0)
    sink.hparams({"lr": 0.1, "nested": {"none": None}}, {"accuracy": 0.5})
    sink.flush()
    sink.close()
    after = files(tmp_path)
    assert after
    sink.close()
    assert files(tmp_path) == after


def test_closing_an_unused_sink(sink: Sink) -> None:
    sink.close()


def test_flushed_rows_are_visible(sink: Sink, tmp_path: Path) -> None:
    sink.rows([ROW])
    sink.flush()
    visible = files(tmp_path)
    sink.close()
    assert files(tmp_path) == visible


def test_rows_are_not_changed(sink: Sink) -> None:
    row = dict(ROW)
    sink.rows([row])
    sink.close()
    assert row == ROW
