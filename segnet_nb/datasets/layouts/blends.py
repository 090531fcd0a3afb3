"""Whether the values of masks are classes, or mixtures of classes along soft edges.

A mask that was resized smoothly, or drawn with soft edges, has mixtures of two values along every boundary. A
mixture lies between two other values and never fills a square of 2 x 2 pixels, while a class fills one
somewhere, unless its objects are as thin as lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations

import numpy as np

from segnet_nb.datasets.mask_encoding import Color, Value, color_code

MOST_IN_ONE = 64
"""Masks with more different values are pictures, not classes."""

_TOO_NEAR = 6.0  # distance of two values that lossy compression could have made of one
_ASIDE = 8.0  # distance from the line between two colours, up to which a colour could be a mixture of them


def solid_values(pixels: np.ndarray, values: Iterable[Value]) -> Iterator[Value]:
    """The values that fill a square of 2 x 2 pixels.

    Args:
        pixels: integers ``(height, width)``; colours as numbers of 24 bits.
        values: numbers or colours that occur.

    Example:
        >>> list(solid_values(np.array([[1, 1, 2], [1, 1, 3]]), [1, 2, 3]))
        [1]
    """
    corner = pixels[1:, 1:]
    same = (corner == pixels[:-1, 1:]) & (corner == pixels[1:, :-1]) & (corner == pixels[:-1, :-1])
    found = set(np.unique(corner[same]).tolist())
    for value in values:
        if (value if isinstance(value, int) else color_code(value)) in found:
            yield value


def ambiguity(values: Collection[Value], solid: Collection[Value]) -> str:
    """Why values could be something else than one class each; empty if they could not.

    Args:
        values: numbers or colours that occur.
        solid: those that fill a square of 2 x 2 pixels somewhere.

    Example:
        >>> ambiguity([0, 128, 255], [0, 128, 255]), ambiguity([0, 128, 255], [0, 255])
        ('', '128 occurs only along edges, and could be a mixture of 0 and 255')
        >>> ambiguity([(128, 0, 0), (127, 1, 0)], [])
        '(128, 0, 0) and (127, 1, 0) are almost equal'
    """
    for one, other in combinations(values, 2):
        if np.linalg.norm(_point(one) - _point(other)) <= _TOO_NEAR:
            return f"{one} and {other} are almost equal"
    kept = [value for value in values if value in solid]
    for value in values:
        if value not in solid:
            for one, other in combinations(kept, 2):
                if _is_between(_point(value), _point(one), _point(other)):
                    return f"{value} occurs only along edges, and could be a mixture of {one} and {other}"
    return ""


def _point(value: Value) -> np.ndarray:
    return np.atleast_1d(np.asarray(value, float))


def _is_between(point: np.ndarray, one: np.ndarray, other: np.ndarray) -> bool:
    line = other - one
    share = float((point - one) @ line / (line @ line))
    return 0 < share < 1 and float(np.linalg.norm(point - one - share * line)) <= _ASIDE


def in_order(colors: Iterable[Color]) -> list[Color]:
    """Colours by red, green and blue, so that their order does not depend on the images.

    Example:
        >>> in_order([(200, 0, 0), (0, 0, 0), (0, 200, 0)])
        [(0, 0, 0), (0, 200, 0), (200, 0, 0)]
    """
    return sorted(colors)
