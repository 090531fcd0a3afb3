"""The numbers of the pooling playground: one small map, its maxima, and four ways back up. NumPy only.

A map is a 2-D array. Windows are 2 x 2; at an odd side the last ones are partial and are kept, as in
``segnet_nb.layers``. The view computes the same in JavaScript, so that it also lives without a kernel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.upsampling import number

WAYS = {
    "unpooled": "unpooling",
    "nearest": "nearest",
    "bilinear": "bilinear",
    "transposed": "transposed convolution",
}
"""The four ways up, in the order in which they are shown, and what they are called."""

PRESETS = ("example", "ties", "negative", "random", "zeros")
"""Names that ``preset`` knows."""

# The upper left quarter is the map of the first lesson.
_EXAMPLE = np.array(
    [
        [1, 3, 2, 2, 4, 0, 6, 1],
        [0, 2, 2, 2, 1, 7, 3, 5],
        [-4, -1, 0, 0, 8, 2, 1, 1],
        [-2, -3, 5, 0, 3, 6, 0, 9],
        [3, 1, 4, 1, 5, 9, 2, 6],
        [5, 3, 5, 8, 9, 7, 9, 3],
        [2, 3, 8, 4, 6, 2, 6, 4],
        [3, 3, 8, 3, 2, 7, 9, 5],
    ]
)
_TIES = np.array([[[5, 5], [5, 5]], [[1, 6], [6, 2]], [[0, 0], [4, 4]], [[3, 1], [3, 3]]])


def preset(name: str, rows: int, columns: int, seed: int = 0) -> list[list[int]]:
    """A map to begin with.

    Args:
        name: one of ``PRESETS``.
        rows: of the map.
        columns: of the map.
        seed: of ``"random"``, whose values lie in -9..9.

    Raises:
        ValueError: if there is no such preset.

    Example:
        >>> preset("example", 4, 4)
        [[1, 3, 2, 2], [0, 2, 2, 2], [-4, -1, 0, 0], [-2, -3, 5, 0]]
        >>> preset("random", 2, 3, seed=1)
        [[-5, 8, -5], [-2, 6, -8]]
    """
    y, x = np.mgrid[:rows, :columns]
    match name:
        case "example":
            grid = _EXAMPLE[y % 8, x % 8]
        case "ties":
            grid = _TIES[(y // 2 * 2 + x // 2) % 4, y % 2, x % 2]
        case "negative":
            grid = -1 - (3 * y + 5 * x + x * y) % 9
        case "zeros":
            grid = np.zeros((rows, columns), int)
        case "random":
            # A generator that is two lines in JavaScript too.
            state, values = 2654435769 * seed % 2**32, []  # seeds that are neighbours begin far apart
            for _ in range(rows * columns):
                state = (1664525 * state + 1013904223) % 2**32
                values.append((state >> 16) * 19 // 2**16 - 9)
            grid = np.reshape(values, (rows, columns))
        case _:
            raise UserError(f"no preset is called {name!r}. Choose from: {', '.join(PRESETS)}.")
    return grid.tolist()


def _windows(values: np.ndarray) -> np.ndarray:
    """The four corners of every window, shape ``(4, rows, columns)``; -inf where there is no value."""
    height, width = values.shape
    full = np.full((height + height % 2, width + width % 2), -np.inf)
    full[:height, :width] = values
    return np.stack([full[dy::2, dx::2] for dy in (0, 1) for dx in (0, 1)])


def pool(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """2 x 2 max pooling with indices; the first maximum in row-major order wins.

    Args:
        values: a map, shape ``(height, width)``.

    Returns:
        The maxima in the dtype of ``values`` and their uint8 offsets ``2 * dy + dx``, both of shape
        ``(ceil(height / 2), ceil(width / 2))``.

    Example:
        >>> maxima, indices = pool(np.array([[1, 3, 4], [0, 2, 5]]))
        >>> maxima.tolist(), indices.tolist()
        ([[3, 5]], [[1, 2]])
    """
    corners = _windows(values)
    return corners.max(0).astype(values.dtype), corners.argmax(0).astype(np.uint8)


def ties(values: np.ndarray) -> int:
    """In how many windows the maximum stands more than once.

    Example:
        >>> ties(np.array([[2, 2, 1, 0], [0, 1, 0, 0]]))
        1
    """
    corners = _windows(values)
    return int(((corners == corners.max(0)).sum(0) > 1).sum())


def unpool(maxima: np.ndarray, indices: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Each maximum at its place, zeros elsewhere.

    Example:
        >>> unpool(np.array([[3, 5]]), np.array([[1, 2]]), (2, 3)).tolist()
        [[0, 3, 0], [0, 0, 5]]
    """
    rows, columns = maxima.shape
    full = np.zeros((2 * rows, 2 * columns), maxima.dtype)
    for (y, x), index in np.ndenumerate(indices):
        full[2 * y + index // 2, 2 * x + index % 2] = maxima[y, x]
    return full[: size[0], : size[1]]


def nearest(maxima: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Each maximum in all places of its window.

    Example:
        >>> nearest(np.array([[3, 5]]), (2, 3)).tolist()
        [[3, 3, 5], [3, 3, 5]]
    """
    return maxima.repeat(2, 0).repeat(2, 1)[: size[0], : size[1]]


def bilinear(maxima: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Twice the size with half-pixel centres and clamped edges, as ``keras.ops.image.resize`` does it.

    New values lie a quarter of a window from the nearest centre: 3/4 of it and 1/4 of the next one.

    Example:
        >>> bilinear(np.array([[0, 4]]), (2, 4)).tolist()
        [[0.0, 1.0, 3.0, 4.0], [0.0, 1.0, 3.0, 4.0]]
    """

    def doubled(rows: np.ndarray) -> np.ndarray:
        before, after = rows[[0, *range(len(rows) - 1)]], rows[[*range(1, len(rows)), -1]]
        pairs = np.stack([0.75 * rows + 0.25 * before, 0.75 * rows + 0.25 * after], 1)
        return pairs.reshape(2 * len(rows), -1)

    return doubled(doubled(maxima.astype(float)).T).T[: size[0], : size[1]]


def transposed(maxima: np.ndarray, kernel: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Transposed convolution with a 2 x 2 kernel and stride 2: each maximum times the kernel, side by side.

    Example:
        >>> transposed(np.array([[3, 5]]), np.array([[1, 0.5], [0, 2]]), (2, 4)).tolist()
        [[3.0, 1.5, 5.0, 2.5], [0.0, 6.0, 0.0, 10.0]]
    """
    return np.kron(maxima, kernel).astype(float)[: size[0], : size[1]]


def explain(values: np.ndarray, errors: dict[str, float], kept: dict[str, int]) -> str:
    """What there is to see in this map, in a few words."""
    height, width = values.shape
    said = []
    if (values == 0).all():
        said.append("All values are zero: every way up gives the map back.")
    elif (values < 0).all():
        said.append("All values are negative: the zeros that unpooling leaves are larger than any of them.")
    count = ties(values)
    who = {0: "No window has a tie", 1: "1 window has a tie"}.get(count, f"{count} windows have ties")
    said.append(f"{who}; the first maximum in reading order wins." if count else f"{who}.")
    whole = (height // 2) * (width // 2)
    if partial := -(-height // 2) * -(-width // 2) - whole:
        said.append(f"{partial} windows at an odd edge hold fewer than four values.")
    if values.any():
        least, most = min(errors.values()), max(kept.values())
        best = " and ".join(name for way, name in WAYS.items() if errors[way] == least)
        keepers = " and ".join(name for way, name in WAYS.items() if kept[way] == most)
        said.append(f"Smallest error: {best} ({number(least)}).")
        said.append(f"Most values exactly right: {keepers} ({most} of {values.size}).")
    return " ".join(said)


def answer(grid: list[list[int]], kernel: list[list[float]]) -> dict[str, Any]:
    """Everything that the playground shows, as plain lists and numbers.

    Args:
        grid: the map, rows of whole numbers.
        kernel: of the transposed convolution, 2 x 2.

    Returns:
        ``pooled``, ``indices``, the maps ``unpooled``, ``nearest``, ``bilinear`` and ``transposed``, and
        for these four ``errors`` (sum of absolute differences to the map) and ``kept`` (how many values
        are exactly right); ``ties`` (windows with several maxima) and ``words``.

    Example:
        >>> result = answer([[1, 3], [0, 2]], [[1, 0], [0, 0]])
        >>> result["indices"], result["unpooled"]
        ([[1]], [[0, 3], [0, 0]])
        >>> result["errors"]["unpooled"], result["kept"]["unpooled"]  # |1 - 0| + |2 - 0|; the 3 and the 0
        (3.0, 2)
    """
    values = np.array(grid)
    maxima, indices = pool(values)
    maps = {
        "unpooled": unpool(maxima, indices, values.shape),
        "nearest": nearest(maxima, values.shape),
        "bilinear": bilinear(maxima, values.shape),
        "transposed": transposed(maxima, np.array(kernel, float), values.shape),
    }
    # fsum and one rounding: the sum is the same whatever the order.
    errors = {way: round(math.fsum(np.abs(one - values).flat), 9) for way, one in maps.items()}
    kept = {way: int((one == values).sum()) for way, one in maps.items()}
    return {
        "pooled": maxima.tolist(),
        "indices": indices.tolist(),
        **{way: one.tolist() for way, one in maps.items()},
        "errors": errors,
        "kept": kept,
        "ties": ties(values),
        "words": explain(values, errors, kept),
    }
