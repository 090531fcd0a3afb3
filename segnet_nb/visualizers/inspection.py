"""An inspected image next to the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.visualizers.colors import VERMILION, legend_patches
from segnet_nb.visualizers.figures import NotebookFigure


def show_inspection(
    pixels: np.ndarray,
    matrix: np.ndarray,
    classes: ClassList,
    *,
    present: Sequence[int] = (),
    title: str = "",
    cell: tuple[int, int] | None = None,
    width: float = 11.0,
) -> Figure:
    """An image with the legend of its classes, and a confusion matrix in percent of each true class.

    Args:
        pixels: uint8 RGB, shape ``(height, width, 3)``.
        matrix: counts, rows ground truth, shape ``(num_classes, num_classes)``.
        classes: names and colours.
        present: ids for the legend.
        title: title of the image.
        cell: ``(truth, prediction)`` of the cell to highlight, or None.
        width: width of the figure in inches.

    Raises:
        ValueError: if the matrix does not match the classes.
    """
    if matrix.shape != (classes.num_classes, classes.num_classes):
        raise UserError(
            f"matrix must have shape {(classes.num_classes,) * 2} for {classes.num_classes} classes, but got "
            f"{matrix.shape}."
        )
    figure, left, right = _beside_image(pixels, title, width)
    if len(present):
        left.legend(
            handles=legend_patches(classes, np.array(present)),
            loc="upper center",
            bbox_to_anchor=(0.5, -0.02),
            ncols=4,
            frameon=False,
            fontsize=9,
            handlelength=1.2,
        )
    show_matrix(right, matrix, classes, cell)
    return figure


def show_certainties(
    pixels: np.ndarray,
    probabilities: Mapping[str, float],
    classes: ClassList,
    *,
    title: str = "",
    width: float = 8.5,
) -> Figure:
    """An image, and bars of how certain the network is of each class that it sees there.

    Args:
        pixels: uint8 RGB, shape ``(height, width, 3)``.
        probabilities: mean probability in 0..1 of each predicted class, by its name.
        classes: names and colours.
        title: title of the image.
        width: width of the figure in inches.

    Raises:
        ValueError: if a name is none of the classes.
    """
    colors = [tuple(np.array(classes.colors[classes.index(name)]) / 255) for name in probabilities]
    figure, _, right = _beside_image(pixels, title, width)
    percent = [100 * value for value in probabilities.values()]
    bars = right.barh(list(probabilities), percent, color=colors, edgecolor="0.4")
    right.bar_label(bars, [f"{value:.0f} %" for value in percent], padding=3, fontsize=9)
    right.invert_yaxis()
    right.set_xlim(0, 115)
    right.set_xticks(range(0, 101, 25))
    right.set_title("mean probability of each predicted class (%)", fontsize=10)
    right.spines[["top", "right"]].set_visible(False)
    return figure


def _beside_image(pixels: np.ndarray, title: str, width: float) -> tuple[Figure, Axes, Axes]:
    """A figure with the image to the left and room to its right."""
    high = width * 0.55 * pixels.shape[0] / pixels.shape[1]
    figure = NotebookFigure(width, max(high + 0.9, 4.2), photographic=True)
    left, right = figure.subplots(1, 2, width_ratios=[1.35, 1])
    left.imshow(pixels, interpolation="nearest")
    left.set_title(title, fontsize=10)
    left.set_axis_off()
    return figure, left, right


def show_matrix(
    axis: Axes, matrix: np.ndarray, classes: ClassList, cell: tuple[int, int] | None = None
) -> None:
    """Draw a row-normalised confusion matrix in percent, rounded; cells below half a percent are empty."""
    total = matrix.sum(1, keepdims=True)
    percent = 100 * matrix / np.maximum(total, 1)
    axis.imshow(np.sqrt(percent), cmap="cividis", vmin=0, vmax=10)
    for (row, column), value in np.ndenumerate(percent):
        if value >= 0.5:
            axis.text(
                *(column, row, f"{value:.0f}"),
                ha="center",
                va="center",
                fontsize=8,
                color="black" if value > 35 else "white",
            )
    axis.set_xticks(range(len(percent)), classes.names, rotation=60, ha="right", fontsize=8)
    axis.set_yticks(range(len(percent)), classes.names, fontsize=8)
    axis.set_xlabel("predicted class", fontsize=9)
    axis.set_ylabel("true class", fontsize=9)
    axis.set_title("confusion matrix (% of each true class)", fontsize=10)
    if cell is not None:
        axis.add_patch(
            Rectangle((cell[1] - 0.5, cell[0] - 0.5), 1, 1, fill=False, edgecolor=VERMILION, linewidth=2)
        )
