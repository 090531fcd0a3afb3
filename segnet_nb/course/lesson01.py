"""The exercises of 01_theory: indices by hand, positions in the whole map, the matrix of both layers."""

from __future__ import annotations

import numpy as np

from segnet_nb.course.values import number, numbers
from segnet_nb.course.verdicts import Exercise

# The feature maps as the lesson prints them.
GRID = ((2, 0, 1, 1), (5, 3, 0, 1), (0, 0, 7, 6), (0, 4, 6, 7))
EXERCISE = ((0, 0, 3, 4), (0, 0, 4, 3), (1, 2, 8, 8), (3, 0, 8, 9))
WINDOWS = (
    "the window at the top left",
    "the window at the top right",
    "the window at the bottom left",
    "the window at the bottom right",
)


def windows(rows: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """The four windows of 2 x 2, one per row, each in reading order.

    Example:
        >>> windows(GRID)[0].tolist()
        [2, 0, 5, 3]
    """
    return np.asarray(rows).reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(4, 4)


def _positions(rows: tuple[tuple[int, ...], ...], *, first: bool = True) -> np.ndarray:
    """Row and column of each maximum, four pairs."""
    each = windows(rows)
    index = each.argmax(1) if first else 3 - each[:, ::-1].argmax(1)
    corner = np.array([(0, 0), (0, 2), (2, 0), (2, 2)])
    return corner + np.stack([index // 2, index % 2], 1)


_INDEX = windows(EXERCISE).argmax(1)
_LAST = 3 - windows(EXERCISE)[:, ::-1].argmax(1)
_FOUND = _positions(GRID)

EXERCISES = {
    "01.1": Exercise(
        numbers(
            _INDEX,
            places=WINDOWS,
            mistakes={
                "these are the maxima; their positions in the windows are asked for": windows(EXERCISE).max(
                    1
                ),
                "of equal numbers the first one in reading order counts, not the last one": _LAST,
                "these count downwards first; an index counts along a row first": 2 * (_INDEX % 2)
                + _INDEX // 2,
                "these count from 1; the first position of a window is 0": _INDEX + 1,
                "these are positions in the whole feature map; an index counts within its window": (
                    _positions(EXERCISE) @ (4, 1)
                ),
            },
            ordered_pairs="these are two numbers for each window; an index is one, 2 * dy + dx",
        ),
        (
            "Number the places of each window 0, 1 in the upper row and 2, 3 in the lower one.",
            "Go through each window in that order, and keep the first place that has the largest number.",
        ),
    ),
    "01.2": Exercise(
        numbers(
            _FOUND @ (4, 1),
            places=WINDOWS,
            mistakes={
                "these are the indices within the windows": windows(GRID).argmax(1),
                "these are the maxima; their positions are asked for": windows(GRID).max(1),
                "these count downwards first, x * height + y; a position is y * width + x": _FOUND @ (1, 4),
                "these count from 1; the first pixel of the map is 0": _FOUND @ (4, 1) + 1,
                "the width in y * width + x is that of the whole map, not that of a window": _FOUND @ (2, 1),
            },
            ordered_pairs="these are a row and a column for each maximum; make one number of the two",
        ),
        (
            "In which row y and which column x of the whole map is each maximum? Both count from 0.",
            "y = 2 * i + index // 2 and x = 2 * j + index % 2; the map is 4 wide.",
        ),
    ),
    "01.3": Exercise(
        number(
            4,
            whole=True,
            mistakes={
                "that would be so if every pixel came back as it was; most of them become zero": 16,
                "these are the entries that are zero": 252,
                "these are the pixels that become zero": 12,
                "that is how many entries there are in all": 256,
                "that is the number of entries of S, zeros included": 64,
                "S and its transpose each have so many together; their product has fewer": 8,
            },
        ),
        (
            "Which pixels come back as they were, and does any pixel reach another one?",
            "An entry in row r and column c says how much pixel c counts in the result at pixel r.",
        ),
    ),
}
