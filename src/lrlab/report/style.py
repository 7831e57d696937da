"""How figures look: one place for colours, sizes and axes. matplotlib's Figure API only, no global state."""

import textwrap
from collections.abc import Sequence

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

# Okabe, Ito 2008: told apart with any colour vision
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#7F7F7F",
)
SEED_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
ARM_COLOURS = (*SEED_COLOURS, GREY, "black")
ARM_MARKERS = "osD^vPX*h"  # one more than colours: 72 arms before two look alike
TITLE, LABEL, SMALL = 12, 10.5, 9
_PER_INCH = 13  # characters in SMALL


def colours(count: int) -> list[str]:
    """One each for so many things in an order: Okabe and Ito's while they last, else steps of viridis."""
    if count <= len(SEED_COLOURS):
        return list(SEED_COLOURS[:count])
    return [to_hex(colormaps["viridis"](0.9 * i / (count - 1))) for i in range(count)]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches that lays itself out."""
    return Figure(figsize=(width, height), layout="constrained")


def caption(figure: Figure, title: str, answer: str, notes: Sequence[str]) -> None:
    """Title and answer above all panels; below them a paragraph per note, as wide as the figure."""
    figure.suptitle(f"{title}\n{answer}", fontsize=TITLE, x=0.01, ha="left")
    width = int(_PER_INCH * figure.get_figwidth())
    text = "\n".join(textwrap.fill(note, width) for note in notes)
    figure.supxlabel(text, fontsize=SMALL, x=0.01, ha="left")


def dress(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Labels, a light grid, no box on the upper right."""
    if title:
        axes.set_title(title, fontsize=TITLE, loc="left")
    axes.set_xlabel(x, fontsize=LABEL)
    axes.set_ylabel(y, fontsize=LABEL)
    axes.tick_params(labelsize=SMALL)
    axes.grid(visible=True, which="major", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
