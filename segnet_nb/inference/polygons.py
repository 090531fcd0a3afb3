"""Class ids as polygons and back: contours that separate the centres of the pixels.

Coordinates are those of labelling tools: x to the right and y down in pixels, the centre of the first pixel
at (0.5, 0.5). A hole is joined to the outline around it by a cut of no width, since neither COCO's polygons
nor LabelMe's can have holes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import contourpy
import numpy as np


@dataclass(frozen=True)
class Polygon:
    """The outline of a connected region of one class.

    Attributes:
        class_id: of the class.
        points: float64 ``(count, 2)``, x and y in pixels; the last point is not the first.
        area: in pixels, holes left out.
    """

    class_id: int
    points: np.ndarray
    area: float


def mask_polygons(ids: np.ndarray, num_classes: int) -> Iterator[Polygon]:
    """The regions of every class as polygons.

    A pixel belongs to a class if and only if its centre is inside one of the polygons of the class (by the
    even-odd rule), so polygons that are drawn by the centres of pixels give the mask back exactly. Drawing
    libraries that also colour pixels on the outline differ there.

    Args:
        ids: integer class ids, shape ``(height, width)``; ids from ``num_classes`` on are void.
        num_classes: number of classes.

    Yields:
        ``Polygon``, class after class.

    Example:
        >>> (dot,) = [each for each in mask_polygons(np.array([[0, 1]]), 2) if each.class_id == 1]
        >>> dot.points.tolist(), dot.area
        ([[1.0, 0.5], [1.5, 0.0], [2.0, 0.5], [1.5, 1.0]], 0.5)
    """
    for class_id in range(num_classes):
        inside = ids == class_id
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        if not len(rows):
            continue
        top, left = int(rows[0]), int(columns[0])
        part = inside[top : rows[-1] + 1, left : columns[-1] + 1]
        for rings in _regions(part):
            outline = np.add(_joined([_corners(ring) for ring in rings]), (left, top))
            yield Polygon(class_id, outline, abs(_signed_area(outline)))


def _regions(inside: np.ndarray) -> Iterator[list[np.ndarray]]:
    """The outer ring of each region and the rings of its holes; the last point of each is the first."""
    padded = np.pad(inside, 1).astype(np.float64)
    # Index 0 is the padding; the centre of the first pixel is at 0.5.
    axes = [np.arange(length) - 0.5 for length in padded.shape]
    generator = contourpy.contour_generator(
        axes[1], axes[0], padded, fill_type=contourpy.FillType.OuterOffset
    )
    found: Any = generator.filled(0.5, 2.0)
    for ring, starts in zip(*found, strict=True):
        yield np.split(ring, starts[1:-1].astype(np.intp))


def _corners(ring: np.ndarray) -> np.ndarray:
    """The points of a closed ring where it turns."""
    points = ring[:-1]
    before, after = points - np.roll(points, 1, 0), np.roll(points, -1, 0) - points
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return points[turns]


def _joined(rings: list[np.ndarray]) -> np.ndarray:
    """One polygon of an outer ring and its holes, each joined by a cut from its leftmost point."""
    outline, *holes = rings
    # From left to right: what is left of a hole, and may be hit by its cut, is part of the outline already.
    for hole in sorted(holes, key=lambda points: float(points[:, 0].min())):
        start = int(np.argmin(hole[:, 0]))
        hole = np.roll(hole, -start, axis=0)
        edge, point = _left_of(outline, hole[0])
        cut = [outline[: edge + 1], point[None], hole, hole[:1], point[None], outline[edge + 1 :]]
        outline = np.concatenate(cut)
    return outline


def _left_of(outline: np.ndarray, point: np.ndarray) -> tuple[int, np.ndarray]:
    """The edge that a ray from a point to the left meets first, and where it meets it."""
    start, stop = outline, np.roll(outline, -1, 0)
    x, y = point
    low, high = np.minimum(start[:, 1], stop[:, 1]), np.maximum(start[:, 1], stop[:, 1])
    crossing = np.flatnonzero((low <= y) & (y <= high) & (low < high))
    first, last = start[crossing], stop[crossing]
    where = first[:, 0] + (y - first[:, 1]) / (last[:, 1] - first[:, 1]) * (last[:, 0] - first[:, 0])
    where[where > x] = -np.inf
    best = int(np.argmax(where))
    return int(crossing[best]), np.array([where[best], y])


def _signed_area(points: np.ndarray) -> float:
    x, y = points[:, 0], points[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)
