"""Calibration: reliability diagram, expected calibration error, and accuracy at a given coverage.

NumPy only; pixels with void ground truth are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segnet_nb._shared.class_ids import integer_ids, same_shape
from segnet_nb._shared.errors import UserError


@dataclass(frozen=True, eq=False)
class Calibration:
    """A reliability diagram: accuracy against confidence, in bins of confidence.

    Attributes:
        edges: edges of the bins, in 0..1, shape ``(bins + 1,)``.
        confidence: mean confidence of the pixels in each bin; NaN for empty bins.
        accuracy: accuracy of the pixels in each bin; NaN for empty bins.
        share: fraction of all pixels in each bin; sums to 1.
        error: expected calibration error, the mean of ``|accuracy - confidence|`` weighted by ``share``, 0..1
            (Guo et al., arXiv 1706.04599).
    """

    edges: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    share: np.ndarray
    error: float


def calibration(
    confidence: np.ndarray,
    labels: np.ndarray,
    predictions: np.ndarray,
    *,
    void_id: int | None = 11,
    bins: int = 10,
) -> Calibration:
    """Compute the reliability diagram and the expected calibration error of predictions.

    Args:
        confidence: probability of the predicted class, 0..1, any shape.
        labels: ground truth ids, same shape.
        predictions: predicted ids, same shape.
        void_id: id of unlabelled pixels, which are ignored, or None.
        bins: number of bins of equal width.

    Raises:
        ValueError: if shapes differ, a confidence is not in 0..1, ``bins`` is below 1, or no pixel is
            labelled.

    Example:
        >>> found = calibration([0.95, 0.95, 0.55, 0.55], [1, 1, 0, 1], [1, 1, 1, 1], bins=2)
        >>> found.accuracy.tolist()  # the bin below 0.5 is empty
        [nan, 0.75]
        >>> found.error  # mean confidence is also 0.75
        0.0
    """
    correct, (known,) = _correct(labels, predictions, void_id, confidence=confidence)
    if not (known >= 0).all() or not (known <= 1).all():
        raise UserError("confidence must be a probability in 0..1. Pass the output of softmax.")
    if bins < 1:
        raise UserError(f"bins must be at least 1, but got {bins}.")
    edges = np.linspace(0, 1, bins + 1)
    index = np.minimum((known * bins).astype(int), bins - 1)
    counts = np.bincount(index, minlength=bins)
    nonempty = np.where(counts > 0, counts, np.nan)
    mean = np.bincount(index, weights=known, minlength=bins) / nonempty
    accuracy = np.bincount(index, weights=correct, minlength=bins) / nonempty
    share = counts / len(correct)
    gaps = np.where(counts > 0, np.abs(np.nan_to_num(accuracy) - np.nan_to_num(mean)), 0)
    return Calibration(edges, mean, accuracy, share, float((share * gaps).sum()))


def selective_accuracy(
    uncertainty: np.ndarray,
    labels: np.ndarray,
    predictions: np.ndarray,
    *,
    coverages: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    void_id: int | None = 11,
) -> np.ndarray:
    """Selective prediction: global accuracy of the most certain pixels, at given coverages.

    A model with a reject option predicts only the pixels with the lowest uncertainty and leaves the others to
    an annotator; coverage is the fraction that it predicts. Ties do not depend on the order of the pixels:
    pixels with the same uncertainty contribute their mean accuracy.

    Args:
        uncertainty: any measure, larger is more uncertain, any shape.
        labels: ground truth ids, same shape.
        predictions: predicted ids, same shape.
        coverages: fractions of the pixels to predict, above 0 and up to 1.
        void_id: id of unlabelled pixels, which are ignored, or None.

    Returns:
        float64 in 0..1, one accuracy per coverage.

    Raises:
        ValueError: if shapes differ, a coverage is out of range, or no pixel is labelled.

    Example:
        >>> selective_accuracy([0.1, 0.9, 0.2, 0.3], [0, 0, 1, 1], [0, 1, 1, 0], coverages=(0.5, 1)).tolist()
        [1.0, 0.5]
    """
    correct, (known,) = _correct(labels, predictions, void_id, uncertainty=uncertainty)
    wanted = np.asarray(coverages, dtype=float)
    if not ((wanted > 0) & (wanted <= 1)).all():
        raise UserError(f"coverages must be above 0 and at most 1, but got {list(coverages)}.")
    levels, group = np.unique(known, return_inverse=True)
    counts = np.bincount(group, minlength=len(levels))
    hits = np.bincount(group, weights=correct, minlength=len(levels))
    # Linear interpolation within a group of ties: its pixels contribute their mean accuracy.
    covered = np.concatenate([[0], np.cumsum(counts)])
    covered_hits = np.concatenate([[0.0], np.cumsum(hits)])
    number = wanted * len(correct)
    return np.interp(number, covered, covered_hits) / number


def _correct(
    labels: np.ndarray, predictions: np.ndarray, void_id: int | None, **values: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Whether each labelled pixel is correct, and the values of the labelled pixels."""
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    same_shape(labels, predictions)
    labels, predictions = integer_ids(labels, "labels"), integer_ids(predictions, "predictions")
    known = np.ones(labels.shape, bool) if void_id is None else labels != void_id
    if not known.any():
        raise UserError("no pixel is labelled: the ground truth is entirely void.")
    picked = []
    for name, value in values.items():
        value = np.asarray(value, dtype=float)
        if value.shape != labels.shape:
            raise UserError(f"{name} of shape {value.shape} does not match labels of shape {labels.shape}.")
        if np.isnan(value[known]).any():
            raise UserError(f"{name} contains NaN.")
        picked.append(value[known])
    return (labels == predictions)[known], picked
