"""A pooled feature map and several upsampling methods, as values side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.colors import GREY
from segnet_nb.visualizers.figures import NotebookFigure
from segnet_nb.visualizers.pooling import index_colors, winner_colors


def number(value: float, *, short: bool = False) -> str:
    """Format a value: two decimals below 10, one above, without trailing zeros.

    Args:
        value: the value.
        short: whether to use one decimal less, if there is little space.

    Example:
        >>> [number(value) for value in (3.0, -0.1875, 12.0625)]
        ['3', '-0.19', '12.1']
        >>> [number(value, short=True) for value in (3.0, -0.1875, 12.0625)]
        ['3', '-0.2', '12']
    """
    factor = (100 if abs(value) < 10 else 10) / (10 if short else 1)
    rounded = math.copysign(math.floor(abs(value) * factor + 0.5) / factor, value)
    return repr(int(rounded)) if rounded == int(rounded) else repr(rounded)


def is_dense(columns: int) -> bool:
    """Whether a feature map with this number of columns has little space for each value."""
    return columns > 6


def _grid(axis: Axes, texts: np.ndarray, colors: np.ndarray, step: int, size: tuple[int, int]) -> None:
    """Cells of ``step`` x ``step`` with one text each, and thicker lines around the 2 x 2 windows."""
    rows, columns = size
    for (y, x), text in np.ndenumerate(texts):
        color = colors[y, x] or "#FFFFFF"
        axis.add_patch(Rectangle((x * step, y * step), step, step, facecolor=color, edgecolor="0.8", lw=0.7))
        fontsize = 12 if not is_dense(columns) else 10.5
        axis.text((x + 0.5) * step, (y + 0.5) * step, text, ha="center", va="center", fontsize=fontsize)
    for x in [*range(0, columns, 2), columns]:
        axis.plot([x, x], [0, rows], color="0.2", lw=1.3)
    for y in [*range(0, rows, 2), rows]:
        axis.plot([0, columns], [y, y], color="0.2", lw=1.3)
    axis.set(xlim=(-0.1, columns + 0.1), ylim=(rows + 0.1, -0.1), aspect="equal")
    axis.set_axis_off()


def show_upsampling(
    before: np.ndarray,
    pooled: np.ndarray,
    indices: np.ndarray | Sequence[Sequence[int]],
    ways: Mapping[str, tuple[np.ndarray, str]],
    *,
    width: float = 10.0,
) -> Figure:
    """A feature map, its maxima with their indices, and the results of several upsampling methods.

    The positions of the maxima are coloured by their offset. A small triangle marks values that equal the
    original feature map.

    Args:
        before: the feature map, shape ``(height, width)``.
        pooled: its maxima, shape ``(ceil(height / 2), ceil(width / 2))``.
        indices: their offsets in 0..3, same shape.
        ways: name of each method, its result of the shape of ``before``, and a note below its name; the first
            is unpooling.
        width: width of the figure in inches.

    Raises:
        ValueError: if the shapes are inconsistent.
    """
    before, pooled, offsets = np.asarray(before), np.asarray(pooled), np.asarray(indices)
    windows = tuple((side + 1) // 2 for side in before.shape)
    wrong = [name for name, (values, _) in ways.items() if np.shape(values) != before.shape]
    if before.ndim != 2 or wrong or not windows == pooled.shape == offsets.shape:
        raise UserError(
            f"a feature map {before.shape} is pooled to {windows} and upsampled to {before.shape}, but got "
            f"pooled {pooled.shape} and indices {offsets.shape}"
            + (f", and other shapes for {', '.join(wrong)}." if wrong else ".")
        )
    winners = winner_colors(before.shape, offsets, None)
    columns = 3
    rows = -(-(2 + len(ways)) // columns)
    row_height = width / columns * before.shape[0] / before.shape[1] * 0.8
    figure = NotebookFigure(width, rows * (row_height + 0.5))
    axes = figure.subplots(rows, columns).ravel()
    _grid(axes[0], _texts(before), winners, 1, before.shape)
    axes[0].set_title("feature map", fontsize=11)
    _draw_maxima(axes[1], pooled, offsets)
    none = np.full(before.shape, None, dtype=object)
    for i, (name, (values, note)) in enumerate(ways.items()):
        axis = axes[2 + i]
        _grid(axis, _texts(np.asarray(values)), winners if i == 0 else none, 1, before.shape)
        for y, x in np.argwhere(np.asarray(values) == before):
            axis.add_patch(Polygon([(x + 1, y), (x + 1, y + 0.24), (x + 0.76, y)], color="0.2", lw=0))
        axis.set_title(f"{name}\n{note}" if note else name, fontsize=10)
    for axis in axes[2 + len(ways) :]:
        axis.set_axis_off()
    figure.supxlabel(
        "colour: position of the maximum in its window; triangle: equal to the feature map",
        fontsize=9,
        color=GREY,
    )
    return figure


def _draw_maxima(axis: Axes, pooled: np.ndarray, indices: np.ndarray) -> None:
    """Maxima with their indices, in decimal and in binary, in the colours of the indices."""
    texts = np.empty(indices.shape, dtype=object)
    for position, offset in np.ndenumerate(indices):
        texts[position] = f"{number(pooled[position].item())}\n{offset} = {offset:02b}"
    _grid(axis, texts, index_colors(indices), 2, (2 * indices.shape[0], 2 * indices.shape[1]))
    axis.set_title("maxima and their 2-bit indices", fontsize=11)


def _texts(values: np.ndarray) -> np.ndarray:
    short = is_dense(values.shape[1])
    return np.array([[number(value, short=short) for value in row] for row in values.tolist()], dtype=object)
