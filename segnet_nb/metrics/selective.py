"""Selective accuracy of a data set that is predicted batch by batch, in memory that does not grow with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.metrics.calibration import selective_accuracy

EXACT_PIXELS = 2**20
"""Up to so many pixels are kept one by one."""

_DROPPED_BITS = 12  # of 23 after the point of a float32: levels that differ by 1/2048 are one
_LEVELS = (0x7F800000 >> _DROPPED_BITS) + 1  # up to infinity


class SelectiveAccuracy:
    """Accuracy of the most certain pixels, as ``selective_accuracy``, of pixels that are added in parts.

    Up to a million pixels are kept, five bytes each, and the result is exact. More are counted in levels of
    uncertainty that are 1/2048 of their value apart, 8 MiB in all: of the one level at which coverage ends,
    the pixels then count by their mean accuracy instead of one by one.

    Example:
        >>> found = SelectiveAccuracy()
        >>> found.add(np.array([0.1, 0.9]), np.array([True, False]))
        >>> found.add(np.array([0.2, 0.3]), np.array([True, False]))
        >>> found.accuracies((0.5, 1)).tolist()
        [1.0, 0.5]
    """

    def __init__(self) -> None:
        self._kept: list[tuple[np.ndarray, np.ndarray]] = []
        self._count = 0
        self._counts = self._hits = np.zeros(0, np.int64)

    def add(self, uncertainty: np.ndarray, correct: np.ndarray) -> None:
        """Add pixels.

        Args:
            uncertainty: any measure that is not negative, larger is more uncertain, shape ``(pixels,)``;
                what rounding left below 0 counts as 0.
            correct: whether each prediction is right, bool, same shape.

        Raises:
            ValueError: if an uncertainty is NaN.
        """
        levels = np.maximum(np.asarray(uncertainty, np.float32), 0)
        if np.isnan(levels).any():
            raise UserError("uncertainty contains NaN.")
        self._count += len(levels)
        self._kept.append((levels, np.asarray(correct, bool)))
        if self._count > EXACT_PIXELS:
            self._count_kept()

    def merge(self, other: SelectiveAccuracy) -> None:
        """Add the pixels of a part that follows those added so far; the result is that of all in one."""
        self._kept += other._kept
        self._count += other._count
        if self._count > EXACT_PIXELS:
            self._count_kept()
        if len(other._counts):
            self._counts += other._counts
            self._hits += other._hits

    def _count_kept(self) -> None:
        if not len(self._counts):
            self._counts, self._hits = np.zeros(_LEVELS, np.int64), np.zeros(_LEVELS, np.int64)
        for levels, correct in self._kept:
            # The bits of floats that are not negative are in the order of the numbers.
            codes = levels.view(np.int32) >> _DROPPED_BITS
            self._counts += np.bincount(codes, minlength=_LEVELS)
            self._hits += np.bincount(codes[correct], minlength=_LEVELS)
        self._kept.clear()

    def accuracies(self, coverages: Sequence[float]) -> np.ndarray:
        """Accuracy at each coverage, float64 in 0..1.

        Args:
            coverages: shares of the most certain pixels, above 0 and up to 1.

        Raises:
            ValueError: if there are no pixels, or a coverage is out of range.
        """
        if not len(self._counts):
            uncertainty = np.concatenate([np.zeros(0), *(levels for levels, _ in self._kept)])
            correct = np.concatenate([np.zeros(0, np.uint8), *(right for _, right in self._kept)])
            right = np.ones_like(correct)
            return selective_accuracy(uncertainty, right, correct, coverages=coverages, void_id=None)
        filled = np.flatnonzero(self._counts)
        covered = np.concatenate([[0], np.cumsum(self._counts[filled])])
        hits = np.concatenate([[0.0], np.cumsum(self._hits[filled])])
        wanted = np.asarray(coverages, float)
        if not ((wanted > 0) & (wanted <= 1)).all():
            raise UserError(f"coverages must be above 0 and at most 1, but got {list(coverages)}.")
        number = wanted * self._count
        return np.interp(number, covered, hits) / number
