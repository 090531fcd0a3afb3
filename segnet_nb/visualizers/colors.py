"""Colours of figures, and legends of classes."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.colors import colorize, overlay, safe_colors

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "YELLOW",
    "colorize",
    "draw_class_legend",
    "legend_patches",
    "overlay",
    "safe_colors",
]

# The colour-blind-safe palette of Okabe and Ito, for everything except the classes of datasets.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW, GREY = "#CC79A7", "#56B4E9", "#F0E442", "#6E6E6E"


def legend_patches(classes: ClassList, present: np.ndarray) -> list[Patch]:
    """One labelled patch per class id in ``present``, for a matplotlib legend."""
    names = [*classes.names, "void"]
    return [
        Patch(facecolor=tuple(classes.palette[i] / 255), edgecolor="0.4", linewidth=0.5, label=names[i])
        for i in np.unique(present)
    ]


def draw_class_legend(figure: Figure, classes: ClassList, present: np.ndarray) -> None:
    """Add a legend of the class ids in ``present`` below a figure, in as many columns as fit, at most six."""
    handles = legend_patches(classes, present)
    for columns in range(6, 0, -1):
        legend = figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=columns,
            frameon=False,
            fontsize=12,
            handlelength=1.2,
            columnspacing=1.2,
        )
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()
