"""Images and the figure of the training monitor, as pure functions."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.colors import colorize
from segnet_nb.visualizers.curves import draw_history
from segnet_nb.visualizers.figures import NotebookFigure


def mask_bytes(labels: np.ndarray, classes: ClassList) -> bytes:
    """Class ids in their colours, as a PNG; void is transparent.

    Args:
        labels: ids, shape ``(height, width)``.
        classes: whose colours.
    """
    alpha = np.where(labels == classes.void_id, 0, 255).astype(np.uint8)
    return encoded(np.dstack([colorize(labels, classes), alpha]), "png")


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    """Pixels as the bytes of a ``"png"`` or ``"jpeg"``."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **({"quality": 90} if kind == "jpeg" else {"optimize": True}))
    return buffer.getvalue()


def thinned(record: Sequence[list[Any]], most_bytes: int) -> list[list[Any]]:
    """The entries of a record, or every second, fourth, ... of them if their images are too large together.

    Args:
        record: ``[epoch, image accuracy, PNG]`` by epoch.
        most_bytes: that the images may have together; the newest entry is kept in any case.

    Example:
        >>> thinned([[1, 0.5, b"12"], [2, 0.6, b"34"], [3, 0.7, b"56"]], most_bytes=5)
        [[1, 0.5, b'12'], [3, 0.7, b'56']]
    """
    kept = list(record)
    while len(kept) > 1 and sum(len(image) for _, _, image in kept) > most_bytes:
        kept = kept[::-2][::-1]
    return kept


def draw_monitor(
    history: Sequence[Mapping[str, Any]],
    best_epoch: int,
    epochs: int,
    images: Sequence[tuple[np.ndarray, str]],
) -> Figure:
    """The curves of a training and, below them, images with titles.

    Args:
        history: the completed epochs, see ``TrainingMonitor.history``.
        best_epoch: the epoch whose weights are kept; 0 before the first.
        epochs: number of epochs in total.
        images: at most three, uint8 RGB of one shape, each with its title; empty: curves alone.
    """
    has_image = bool(images)
    share = images[0][0].shape[0] / images[0][0].shape[1] if has_image else 0
    heights = [3.4, 10 / 3 * share + 0.3][: 1 + has_image]
    figure = NotebookFigure(10, sum(heights), photographic=has_image)
    rows = figure.add_gridspec(1 + has_image, 1, height_ratios=heights)
    curves = rows[0].subgridspec(1, 2)
    left, right = figure.add_subplot(curves[0]), figure.add_subplot(curves[1])
    if history:
        draw_history(left, right, history, best_epoch)
    else:
        for axis, title in ((left, "training loss"), (right, "validation")):
            axis.set(title=title, xlabel="epoch", xlim=(0, max(1, epochs)))
            axis.text(0.5, 0.5, "no completed epoch yet", transform=axis.transAxes, ha="center", color="0.4")
    for column, (pixels, title) in enumerate(images):
        axis = figure.add_subplot(rows[1].subgridspec(1, 3)[column])
        axis.imshow(pixels, interpolation="nearest")
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
    return figure
