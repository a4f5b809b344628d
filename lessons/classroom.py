"""What every lesson shares: the quick mode, and pictures that can be read from the back of a room.

``python lessons/01_tensors.py --quick`` computes less and says so. Pictures go to `OUTPUT`, lessons/output/ beside
this file, wherever the lesson is started; the environment variable MINITORCH_LESSON_OUTPUT names another folder.
"""

import os
import sys
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

QUICK = "--quick" in sys.argv[1:]
OUTPUT = Path(os.environ.get("MINITORCH_LESSON_OUTPUT") or Path(__file__).parent / "output").resolve()
BLUE, ORANGE, GREEN, RED, PURPLE, GRAY = "#1f5fa8", "#d9730d", "#3a8a3a", "#b3261e", "#6b4fa0", "#777777"

if QUICK:
    print("quick mode: smaller numbers than those that the text is about")
OUTPUT.mkdir(parents=True, exist_ok=True)
matplotlib.rcParams.update({
    "font.size": 18,
    "axes.titlesize": 20,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": matplotlib.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, GRAY]),
    "lines.linewidth": 3,
    "lines.markersize": 9,
    "legend.frameon": False,
})


class Picture:
    """A file with a picture; as the last line of a notebook's cell it is shown."""

    def __init__(self, path):
        self.path = path

    def __repr__(self):
        return f"Picture({self.path.name!r})"

    def _repr_png_(self):
        return self.path.read_bytes()


def subplots(rows=1, columns=1, width=12, height=6.5, **options):
    """A figure for a projector and its axes, as `matplotlib.pyplot.subplots` gives them."""
    figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def save(figure, name):
    """Write a figure to ``OUTPUT/name.png`` and return the `Picture`."""
    picture = Picture(OUTPUT / f"{name}.png")
    figure.savefig(picture.path)
    print(f"picture: {picture.path.name}")
    return picture


def image(axes, pixels, title="", **options):
    """Draw pixels (H, W) without ticks and frame: grey, dark ink on white, unless the options of `imshow` differ."""
    axes.imshow(pixels, **{"cmap": "gray_r", **options})
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_title(title)
