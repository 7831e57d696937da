"""Records as TensorBoard's Summary protocol buffers. Importing this imports torch and tensorboard."""

import io
from collections.abc import Mapping
from typing import Any

from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard import summary

from lrlab.track.flatten import flatten
from lrlab.track.sink import Row

LAYOUT: dict[str, dict[str, list[Any]]] = {
    "training": {
        "loss": ["Multiline", ["train/loss", "val/loss"]],
        "accuracy": ["Multiline", ["train/accuracy", "val/accuracy", "test/accuracy"]],
        "lr and momentum": ["Multiline", ["train/lr", "train/lr_effective", "train/momentum"]],
    }
}
"""The custom-scalars page: what belongs together is drawn together."""

_NOT_SCALARS = frozenset({"kind", "step", "epoch", "samples"})
_torch: Any = summary  # has no types


def of_row(row: Row) -> Any:
    """One Summary with a value per number in `row`, tagged `<kind>/<name>`."""
    made, kind = Summary(), row["kind"]
    for name, value in row.items():
        if name not in _NOT_SCALARS and not isinstance(value, str):
            made.value.add(tag=f"{kind}/{name}", simple_value=value)
    return made


def of_text(tag: str, markdown: str) -> Any:
    """A text under `<tag>/text_summary`, torch's name for it."""
    return _torch.text(tag, markdown)


def of_figure(tag: str, figure: Any) -> Any:
    """A matplotlib Figure as a PNG, drawn by Agg: no pyplot, and the figure keeps its canvas."""
    png = _draw(figure)
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")  # the IHDR chunk
    image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=png)
    return Summary(value=[Summary.Value(tag=tag, image=image)])


def of_layout() -> Any:
    """The custom-scalars page."""
    return _torch.custom_scalars(LAYOUT)


def of_hparams(values: Mapping[str, Any], metrics: Mapping[str, float]) -> list[Any]:
    """A row of the hparams page: experiment, start, end, and the metrics as `hparam/<name>`.

    `SummaryWriter.add_hparams` puts the same into a sub-run named by the time; here it stays in the trial's.
    """
    scalars = {f"hparam/{name}": float(value) for name, value in metrics.items()}
    parts = list(_torch.hparams(flatten(values), scalars))
    return [*parts, *(_torch.scalar(tag, value) for tag, value in scalars.items())]


def _draw(figure: Any) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    former, buffer = figure.canvas, io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    try:
        canvas.print_png(buffer)
    finally:
        figure.set_canvas(former)
    return buffer.getvalue()
