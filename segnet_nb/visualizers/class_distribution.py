"""Class distribution of a dataset, which shows its class imbalance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.visualizers.colors import BLUE, GREEN, GREY, ORANGE
from segnet_nb.visualizers.figures import NotebookFigure

_COLORS = (BLUE, ORANGE, GREEN, GREY)


def class_distribution(labels: np.ndarray, classes: ClassList) -> np.ndarray:
    """Fraction of all pixels that belong to each class, void last; the sum is 1.

    Args:
        labels: ids of any shape.
        classes: class list of the ids.

    Returns:
        float64, shape ``(num_classes + 1,)``.

    Raises:
        ValueError: if there are no pixels.

    Example:
        >>> from segnet_nb.datasets import ClassList
        >>> two = ClassList(("a", "b"), ((0, 0, 0), (9, 9, 9), (5, 5, 5)))
        >>> class_distribution(np.array([[0, 0], [1, 2]]), two).tolist()
        [0.5, 0.25, 0.25]
    """
    if not labels.size:
        raise UserError("labels is empty. Pass at least one pixel.")
    return np.bincount(labels.ravel(), minlength=classes.void_id + 1) / labels.size


def show_class_distribution(
    splits: Mapping[str, np.ndarray], classes: ClassList, *, title: str = ""
) -> Figure:
    """A bar chart of the class distribution of one or more splits, on a logarithmic scale.

    Args:
        splits: name of each split and its distribution, from ``class_distribution``; at most four.
        classes: names of the classes.
        title: title of the figure.

    Raises:
        ValueError: if there are no splits, or more than four.
    """
    if not 1 <= len(splits) <= len(_COLORS):
        raise UserError(f"splits must be 1 to {len(_COLORS)} distributions, but got {len(splits)}.")
    names = [*classes.names, "void"]
    figure = NotebookFigure(9, 1.4 + 0.32 * len(names))
    axes = figure.subplots()
    height = 0.8 / len(splits)
    smallest = min(float(fractions[fractions > 0].min()) for fractions in splits.values())
    for number, (split, fractions) in enumerate(splits.items()):
        positions = np.arange(len(names)) - 0.4 + height * (number + 0.5)
        axes.barh(positions, 100 * fractions, height=height, color=_COLORS[number], label=split)
        for position, value in zip(positions, fractions, strict=True):
            text = f"{100 * value:.2g}" if value else "none"
            axes.text(100 * max(value, smallest / 2), position, f" {text}", va="center", fontsize=7)
    axes.set_xscale("log")
    axes.set_xlim(left=100 * smallest / 2, right=150)
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel("fraction of all pixels (%), logarithmic scale")
    axes.set_title(title, fontsize=11)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=len(splits), fontsize=9, frameon=False)
    return figure
