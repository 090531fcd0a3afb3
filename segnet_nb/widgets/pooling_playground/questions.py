"""Questions of the pooling playground: what one changed value does to its window."""

from __future__ import annotations

import numpy as np

from segnet_nb.visualizers.feature_maps import OFFSET_NAMES
from segnet_nb.visualizers.upsampling import number
from segnet_nb.widgets.pooling_playground.numbers import answer
from segnet_nb.widgets.shared.predicting import Question


def after_a_change(
    grid: list[list[int]], kernel: list[list[float]], random: np.random.Generator, largest: int
) -> Question:
    """Ask where the maximum of a window is after one of its values has changed, or what unpooling's error is.

    Args:
        grid: the map.
        kernel: of the transposed convolution.
        random: chooses the window, the value and which of the two is asked.
        largest: value that a map may have.
    """
    rows, columns = len(grid), len(grid[0])
    top, left = 2 * int(random.integers(rows // 2)), 2 * int(random.integers(columns // 2))
    was = answer(grid, kernel)
    index, maximum = was["indices"][top // 2][left // 2], was["pooled"][top // 2][left // 2]
    offset = int(random.choice([other for other in range(4) if other != index]))
    y, x = top + offset // 2, left + offset % 2
    # Larger than the maximum, or a tie with it.
    value = min(largest, maximum + int(random.integers(0, 4)))
    changed = [list(row) for row in grid]
    changed[y][x] = value
    now = answer(changed, kernel)
    new = now["indices"][top // 2][left // 2]
    place = f"The value in row {y}, column {x} (both from 0) changes from {grid[y][x]} to {value}."
    before, after = {"grid": grid}, {"grid": changed}
    if random.integers(3) == 0:
        error = now["errors"]["unpooled"]
        return Question(
            f"{place} What will the error of unpooling be, the sum of absolute differences from the map?",
            error,
            f"It was {number(was['errors']['unpooled'])} before: unpooling loses all values "
            "that are no maximum.",
            low=0,
            high=float(rows * columns * (largest + 1)),
            before=before,
            after=after,
        )
    tied = value == maximum
    return Question(
        f"{place} At which position of its window will unpooling put the maximum then?",
        new,
        f"Two positions hold {value}, and the first in reading order counts: {OFFSET_NAMES[new]}."
        if tied
        else f"{value} is the largest value of the window now, and its index is {new}: {OFFSET_NAMES[new]}.",
        choices=tuple(OFFSET_NAMES),
        before=before,
        after=after,
    )
