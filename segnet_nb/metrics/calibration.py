"""Is a network as sure as it is right? Calibration, and what is gained by keeping the certain pixels.

NumPy only; ground-truth void is left out throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segnet_nb._shared.class_ids import integer_ids, same_shape
from segnet_nb._shared.errors import UserError


@dataclass(frozen=True, eq=False)
class Calibration:
    """Confidence against accuracy, in bins of confidence.

    Attributes:
        edges: borders of the bins, in 0..1, shape ``(bins + 1,)``.
        confidence: mean confidence of the pixels in each bin; NaN where a bin is empty.
        accuracy: share of them that is right; NaN where a bin is empty.
        share: share of all pixels in each bin; sums to 1.
        error: expected calibration error, the mean over pixels of the bins' |accuracy - confidence|, 0..1
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
    """Compare how sure a network is with how often it is right.

    Args:
        confidence: probability of the predicted class, 0..1, any shape.
        labels: ground truth ids, same shape.
        predictions: predicted ids, same shape.
        void_id: id of pixels without a class, which are left out, or None.
        bins: number of bins of equal width.

    Raises:
        ValueError: if shapes differ, confidences are not in 0..1, there is no bin or no pixel with a class.

    Example:
        >>> found = calibration([0.95, 0.95, 0.55, 0.55], [1, 1, 0, 1], [1, 1, 1, 1], bins=2)
        >>> found.accuracy.tolist()  # nothing is below 0.5
        [nan, 0.75]
        >>> found.error  # mean confidence is 0.75 too
        0.0
    """
    right, (sure,) = _right(labels, predictions, void_id, confidence=confidence)
    if not (sure >= 0).all() or not (sure <= 1).all():
        raise UserError("confidence must be a probability in 0..1. Pass what softmax gives.")
    if bins < 1:
        raise UserError(f"bins must be at least 1, but {bins} came.")
    edges = np.linspace(0, 1, bins + 1)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    counts = np.bincount(place, minlength=bins)
    filled = np.where(counts > 0, counts, np.nan)
    mean = np.bincount(place, weights=sure, minlength=bins) / filled
    accuracy = np.bincount(place, weights=right, minlength=bins) / filled
    share = counts / len(right)
    gaps = np.where(counts > 0, np.abs(np.nan_to_num(accuracy) - np.nan_to_num(mean)), 0)
    return Calibration(edges, mean, accuracy, share, float((share * gaps).sum()))


def selective_accuracy(
    uncertainty: np.ndarray,
    labels: np.ndarray,
    predictions: np.ndarray,
    *,
    shares: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    void_id: int | None = 11,
) -> np.ndarray:
    """Global accuracy if only the most certain pixels are kept and the others left to a person.

    Pixels with the same uncertainty count alike: where a share ends among them, they enter with the accuracy
    they have on average, so no order of ties changes the result.

    Args:
        uncertainty: larger where less is known, any shape.
        labels: ground truth ids, same shape.
        predictions: predicted ids, same shape.
        shares: shares of the pixels to keep, above 0 and up to 1.
        void_id: id of pixels without a class, which are left out, or None.

    Returns:
        float64 in 0..1, one accuracy per share.

    Raises:
        ValueError: if shapes differ, a share is impossible, or no pixel has a class.

    Example:
        >>> selective_accuracy([0.1, 0.9, 0.2, 0.3], [0, 0, 1, 1], [0, 1, 1, 0], shares=(0.5, 1)).tolist()
        [1.0, 0.5]
    """
    right, (doubt,) = _right(labels, predictions, void_id, uncertainty=uncertainty)
    wanted = np.asarray(shares, dtype=float)
    if not ((wanted > 0) & (wanted <= 1)).all():
        raise UserError(f"shares must be above 0 and at most 1, but {list(shares)} came.")
    levels, group = np.unique(doubt, return_inverse=True)
    counts = np.bincount(group, minlength=len(levels))
    hits = np.bincount(group, weights=right, minlength=len(levels))
    # Straight lines between the ends of groups: within a group pixels enter at its average.
    kept = np.concatenate([[0], np.cumsum(counts)])
    found = np.concatenate([[0.0], np.cumsum(hits)])
    number = wanted * len(right)
    return np.interp(number, kept, found) / number


def _right(
    labels: np.ndarray, predictions: np.ndarray, void_id: int | None, **values: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Of the pixels with a class: whether each is right, and the values there."""
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    same_shape(labels, predictions)
    labels, predictions = integer_ids(labels, "labels"), integer_ids(predictions, "predictions")
    known = np.ones(labels.shape, bool) if void_id is None else labels != void_id
    if not known.any():
        raise UserError("no pixel has a class, so there is nothing to be right about.")
    picked = []
    for name, value in values.items():
        value = np.asarray(value, dtype=float)
        if value.shape != labels.shape:
            raise UserError(f"{name} of shape {value.shape} does not fit labels of shape {labels.shape}.")
        if np.isnan(value[known]).any():
            raise UserError(f"{name} holds NaN.")
        picked.append(value[known])
    return (labels == predictions)[known], picked
