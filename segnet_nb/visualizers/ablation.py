"""Changes of the prediction when the pooling indices of a SegNet are replaced, as arrays and as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.colors import colorize
from segnet_nb.visualizers.colors import BLUE, GREY, draw_class_legend
from segnet_nb.visualizers.figures import NotebookFigure

if TYPE_CHECKING:
    from segnet_nb.probes import AblationResult

_FAINTEST, _LIGHTEST = 165, 240


def changed_pixels(
    labels: np.ndarray, reference: np.ndarray, prediction: np.ndarray, void_id: int
) -> np.ndarray:
    """Classify the change of each pixel between two predictions.

    Args:
        labels: ground truth ids, shape ``(height, width)``.
        reference: predicted ids before the change, same shape.
        prediction: predicted ids after the change, same shape.
        void_id: id of unlabelled pixels.

    Returns:
        uint8, same shape: 0 unchanged, 1 changed but still incorrect or unlabelled, 2 newly incorrect, 3
        newly correct.

    Raises:
        ValueError: if the shapes differ.

    Example:
        >>> changed_pixels(*np.array([[[0, 0, 0, 5]], [[0, 0, 1, 1]], [[0, 1, 0, 2]]]), void_id=5).tolist()
        [[0, 2, 3, 1]]
    """
    if not labels.shape == reference.shape == prediction.shape:
        raise UserError(
            "labels, reference and prediction must have the same shape, but got "
            f"{labels.shape}, {reference.shape} and {prediction.shape}."
        )
    kinds = (reference != prediction).astype(np.uint8)
    labelled = (kinds == 1) & (labels != void_id)
    kinds[labelled & (reference == labels)] = 2
    kinds[labelled & (prediction == labels)] = 3
    return kinds


def marked_changes(
    image: np.ndarray,
    labels: np.ndarray,
    reference: np.ndarray,
    prediction: np.ndarray,
    classes: ClassList,
    *,
    shown: Literal["all", "wrong", "right"] = "all",
) -> tuple[np.ndarray, np.ndarray]:
    """Changed pixels in the colour of their new class, over the image in light grey.

    The kind of change is also encoded as a pattern: newly incorrect pixels have black diagonal stripes, newly
    correct ones white dots, and those incorrect before and after none.

    Args:
        image: uint8 RGB, shape ``(height, width, 3)``.
        labels: ground truth ids, shape ``(height, width)``.
        reference: predicted ids with true indices, same shape.
        prediction: predicted ids with replaced indices, same shape.
        classes: class list with the palette.
        shown: which changes to show: all, newly incorrect (``"wrong"``) or newly correct (``"right"``).

    Returns:
        uint8 palette indices of shape ``(height, width)`` and the uint8 palette ``(256, 3)``: the
        classes and void first, then black, white and shades of grey.

    Raises:
        ValueError: if shapes differ or ``shown`` is unknown.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> labels = np.zeros((1, 3), np.uint8)
        >>> now = np.array([[0, 3, 3]], np.uint8)
        >>> ids, _ = marked_changes(np.zeros((1, 3, 3), np.uint8), labels, labels, now, CAMVID)
        >>> ids.tolist()  # grey; new class; new class
        [[14, 3, 3]]
    """
    if shown not in ("all", "wrong", "right"):
        raise UserError(f"shown must be 'all', 'wrong' or 'right', but got {shown!r}.")
    kinds = changed_pixels(labels, reference, prediction, classes.void_id)
    black, white, first = classes.void_id + 1, classes.void_id + 2, classes.void_id + 3
    palette = np.zeros((256, 3), np.uint8)
    palette[:black] = classes.palette
    palette[white] = 255
    palette[first:] = np.linspace(_FAINTEST, _LIGHTEST, 256 - first).round()[:, None]
    # Luma of BT.601, scaled to the shades of grey.
    grey = image @ np.array([0.299, 0.587, 0.114]) / 255
    ids = (first + np.rint(grey * (255 - first))).astype(np.uint8)
    drawn = {"all": kinds > 0, "wrong": kinds == 2, "right": kinds == 3}[shown]
    ids[drawn] = prediction[drawn]
    y, x = np.indices(kinds.shape)
    ids[drawn & (kinds == 2) & ((x + y) % 4 == 3)] = black
    ids[drawn & (kinds == 3) & (x % 3 == 1) & (y % 3 == 1)] = white
    return ids, palette


def _draw_image(axis: Axes, pixels: np.ndarray, title: str) -> None:
    axis.imshow(pixels, interpolation="nearest")
    axis.set_title(title, fontsize=10)
    axis.set_axis_off()


def _draw_scores(axis: Axes, found: AblationResult) -> None:
    """Scores with replaced indices as bars, those with true indices as vertical lines."""
    rows = (
        ("mean IoU", found.mean_iou, found.reference_mean_iou),
        ("boundary F1", found.boundary_f1, found.reference_boundary_f1),
        ("index memory", found.bytes_indices / found.bytes_indices_true, 1.0),
    )
    for row, (_, score, true) in enumerate(rows):
        axis.barh(row, score, height=0.5, color=BLUE)
        axis.plot([true, true], [row - 0.36, row + 0.36], color="black", linewidth=1.6)
        text = f"{100 * score:.1f} % ({100 * (score - true):+.1f})"
        axis.text(0, row - 0.31, f"{rows[row][0]}  {text}", va="bottom", fontsize=9)
    axis.set(xlim=(0, 1.02), ylim=(len(rows) - 0.5, -0.85))
    axis.set_yticks([])
    axis.set_xticks([0, 0.5, 1], ["0", "50", "100 %"], fontsize=8, color=GREY)
    axis.set_title("line: with true indices", fontsize=10)
    axis.spines[["top", "right", "left"]].set_visible(False)


def show_ablation(
    found: AblationResult,
    image: np.ndarray,
    labels: np.ndarray,
    classes: ClassList,
    *,
    shown: Literal["all", "wrong", "right"] = "all",
    width: float = 10.0,
) -> Figure:
    """Image, ground truth, predictions with true and with replaced indices, changes, and scores.

    Args:
        found: the result of ``AblationBench.run``.
        image: uint8 RGB, shape ``(height, width, 3)``.
        labels: ids, shape ``(height, width)``.
        classes: names and colours.
        shown: which changes to show, see ``marked_changes``.
        width: width of the figure in inches.

    Raises:
        ValueError: if shapes differ or ``shown`` is unknown.
    """
    ids, palette = marked_changes(image, labels, found.reference, found.prediction, classes, shown=shown)
    row_height = width / 3 * image.shape[0] / image.shape[1] + 0.25
    figure = NotebookFigure(width, 2 * row_height + 1.0, photographic=True)
    axes = figure.subplots(2, 3)
    done = ", ".join(f"stage {stage} {mode}" for stage, mode in found.interventions.items() if mode != "true")
    figure.suptitle(done or "true indices at every stage", fontsize=11)
    _draw_image(axes[0, 0], image, "image")
    _draw_image(axes[0, 1], colorize(labels, classes), "ground truth")
    _draw_image(axes[0, 2], colorize(found.reference, classes), "prediction, true indices")
    _draw_image(axes[1, 0], colorize(found.prediction, classes), "prediction, replaced indices")
    kinds = changed_pixels(labels, found.reference, found.prediction, classes.void_id)
    words, drawn = {
        "all": ("changed (striped: now wrong)", kinds > 0),
        "wrong": ("now wrong", kinds == 2),
        "right": ("now right", kinds == 3),
    }[shown]
    _draw_image(axes[1, 1], palette[ids], f"{words}: {100 * drawn.mean():.1f} %")
    _draw_scores(axes[1, 2], found)
    draw_class_legend(figure, classes, np.stack([labels, found.reference, found.prediction]))
    return figure
