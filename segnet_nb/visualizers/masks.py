"""Images, ground truth and predictions side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.colors import colorize, overlay
from segnet_nb.visualizers.colors import BLUE, GREY, legend_patches
from segnet_nb.visualizers.figures import NotebookFigure


def _grid(rows: int, columns: int, image_size: tuple[int, int], width: float) -> tuple[Figure, np.ndarray]:
    """A figure of pictures of one size, with room for a legend below."""
    height, across = image_size
    cell = width / columns
    figure = NotebookFigure(width, rows * (cell * height / across + 0.25) + 0.7, photographic=True)
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    return figure, axes


def _legend(figure: Figure, classes: ClassList, present: np.ndarray) -> None:
    figure.legend(
        handles=legend_patches(classes, present),
        loc="outside lower center",
        ncols=6,
        frameon=False,
        fontsize=9,
        handlelength=1.2,
        columnspacing=1.2,
    )


def _picture(axis: Axes, pixels: np.ndarray, title: str) -> None:
    axis.imshow(pixels, interpolation="nearest")
    if title:
        axis.set_title(title, fontsize=10)


def show_dataset(data: Dataset, chosen: Sequence[int] = (0, 1, 2, 3), *, width: float = 10.0) -> Figure:
    """Some images of a dataset, each above its labels.

    Args:
        data: the dataset.
        chosen: which images, one column each.
        width: of the figure in inches.

    Raises:
        IndexError: if an image does not exist.
    """
    if bad := [i for i in chosen if not -len(data) <= i < len(data)]:
        raise IndexError(f"no image {bad[0]}: the dataset has {len(data)}, numbered 0 to {len(data) - 1}.")
    figure, axes = _grid(2, len(chosen), data.image_size, width)
    for column, i in enumerate(chosen):
        _picture(axes[0, column], data.images[i], data.names[i])
        _picture(axes[1, column], colorize(data.labels[i], data.classes), "")
    _legend(figure, data.classes, data.labels[list(chosen)])
    return figure


def error_map(labels: np.ndarray, predictions: np.ndarray, classes: ClassList) -> np.ndarray:
    """Wrong pixels in their predicted colour on white; right ones light grey, void white.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> error_map(np.array([[3, 3, 11]]), np.array([[3, 0, 0]]), CAMVID)[0].tolist()
        [[225, 225, 225], [128, 128, 128], [255, 255, 255]]
    """
    picture = colorize(predictions, classes).copy()
    picture[labels == predictions] = 225
    picture[labels == classes.void_id] = 255
    return picture


def show_predictions(
    images: np.ndarray,
    labels: np.ndarray,
    predictions: np.ndarray,
    classes: ClassList,
    *,
    names: Sequence[str] = (),
    width: float = 10.0,
) -> Figure:
    """Image, ground truth, prediction laid over the image, and errors; one row per image.

    Args:
        images: uint8 RGB, shape ``(count, height, width, 3)``.
        labels: ids, shape ``(count, height, width)``.
        predictions: ids, shape ``(count, height, width)``.
        classes: names and colours.
        names: a title per row.
        width: of the figure in inches.

    Raises:
        ValueError: if the shapes differ.
    """
    if not images.shape[:3] == labels.shape == predictions.shape:
        raise UserError(
            f"images {images.shape}, labels {labels.shape} and predictions {predictions.shape} must agree in "
            "count, height and width. Resize predictions with nearest neighbour, never the labels."
        )
    figure, axes = _grid(len(images), 4, images.shape[1:3], width)
    titles = ("image", "ground truth", "prediction", "errors, as predicted")
    for row, (image, truth, guess) in enumerate(zip(images, labels, predictions, strict=True)):
        pictures = (
            image,
            colorize(truth, classes),
            overlay(image, guess, classes, 0.7),
            error_map(truth, guess, classes),
        )
        for column, pixels in enumerate(pictures):
            _picture(axes[row, column], pixels, titles[column] if row == 0 else "")
        if names and row:
            axes[row, 0].set_title(names[row], fontsize=9)
        elif names:
            axes[row, 0].set_title(names[0], fontsize=10)
    _legend(figure, classes, np.concatenate([labels.ravel(), predictions.ravel()]))
    return figure


def show_class_iou(
    class_iou: np.ndarray, classes: ClassList, *, mean: float | None = None, width: float = 8.0
) -> Figure:
    """A bar per class, as long as its intersection over union, in percent.

    Args:
        class_iou: 0..1, shape ``(num_classes,)``.
        classes: names and colours.
        mean: drawn as a line; None: the mean of ``class_iou``.
        width: of the figure in inches.

    Raises:
        ValueError: if there is not one value per class.
    """
    class_iou = np.asarray(class_iou)
    if class_iou.shape != (classes.num_classes,):
        raise UserError(f"{classes.num_classes} classes need as many values, but {class_iou.shape} came.")
    mean = float(class_iou.mean()) if mean is None else mean
    figure = NotebookFigure(width, 0.32 * classes.num_classes + 1.0)
    axis = figure.subplots()
    bars = axis.barh(classes.names, 100 * class_iou, color=BLUE, height=0.7)
    axis.bar_label(bars, fmt="%.1f", padding=3, fontsize=9)
    axis.axvline(100 * mean, color=GREY, linestyle="--", linewidth=1.2, label=f"mean {100 * mean:.1f}")
    axis.invert_yaxis()
    axis.set_xlim(0, 108)
    axis.set_xlabel("intersection over union (%)")
    axis.legend(frameon=False, loc="lower right")
    axis.spines[["top", "right"]].set_visible(False)
    return figure
