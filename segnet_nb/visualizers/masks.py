"""Images, ground truth and predictions side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserError, UserIndexError
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.colors import colorize, overlay
from segnet_nb.visualizers.colors import BLUE, GREY, draw_class_legend
from segnet_nb.visualizers.figures import NotebookFigure

# A point is a pixel on the screen, so this is as large as the text of a notebook.
_TITLE = 13


def _grid(rows: int, columns: int, image_size: tuple[int, int], width: float) -> tuple[Figure, np.ndarray]:
    """A grid of images of the same size, with space for a legend below."""
    height, across = image_size
    cell = width / columns
    figure = NotebookFigure(width, rows * (cell * height / across + 0.3) + 0.75, photographic=True)
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    return figure, axes


def _draw_image(axis: Axes, pixels: np.ndarray, title: str) -> None:
    axis.imshow(pixels, interpolation="nearest")
    if title:
        axis.set_title(title, fontsize=_TITLE)


def show_dataset(data: Dataset, chosen: Sequence[int] = (0, 1, 2, 3), *, width: float = 10.0) -> Figure:
    """Some images of a dataset, each above its labels.

    Args:
        data: the dataset.
        chosen: numbers of the images, one column each.
        width: width of the figure in inches.

    Raises:
        IndexError: if an image does not exist.
    """
    if bad := [i for i in chosen if not -len(data) <= i < len(data)]:
        raise UserIndexError(f"chosen must be in 0..{len(data) - 1}, but got {bad[0]}.")
    figure, axes = _grid(2, len(chosen), data.image_size, width)
    for column, i in enumerate(chosen):
        _draw_image(axes[0, column], data.images[i], data.names[i])
        _draw_image(axes[1, column], colorize(data.labels[i], data.classes), "")
    draw_class_legend(figure, data.classes, data.labels[list(chosen)])
    return figure


def error_map(labels: np.ndarray, predictions: np.ndarray, classes: ClassList) -> np.ndarray:
    """Incorrect pixels in the colour of the predicted class; correct ones light grey, void white.

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
    """Image, ground truth, prediction over the image, and errors; one row per image.

    Args:
        images: uint8 RGB, shape ``(count, height, width, 3)``.
        labels: ids, shape ``(count, height, width)``.
        predictions: ids, shape ``(count, height, width)``.
        classes: names and colours.
        names: one title per row.
        width: width of the figure in inches.

    Raises:
        ValueError: if the shapes differ.
    """
    if not images.shape[:3] == labels.shape == predictions.shape:
        raise UserError(
            f"images {images.shape}, labels {labels.shape} and predictions {predictions.shape} must have the "
            "same count, height and width. Resize the predictions by nearest neighbour, not the labels."
        )
    figure, axes = _grid(len(images), 4, (images.shape[1], images.shape[2]), width)
    titles = ("image", "ground truth", "prediction", "errors")
    for row, (image, truth, predicted) in enumerate(zip(images, labels, predictions, strict=True)):
        pictures = (
            image,
            colorize(truth, classes),
            overlay(image, predicted, classes, 0.7),
            error_map(truth, predicted, classes),
        )
        for column, pixels in enumerate(pictures):
            _draw_image(axes[row, column], pixels, titles[column] if row == 0 else "")
        if names:
            axes[row, 0].set_title(names[row], fontsize=_TITLE)
    draw_class_legend(figure, classes, np.concatenate([labels.ravel(), predictions.ravel()]))
    return figure


def show_segmented(
    image: np.ndarray, labels: np.ndarray, classes: ClassList, *, width: float = 10.0
) -> Figure:
    """An image beside its classes, for images without ground truth.

    Args:
        image: uint8 RGB, shape ``(height, width, 3)``.
        labels: ids, shape ``(height, width)``.
        classes: names and colours.
        width: width of the figure in inches.

    Raises:
        ValueError: if the shapes differ.
    """
    if image.ndim != 3 or image.shape[:2] != labels.shape:
        raise UserError(
            f"image and labels must have the same height and width, but got {image.shape} and {labels.shape}."
        )
    figure, axes = _grid(1, 2, labels.shape, width)
    _draw_image(axes[0, 0], image, "image")
    _draw_image(axes[0, 1], overlay(image, labels, classes, 0.6), "prediction")
    draw_class_legend(figure, classes, labels)
    return figure


def show_class_iou(
    class_iou: np.ndarray, classes: ClassList, *, mean: float | None = None, width: float = 8.0
) -> Figure:
    """A bar chart of the intersection over union of each class, in percent.

    Args:
        class_iou: 0..1, shape ``(num_classes,)``.
        classes: names and colours.
        mean: mean to draw as a line; None: the mean of ``class_iou``.
        width: width of the figure in inches.

    Raises:
        ValueError: if there is not one value per class.
    """
    class_iou = np.asarray(class_iou)
    if class_iou.shape != (classes.num_classes,):
        raise UserError(
            f"class_iou must have shape {(classes.num_classes,)}, one value per class, but got "
            f"{class_iou.shape}."
        )
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
