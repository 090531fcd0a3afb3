"""How much of a dataset each class is."""

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
    """Share of all pixels of each class, void last, adding up to 1.

    Args:
        labels: ids of any shape.
        classes: whose ids they are.

    Raises:
        ValueError: if there are no pixels.

    Example:
        >>> from segnet_nb.datasets import ClassList
        >>> two = ClassList(("a", "b"), ((0, 0, 0), (9, 9, 9), (5, 5, 5)))
        >>> class_distribution(np.array([[0, 0], [1, 2]]), two).tolist()
        [0.5, 0.25, 0.25]
    """
    if not labels.size:
        raise UserError("no labels came. Pass at least one pixel.")
    return np.bincount(labels.ravel(), minlength=classes.void_id + 1) / labels.size


def show_class_distribution(
    shares: Mapping[str, np.ndarray], classes: ClassList, *, title: str = ""
) -> Figure:
    """Bars of each class for one or more splits, on a logarithmic scale.

    Args:
        shares: name of a split to the shares of its classes, from ``class_distribution``; at most four.
        classes: for their names.
        title: of the figure.

    Raises:
        ValueError: if there are no splits, or too many.
    """
    if not 1 <= len(shares) <= len(_COLORS):
        raise UserError(f"1 to {len(_COLORS)} splits can be shown, but {len(shares)} came.")
    names = [*classes.names, "void"]
    figure = NotebookFigure(9, 1.4 + 0.32 * len(names))
    axes = figure.subplots()
    thick = 0.8 / len(shares)
    smallest = min(float(share[share > 0].min()) for share in shares.values())
    for number, (split, share) in enumerate(shares.items()):
        places = np.arange(len(names)) - 0.4 + thick * (number + 0.5)
        axes.barh(places, 100 * share, height=thick, color=_COLORS[number], label=split)
        for place, value in zip(places, share, strict=True):
            text = f"{100 * value:.2g}" if value else "none"
            axes.text(100 * max(value, smallest / 2), place, f" {text}", va="center", fontsize=7)
    axes.set_xscale("log")
    axes.set_xlim(left=100 * smallest / 2, right=150)
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel("share of all pixels (%), logarithmic")
    axes.set_title(title, fontsize=11)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=len(shares), fontsize=9, frameon=False)
    return figure
