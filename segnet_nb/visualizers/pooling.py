"""Pooling by hand: a small map, its maxima, their indices, and where unpooling puts them back."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.colors import GREY, ORANGE, PURPLE, SKY, YELLOW
from segnet_nb.visualizers.figures import NotebookFigure

OFFSET_COLORS = (SKY, ORANGE, YELLOW, PURPLE)
"""A colour per offset 0..3: top left, top right, bottom left, bottom right."""


def _cells(axis: Axes, values: np.ndarray, colors: np.ndarray, title: str) -> None:
    """A grid of numbers on coloured cells, heavier lines around the 2 x 2 windows."""
    height, width = values.shape
    for y in range(height):
        for x in range(width):
            axis.add_patch(Rectangle((x, y), 1, 1, facecolor=colors[y][x], edgecolor="0.75", linewidth=0.8))
            axis.text(x + 0.5, y + 0.5, f"{values[y, x]:g}", ha="center", va="center", fontsize=12)
    axis.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor="0.2", linewidth=1.5))
    axis.set(xlim=(-0.1, width + 0.1), ylim=(height + 0.1, -0.1), aspect="equal")
    axis.set_title(title, fontsize=11)
    axis.set_axis_off()


def _windows(axis: Axes, height: int, width: int) -> None:
    for x in range(0, width + 1, 2):
        axis.plot([x, x], [0, height], color="0.2", linewidth=1.5)
    for y in range(0, height + 1, 2):
        axis.plot([0, width], [y, y], color="0.2", linewidth=1.5)


def show_pooling(
    before: np.ndarray, pooled: np.ndarray, indices: np.ndarray, unpooled: np.ndarray, *, width: float = 10.0
) -> Figure:
    """One map through 2 x 2 pooling and back; winners and indices share a colour per offset.

    Args:
        before: the map, shape ``(height, width)``.
        pooled: its maxima, shape ``(ceil(height / 2), ceil(width / 2))``.
        indices: their offsets in 0..3, same shape.
        unpooled: the map after unpooling, shape ``(height, width)``.
        width: of the figure in inches.

    Raises:
        ValueError: if the shapes do not belong together.
    """
    before, pooled, indices, unpooled = map(np.asarray, (before, pooled, indices, unpooled))
    windows = tuple((side + 1) // 2 for side in before.shape)
    if before.ndim != 2 or unpooled.shape != before.shape or not windows == pooled.shape == indices.shape:
        raise UserError(
            f"a map {before.shape} pools to {windows} and unpools to {before.shape}, but pooled "
            f"{pooled.shape}, indices {indices.shape} and unpooled {unpooled.shape} came."
        )
    won = np.full(before.shape, "#FFFFFF", dtype=object)
    for (y, x), offset in np.ndenumerate(indices):
        won[2 * y + offset // 2, 2 * x + offset % 2] = OFFSET_COLORS[offset]
    small = np.array([[OFFSET_COLORS[offset] for offset in row] for row in indices], dtype=object)
    figure = NotebookFigure(width, width * 0.27 + 0.4)
    axes = figure.subplots(1, 4, width_ratios=[2, 1, 1, 2])
    _cells(axes[0], before, won, "before")
    _cells(axes[1], pooled, small, "maxima")
    _cells(axes[2], indices, small, "indices 2·dy + dx")
    _cells(axes[3], unpooled, won, "unpooled")
    for axis in (axes[0], axes[3]):
        _windows(axis, *before.shape)
    figure.supxlabel("colour: place of the maximum in its 2 x 2 window", fontsize=9, color=GREY)
    return figure


def show_indices(
    image: np.ndarray, values: np.ndarray, indices: np.ndarray, *, title: str = "", width: float = 10.0
) -> Figure:
    """One channel of a pooling in a network: the image, the maxima, and where in its window each was.

    An index is drawn in the colour of its offset, paler where the maximum is weak and its place means little.

    Args:
        image: uint8 RGB, shape ``(height, width, 3)``.
        values: maxima of one channel, shape ``(rows, columns)``.
        indices: their offsets in 0..3, same shape.
        title: above the figure.
        width: of the figure in inches.

    Raises:
        ValueError: if the shapes do not belong together or an offset is out of range.
    """
    values, indices = np.asarray(values), np.asarray(indices)
    if values.ndim != 2 or values.shape != indices.shape:
        raise UserError(
            f"values and indices must be one channel each, (rows, columns), but {values.shape} and "
            f"{indices.shape} came. Pick one with [0, :, :, channel]."
        )
    if indices.size and indices.max() > 3:
        raise UserError(
            f"offsets run from 0 to 3, but {indices.max()} came. Flat positions do not serve here."
        )
    figure = NotebookFigure(width, width / 3 * image.shape[0] / image.shape[1] + 0.9, photographic=True)
    axes = figure.subplots(1, 3)
    axes[0].imshow(image)
    axes[1].imshow(values, cmap="gray", interpolation="nearest")
    # Where a maximum is weak its place is noise: colours are as strong as the maxima.
    low, high = values.min(), np.percentile(values, 98)
    strength = np.clip((values - low) / max(high - low, 1e-12), 0.0, 1.0)[..., None]
    colors = to_rgba_array(OFFSET_COLORS)[indices][..., :3]
    axes[2].imshow(1 - strength * (1 - colors), interpolation="nearest")
    for axis, text in zip(axes, ("image", "maxima", "indices, as strong as the maxima"), strict=True):
        axis.set_title(text, fontsize=10)
        axis.set_axis_off()
    names = ("0 top left", "1 top right", "2 bottom left", "3 bottom right")
    patches = [
        Patch(facecolor=color, edgecolor="0.4", label=name)
        for color, name in zip(OFFSET_COLORS, names, strict=True)
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure
