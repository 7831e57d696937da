"""How figures look: one place for colours, sizes and axes. matplotlib's Figure API only, no global state."""

from matplotlib.axes import Axes
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


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches that lays itself out."""
    return Figure(figsize=(width, height), layout="constrained")


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
