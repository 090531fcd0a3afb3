"""Work on large images strip by strip, so that intermediate arrays stay small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_PIXELS = 1 << 20


def strips(height: int, width: int, overlap: int = 0) -> Iterator[slice]:
    """The rows of an image in strips of about a million pixels.

    Args:
        height: number of rows.
        width: pixels in a row.
        overlap: how many rows of the next strip each strip contains as well.

    Example:
        >>> [(rows.start, rows.stop) for rows in strips(3, 1 << 20, overlap=1)]
        [(0, 2), (1, 3), (2, 4)]
    """
    rows = max(1, _PIXELS // max(1, width))
    for first in range(0, height, rows):
        yield slice(first, first + rows + overlap)


def counts_of(values: np.ndarray) -> np.ndarray:
    """How often each number occurs, int64, from 0 to the largest.

    Args:
        values: integers from 0, ``(height, width)``.

    Example:
        >>> counts_of(np.array([[3, 0], [0, 1]], np.uint8)).tolist()
        [2, 1, 0, 1]
    """
    counts = np.zeros(int(values.max(initial=0)) + 1, np.int64)
    # np.bincount converts what it counts to eight bytes a pixel.
    for rows in strips(*values.shape):
        counts += np.bincount(values[rows].ravel(), minlength=len(counts))
    return counts
