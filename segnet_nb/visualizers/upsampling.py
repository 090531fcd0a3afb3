"""One pooled map and several ways back up, as numbers side by side."""

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
from segnet_nb.visualizers.pooling import OFFSET_COLORS


def number(value: float, *, short: bool = False) -> str:
    """A value as it is shown: two decimals below 10, one above, none where there are none.

    Args:
        value: to be shown.
        short: whether to leave one more decimal out, where there is little room.

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
    """Whether a map of so many columns has little room for each number."""
    return columns > 6


def _grid(axis: Axes, texts: np.ndarray, colors: np.ndarray, step: int, size: tuple[int, int]) -> None:
    """Cells of ``step`` x ``step`` with a text each, and heavier lines around the 2 x 2 windows."""
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
    """A map, its maxima with their indices, and what several ways up make of the maxima.

    Places of maxima are coloured by their offset, which the index names too. A small triangle marks what
    is exactly as in the map.

    Args:
        before: the map, shape ``(height, width)``.
        pooled: its maxima, shape ``(ceil(height / 2), ceil(width / 2))``.
        indices: their offsets in 0..3, same shape.
        ways: name to a map of the shape of ``before`` and a note that stands under its name.
        width: of the figure in inches.

    Raises:
        ValueError: if the shapes do not belong together.
    """
    before, pooled, indices = map(np.asarray, (before, pooled, indices))
    windows = tuple((side + 1) // 2 for side in before.shape)
    wrong = [name for name, (values, _) in ways.items() if np.shape(values) != before.shape]
    if before.ndim != 2 or wrong or not windows == pooled.shape == indices.shape:
        raise UserError(
            f"a map {before.shape} pools to {windows} and comes back as {before.shape}, but pooled "
            f"{pooled.shape} and indices {indices.shape} came"
            + (f", and other shapes for {', '.join(wrong)}." if wrong else ".")
        )
    won = np.full(before.shape, None, dtype=object)
    for (y, x), offset in np.ndenumerate(indices):
        won[2 * y + offset // 2, 2 * x + offset % 2] = OFFSET_COLORS[offset]
    columns = 3
    rows = -(-(2 + len(ways)) // columns)
    tall = width / columns * before.shape[0] / before.shape[1] * 0.8
    figure = NotebookFigure(width, rows * (tall + 0.5))
    axes = figure.subplots(rows, columns).ravel()
    _grid(axes[0], _texts(before), won, 1, before.shape)
    axes[0].set_title("map", fontsize=11)
    marks = np.empty(windows, dtype=object)
    for place, offset in np.ndenumerate(indices):
        marks[place] = f"{number(pooled[place].item())}\n{offset} = {offset:02b}"
    small = np.array([[OFFSET_COLORS[offset] for offset in row] for row in indices], dtype=object)
    _grid(axes[1], marks, small, 2, (2 * windows[0], 2 * windows[1]))
    axes[1].set_title("maxima, and index = its two bits", fontsize=11)
    none = np.full(before.shape, None, dtype=object)
    for i, (name, (values, note)) in enumerate(ways.items()):
        axis = axes[2 + i]
        _grid(axis, _texts(np.asarray(values)), won if i == 0 else none, 1, before.shape)
        for y, x in np.argwhere(np.asarray(values) == before):
            axis.add_patch(Polygon([(x + 1, y), (x + 1, y + 0.24), (x + 0.76, y)], color="0.2", lw=0))
        axis.set_title(f"{name}\n{note}" if note else name, fontsize=10)
    for axis in axes[2 + len(ways) :]:
        axis.set_axis_off()
    figure.supxlabel(
        "colour: place of the maximum in its window; triangle: exactly as in the map", fontsize=9, color=GREY
    )
    return figure


def _texts(values: np.ndarray) -> np.ndarray:
    short = is_dense(values.shape[1])
    return np.array([[number(value, short=short) for value in row] for row in values.tolist()], dtype=object)
