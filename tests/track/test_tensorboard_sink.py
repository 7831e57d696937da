"""What TensorBoard reads back from the event files is what was given."""

import importlib.util
import io
import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrlab.track import tensorboard as tensorboard_module
from lrlab.track.flatten import flatten
from lrlab.track.sink import Row
from lrlab.track.tensorboard import TensorBoardSink, tensorboard_sink


def read(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    sizes = dict.fromkeys(("scalars", "images", "tensors"), 0)
    return EventAccumulator(str(folder), size_guidance=sizes).Reload()


def scalars(accumulator: Any) -> dict[str, list[tuple[int, float]]]:
    return {tag: [(e.step, e.value) for e in accumulator.Scalars(tag)] for tag in accumulator.Tags()["scalars"]}


def train_row(step: int, **values: float) -> Row:
    row: Row = {
        "kind": "train",
        "step": step,
        "epoch": 0,
        "samples": 32,
        "lr": 0.1,
        "momentum": 0.9,
        "lr_effective": 1.0,
    }
    return row | {"loss": 2.0 / (1 + step), "accuracy": 0.01 * step} | values


ROWS: list[Row] = [
    *(train_row(step) for step in range(20)),
    {"kind": "val", "step": 20, "epoch": 0, "loss": 0.75, "accuracy": 0.5},
    {"kind": "test", "step": 20, "epoch": 0, "loss": 0.5, "accuracy": 0.625},
]


def written(folder: Path, rows: list[Row]) -> Any:
    sink = TensorBoardSink(folder)
    sink.rows(rows)
    sink.close()
    return read(folder)


def test_all_tags_and_values(tmp_path: Path) -> None:
    got = scalars(written(tmp_path, ROWS))
    names = ["loss", "accuracy", "lr", "momentum", "lr_effective"]
    assert set(got) == {
        *(f"train/{name}" for name in names),
        *("val/loss", "val/accuracy", "test/loss", "test/accuracy"),
    }
    for name in names:
        expected = [(int(row["step"]), float(np.float32(row[name]))) for row in ROWS if row["kind"] == "train"]
        assert got[f"train/{name}"] == expected
    assert got["val/loss"] == [(20, 0.75)]
    assert got["test/accuracy"] == [(20, 0.625)]
    assert len(list(tmp_path.rglob("*tfevents*"))) == 1


def test_the_slow_twin_writes_the_same(tmp_path: Path) -> None:
    """torch's `SummaryWriter`, one `add_scalar` per value."""
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path / "twin"))
    for row in ROWS:
        for name in ("loss", "accuracy", "lr", "momentum", "lr_effective"):
            if name in row:
                writer.add_scalar(f"{row['kind']}/{name}", row[name], row["step"])
    writer.close()
    assert scalars(written(tmp_path / "ours", ROWS)) == scalars(read(tmp_path / "twin"))


def test_sweep_rows(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"kind": "sweep", "step": i, "lr": 10.0**-i, "loss": 2.0, "smoothed": 1.5, "why": "x"} for i in range(3)
    ]
    accumulator = written(tmp_path, rows)
    got = scalars(accumulator)
    assert set(got) == {"sweep/lr", "sweep/loss", "sweep/smoothed"}
    assert got["sweep/smoothed"] == [(0, 1.5), (1, 1.5), (2, 1.5)]
    assert "custom_scalars__config__" not in accumulator.Tags()["tensors"]  # its charts would be empty


def test_non_finite_and_huge_values(tmp_path: Path) -> None:
    rows = [train_row(i, loss=v) for i, v in enumerate((math.nan, math.inf, -math.inf, 1e300))]
    values = [value for _, value in scalars(written(tmp_path, rows))["train/loss"]]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf, math.inf]


def test_rows_are_on_disk_before_flush(tmp_path: Path) -> None:
    sink = TensorBoardSink(tmp_path)
    sink.rows(ROWS)
    assert len(scalars(read(tmp_path))["train/loss"]) == 20
    sink.close()


def test_layout(tmp_path: Path) -> None:
    from tensorboard.plugins.custom_scalar import layout_pb2

    accumulator = written(tmp_path, ROWS)
    (event,) = accumulator.Tensors("custom_scalars__config__")
    layout = layout_pb2.Layout.FromString(event.tensor_proto.string_val[0])
    charts = {chart.title: list(chart.multiline.tag) for category in layout.category for chart in category.chart}
    assert charts == {
        "loss": ["train/loss", "val/loss"],
        "accuracy": ["train/accuracy", "val/accuracy", "test/accuracy"],
        "lr and momentum": ["train/lr", "train/lr_effective", "train/momentum"],
    }
    assert {tag for tags in charts.values() for tag in tags} <= set(scalars(accumulator))


HPARAMS = {
    "seed": 3,
    "optimizer": {"lr": 0.1, "nesterov": False, "name": "sgd"},
    "policy": {"max_lr": None, "parts": (30, 40, 10)},
}


def test_hparams_in_the_same_run(tmp_path: Path) -> None:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    sink = TensorBoardSink(tmp_path)
    sink.rows(ROWS)
    sink.hparams(HPARAMS, {"test_accuracy": 0.625})
    sink.close()
    accumulator = read(tmp_path)

    def data(tag: str) -> Any:
        content = accumulator.SummaryMetadata(f"_hparams_/{tag}").plugin_data.content
        return HParamsPluginData.FromString(content)

    start = data("session_start_info").session_start_info.hparams
    got = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.items()}
    assert got == {
        "seed": 3,
        "optimizer.lr": 0.1,
        "optimizer.nesterov": "false",
        "optimizer.name": "sgd",
        "policy.max_lr": "none",
        "policy.parts": "[30, 40, 10]",
    }
    experiment = data("experiment").experiment
    assert {info.name for info in experiment.hparam_infos} == set(got)
    assert [info.name.tag for info in experiment.metric_infos] == ["hparam/test_accuracy"]
    assert data("session_end_info").session_end_info.status == 1  # STATUS_SUCCESS
    assert scalars(accumulator)["hparam/test_accuracy"] == [(20, 0.625)]
    assert [path.is_dir() for path in tmp_path.iterdir()] == [False]  # no sub-run


def test_flatten_is_what_hparams_takes() -> None:
    flat = flatten({"a": {"b": {"c": 1}}, "d": math.nan, "e": [None, "x"], "f": Path("p"), "g": True, "h": {}})
    assert flat == {"a.b.c": 1, "d": "nan", "e": "[None, 'x']", "f": "p", "g": "true"}


def test_text(tmp_path: Path) -> None:
    sink = TensorBoardSink(tmp_path)
    sink.text("config", "```yaml\nlr: 0.1 # α\n```")
    sink.close()
    accumulator = read(tmp_path)
    (event,) = accumulator.Tensors("config/text_summary")
    assert event.tensor_proto.string_val[0].decode() == "```yaml\nlr: 0.1 # α\n```"
    assert accumulator.SummaryMetadata("config/text_summary").plugin_data.plugin_name == "text"


def test_figure(tmp_path: Path) -> None:
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(3, 2), dpi=50, facecolor=(1.0, 0.0, 0.0))
    canvas = figure.canvas
    sink = TensorBoardSink(tmp_path)
    sink.figure("range test", figure, 7)
    sink.close()
    assert figure.canvas is canvas
    (event,) = read(tmp_path).Images("range test")
    assert (event.step, event.width, event.height) == (7, 150, 100)
    with Image.open(io.BytesIO(event.encoded_image_string)) as image:
        assert image.size == (150, 100)
        assert image.convert("RGB").getpixel((75, 50)) == (255, 0, 0)


def test_resume_hides_what_the_checkpoint_does_not_hold(tmp_path: Path) -> None:
    first = TensorBoardSink(tmp_path)
    first.rows([train_row(step, loss=1.0) for step in range(10)])
    first.close()
    second = TensorBoardSink(tmp_path, purge_step=6)
    second.rows([train_row(step, loss=2.0) for step in range(6, 9)])
    second.close()
    assert len(list(tmp_path.iterdir())) == 2
    expected = [(step, 1.0) for step in range(6)] + [(step, 2.0) for step in range(6, 9)]
    assert scalars(read(tmp_path))["train/loss"] == expected


def test_without_purging_it_would_zig_zag(tmp_path: Path) -> None:
    """Negative control for the test above."""
    for loss, steps in ((1.0, range(10)), (2.0, range(6, 9))):
        sink = TensorBoardSink(tmp_path)
        sink.rows([train_row(step, loss=loss) for step in steps])
        sink.close()
    steps = [step for step, _ in scalars(read(tmp_path))["train/loss"]]
    assert steps != sorted(steps)


def test_later_files_sort_later_although_the_clock_jumps_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for now in (2_000_000_000.0, 1_900_000_000.0, 1_900_000_000.0):
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda now=now: now)
            sink = TensorBoardSink(tmp_path)
            sink.text("a", "b")
            sink.close()
        names.append((set(os.listdir(tmp_path)) - set(names)).pop())
    assert names == sorted(names)


def test_nothing_is_written_before_the_first_record(tmp_path: Path) -> None:
    sink = TensorBoardSink(tmp_path / "tb")
    sink.flush()
    sink.close()
    assert os.listdir(tmp_path) == []


def test_missing_tensorboard_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorboard_module, "_warned", set())
    said: list[str] = []
    assert tensorboard_sink(tmp_path, warn=said.append) is not None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert tensorboard_sink(tmp_path, warn=said.append) is None
    assert tensorboard_sink(tmp_path, warn=said.append) is None
    assert len(said) == 1
    assert "tensorboard is not installed" in said[0]


def test_a_row_is_cheap(tmp_path: Path) -> None:
    """Side by side with `SummaryWriter.add_scalar`, in CPU time: at most half (measured: an eighth)."""
    from torch.utils.tensorboard import SummaryWriter

    rows = [train_row(step) for step in range(1500)]
    sink = TensorBoardSink(tmp_path / "ours")
    sink.rows(rows[:1])
    writer = SummaryWriter(str(tmp_path / "twin"))
    start = time.process_time()
    sink.rows(rows)
    ours = time.process_time() - start
    start = time.process_time()
    for row in rows:
        for name in ("loss", "accuracy", "lr", "momentum", "lr_effective"):
            writer.add_scalar(f"train/{name}", row[name], row["step"])
    writer.flush()
    theirs = time.process_time() - start
    sink.close()
    writer.close()
    assert ours < theirs / 2
