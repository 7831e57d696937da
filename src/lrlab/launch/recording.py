"""Observers that turn the loop's records into rows, progress and curves."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lrlab.engine.records import EvalRecord, SilentObserver, StepRecord
from lrlab.track.sink import Row, Sink

EffectiveLr = Callable[[float, float | None], float]  # (lr, momentum) of an update -> its effective lr


class RowRecorder(SilentObserver):
    """Buffers a row per update and hands them to the sinks every `every` updates, and at each evaluation.

    A row's `step` counts the updates done, this one included: the axis that evaluations and checkpoints use too.
    With `effective` it also has the effective lr, `lr_effective`.
    """

    def __init__(self, sink: Sink, kind: str, every: int, *, effective: EffectiveLr | None = None) -> None:
        self._sink, self._kind, self._every, self._effective = sink, kind, every, effective
        self._rows: list[Row] = []

    def on_step(self, record: StepRecord, task: Any) -> None:
        """Buffer it."""
        row: Row = {
            "kind": self._kind,
            "step": record.step + 1,
            "epoch": record.epoch,
            "lr": record.lr,
            "loss": record.loss,
            "samples": record.samples,
        }
        if record.momentum is not None:
            row["momentum"] = record.momentum
        if self._effective is not None:
            row["lr_effective"] = self._effective(record.lr, record.momentum)
        if record.accuracy is not None:
            row["accuracy"] = record.accuracy
        if record.grad_norm is not None:
            row["grad_norm"] = record.grad_norm
        self._rows.append(row)
        if len(self._rows) >= self._every:
            self.flush()

    def on_evaluation(self, record: EvalRecord, task: Any) -> None:
        """Hand it on with everything before it."""
        row: Row = {"kind": record.split, "step": record.step, "epoch": record.epoch, "loss": record.loss}
        if record.accuracy is not None:
            row["accuracy"] = record.accuracy
        self._rows.append(row)
        self.flush()

    def on_end(self, reason: str, task: Any) -> None:
        """Hand on what is left."""
        self.flush()

    def flush(self) -> None:
        """Hand the buffered rows to the sinks."""
        if self._rows:
            rows, self._rows = self._rows, []
            self._sink.rows(rows)
        self._sink.flush()


class CurveRecorder(SilentObserver):
    """Keeps lr and loss of every update, and accuracy and gradient norm where they are measured; all a sweep needs."""

    def __init__(self) -> None:
        self.lrs: list[float] = []
        self.losses: list[float] = []
        self.accuracies: list[float] = []
        self.grad_norms: list[float] = []

    def on_step(self, record: StepRecord, task: Any) -> None:
        """Keep it."""
        self.lrs.append(record.lr)
        self.losses.append(record.loss)
        if record.accuracy is not None:
            self.accuracies.append(record.accuracy)
        if record.grad_norm is not None:
            self.grad_norms.append(record.grad_norm)

    @property
    def series(self) -> dict[str, list[float]]:
        """The curves by name; what was not measured is left out."""
        curves = {"lr": self.lrs, "loss": self.losses}
        measured = {"accuracy": self.accuracies, "grad_norm": self.grad_norms}
        return {**curves, **{name: curve for name, curve in measured.items() if curve}}


def curve_rows(series: Mapping[str, Sequence[float]], kind: str = "sweep") -> list[Row]:
    """A sweep's or climb's rows for the sinks, written when it is over so that no step waits for them.

    Curves may be shorter than `lr`: a non-finite loss ends the sweep before its validation loss.
    """
    rows: list[Row] = [{"kind": kind, "step": step} for step in range(1, len(series["lr"]) + 1)]
    for name, curve in series.items():
        for row, value in zip(rows, curve, strict=False):
            row[name] = value
    return rows
