"""Pooling and unpooling with indices: values of a small feature map, and one channel of a network."""

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
"""One colour per offset 0..3: top left, top right, bottom left, bottom right."""


def winner_colors(shape: tuple[int, int], indices: np.ndarray, default: str | None) -> np.ndarray:
    """The colour of the offset at the position of each maximum, ``default`` elsewhere.

    Args:
        shape: height and width of the feature map.
        indices: offsets in 0..3, one per 2 x 2 window.
        default: colour of all other positions, or None.

    Returns:
        Colours as an object array of shape ``shape``.
    """
    colors = np.full(shape, default, dtype=object)
    for (y, x), offset in np.ndenumerate(indices):
        colors[2 * y + offset // 2, 2 * x + offset % 2] = OFFSET_COLORS[offset]
    return colors


def index_colors(indices: np.ndarray) -> np.ndarray:
    """The colour of each offset, as an object array of the shape of ``indices``."""
    return np.array([[OFFSET_COLORS[offset] for offset in row] for row in indices], dtype=object)


def _cells(axis: Axes, values: np.ndarray, colors: np.ndarray, title: str) -> None:
    """A grid of values in coloured cells."""
    height, width = values.shape
    for y in range(height):
        for x in range(width):
            axis.add_patch(Rectangle((x, y), 1, 1, facecolor=colors[y][x], edgecolor="0.75", linewidth=0.8))
            axis.text(x + 0.5, y + 0.5, f"{values[y, x]:g}", ha="center", va="center", fontsize=15)
    axis.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor="0.2", linewidth=1.5))
    axis.set(xlim=(-0.1, width + 0.1), ylim=(height + 0.1, -0.1), aspect="equal")
    axis.set_title(title, fontsize=14)
    axis.set_axis_off()


def _draw_windows(axis: Axes, height: int, width: int) -> None:
    for x in range(0, width + 1, 2):
        axis.plot([x, x], [0, height], color="0.2", linewidth=1.5)
    for y in range(0, height + 1, 2):
        axis.plot([0, width], [y, y], color="0.2", linewidth=1.5)


def show_pooling(
    before: np.ndarray, pooled: np.ndarray, indices: np.ndarray, unpooled: np.ndarray, *, width: float = 10.0
) -> Figure:
    """A feature map through 2 x 2 max pooling and unpooling; maxima and indices share a colour per offset.

    Args:
        before: input of the pooling, shape ``(height, width)``.
        pooled: its maxima, shape ``(ceil(height / 2), ceil(width / 2))``.
        indices: their offsets in 0..3, same shape.
        unpooled: output of the unpooling, shape ``(height, width)``.
        width: width of the figure in inches.

    Raises:
        ValueError: if the shapes are inconsistent.
    """
    before, pooled, indices, unpooled = map(np.asarray, (before, pooled, indices, unpooled))
    windows = tuple((side + 1) // 2 for side in before.shape)
    if before.ndim != 2 or unpooled.shape != before.shape or not windows == pooled.shape == indices.shape:
        raise UserError(
            f"a feature map {before.shape} is pooled to {windows} and unpooled to {before.shape}, but got "
            f"pooled {pooled.shape}, indices {indices.shape} and unpooled {unpooled.shape}."
        )
    winners, small = winner_colors(before.shape, indices, "#FFFFFF"), index_colors(indices)
    figure = NotebookFigure(width, width * 0.27 + 0.4)
    axes = figure.subplots(1, 4, width_ratios=[2, 1, 1, 2])
    _cells(axes[0], before, winners, "feature map")
    _cells(axes[1], pooled, small, "maxima")
    _cells(axes[2], indices, small, "indices")
    _cells(axes[3], unpooled, winners, "unpooled")
    for axis in (axes[0], axes[3]):
        _draw_windows(axis, *before.shape)
    figure.supxlabel("colour: position of the maximum in its 2 x 2 window", fontsize=12, color=GREY)
    return figure


def show_indices(
    image: np.ndarray, values: np.ndarray, indices: np.ndarray, *, title: str = "", width: float = 10.0
) -> Figure:
    """One channel of a pooling layer: the image, the maxima, and their indices.

    An index is drawn in the colour of its offset, less saturated where the maximum is small.

    Args:
        image: uint8 RGB, shape ``(height, width, 3)``.
        values: maxima of one channel, shape ``(rows, columns)``.
        indices: their offsets in 0..3, same shape.
        title: title of the figure.
        width: width of the figure in inches.

    Raises:
        ValueError: if the shapes are inconsistent or an offset is out of range.
    """
    values, indices = np.asarray(values), np.asarray(indices)
    if values.ndim != 2 or values.shape != indices.shape:
        raise UserError(
            f"values and indices must be one channel each, (rows, columns), but got {values.shape} and "
            f"{indices.shape}. Select one with [0, :, :, channel]."
        )
    if indices.size and indices.max() > 3:
        raise UserError(
            f"indices must be offsets in 0..3, but got {indices.max()}. Flat positions are not supported."
        )
    figure = NotebookFigure(width, width / 3 * image.shape[0] / image.shape[1] + 0.9, photographic=True)
    axes = figure.subplots(1, 3)
    axes[0].imshow(image)
    axes[1].imshow(values, cmap="gray", interpolation="nearest")
    # The position of a small maximum is mostly noise, so saturation is proportional to the maxima.
    low, high = values.min(), np.percentile(values, 98)
    strength = np.clip((values - low) / max(high - low, 1e-12), 0.0, 1.0)[..., None]
    colors = to_rgba_array(OFFSET_COLORS)[indices][..., :3]
    axes[2].imshow(1 - strength * (1 - colors), interpolation="nearest")
    for axis, text in zip(axes, ("image", "maxima", "indices (saturation: maximum)"), strict=True):
        axis.set_title(text, fontsize=13)
        axis.set_axis_off()
    names = ("0 top left", "1 top right", "2 bottom left", "3 bottom right")
    patches = [
        Patch(facecolor=color, edgecolor="0.4", label=name)
        for color, name in zip(OFFSET_COLORS, names, strict=True)
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=4, frameon=False, fontsize=12)
    if title:
        figure.suptitle(title, fontsize=13)
    return figure
