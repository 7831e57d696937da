"""A figure as PNG and SVG, the same bytes each time."""

from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 150


def save_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write `name.png` and `name.svg` into `folder`; no date, no random ids: equal figures are equal files."""
    folder.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure)
    png, svg = folder / f"{name}.png", folder / f"{name}.svg"
    figure.savefig(png, dpi=DPI, metadata={"Software": None})
    with matplotlib.rc_context({"svg.hashsalt": "lrlab"}):
        figure.savefig(svg, metadata={"Date": None, "Creator": None})
    return [png, svg]
