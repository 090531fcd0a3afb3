"""Large images in overlapping tiles whose borders are blended.

A network sees one tile at a time, so its memory does not grow with the image. Where tiles overlap, their
probabilities are averaged with weights that rise linearly from one tile to the next and add up to 1.
Tiles start at multiples of 32, so that every pooling window holds the same pixels as without tiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.inference.prediction import predict_probabilities

if TYPE_CHECKING:
    import keras

ALIGNMENT = 32  # five poolings by 2
OVERLAP = 384
"""Pixels that neighbouring tiles share at least, whatever their size: less would change the result."""
TILE = 1024
"""Pixels between the tiles of a large image, along each side, if no number is given."""
UNTILED_PIXELS = 2_100_000
"""The largest image that is predicted as a whole, if no number is given: a little more than 1080 x 1920."""
_SMALLEST = 64


@dataclass(frozen=True)
class Block:
    """Finished probabilities of a rectangle of an image.

    Attributes:
        top: first row in the image.
        left: first column in the image.
        probabilities: float32 in 0..1, shape ``(rows, columns, num_classes)``.
    """

    top: int
    left: int
    probabilities: np.ndarray


def check_tile(tile: int | None) -> None:
    """Raise unless a tile size is None, 0 or large enough.

    Raises:
        ValueError: if it is not.

    Example:
        >>> check_tile(512)
    """
    if tile and tile < _SMALLEST:
        raise UserError(
            f"tile must be at least {_SMALLEST} pixels, or 0 for no tiles, but got {tile}. Try {TILE}."
        )


def tile_side(height: int, width: int, tile: int | None, scales: Sequence[float] = (1.0,)) -> int:
    """The side of the squares that the network sees of an image; 0 if it sees the whole image.

    Args:
        height: of the image, in pixels.
        width: of the image, in pixels.
        tile: pixels from one tile to the next; the network sees 384 more. 0: no tiles. None: 1,024 for images
            above 2.1 megapixels, none for others. Views at larger scales count with their own size.
        scales: multiples of the size at which the image is predicted.

    Example:
        >>> tile_side(1080, 1920, None), tile_side(3000, 4000, None), tile_side(3000, 4000, None, (1.0, 2.0))
        (0, 1408, 704)
        >>> tile_side(1080, 1920, 512)
        896
    """
    if tile is None:
        largest = max(1.0, *scales)
        if height * width * largest**2 <= UNTILED_PIXELS:
            return 0
        tile = max(_SMALLEST, int((TILE + OVERLAP) / largest) // ALIGNMENT * ALIGNMENT - OVERLAP)
    side = tile and -(-tile // ALIGNMENT) * ALIGNMENT + OVERLAP
    return side if side < max(height, width) else 0


def spans(length: int, side: int) -> list[tuple[int, int]]:
    """Start and stop of the tiles along one side of an image.

    Starts are multiples of 32 and evenly spaced, neighbours share ``OVERLAP`` pixels or more, and no tile is
    larger than ``side``.

    Example:
        >>> spans(2600, 1408)
        [(0, 1408), (608, 2016), (1216, 2600)]
        >>> spans(900, 1408)
        [(0, 900)]
    """
    if length <= side:
        return [(0, length)]
    last = -((side - length) // ALIGNMENT)  # the last start, in units of the alignment
    gaps = -(-last * ALIGNMENT // (side - OVERLAP))
    starts = [last * number // gaps * ALIGNMENT for number in range(gaps + 1)]
    return [(start, min(start + side, length)) for start in starts]


def blocks(
    model: keras.Model,
    image: np.ndarray,
    side: int,
    *,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
) -> Iterator[Block]:
    """Probabilities of an image, rectangle after rectangle, from top to bottom and from left to right.

    Args:
        model: a network of this package that accepts any size.
        image: uint8 RGB, shape ``(height, width, 3)``.
        side: of the tiles in pixels, from ``tile_side``; 0: the image as a whole.
        flip: average with the prediction of the mirrored tile.
        scales: average predictions at these multiples of the size.

    Yields:
        ``Block``; together they cover each pixel once.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 3, filters=4, kernel_size=3)
        >>> image = np.zeros((200, 500, 3), np.uint8)
        >>> sum(block.probabilities[..., 0].size for block in blocks(model, image, 448)) == 200 * 500
        True
    """
    height, width = image.shape[:2]
    if not side:
        yield Block(0, 0, predict_probabilities(model, image, flip=flip, scales=scales)[0])
        return
    rows = spans(height, side)
    above = None  # the blended end of the row of tiles above
    for number, (top, stop) in enumerate(rows):
        below = rows[number + 1][0] if number + 1 < len(rows) else stop
        kept = np.empty((stop - below, width, int(model.output_shape[-1])), np.float32)
        for left, part in _row(model, image[top:stop], side, flip, scales):
            columns = slice(left, left + part.shape[1])
            if above is not None:
                _blend(above[:, columns], part)
            kept[:, columns] = part[below - top :]
            yield Block(top, left, part[: below - top])
        above = kept


def _row(
    model: keras.Model, image: np.ndarray, side: int, flip: bool, scales: Sequence[float]
) -> Iterator[tuple[int, np.ndarray]]:
    """The tiles of one row, blended from left to right: the first column of each part, and the part."""
    columns = spans(image.shape[1], side)
    before = None
    for number, (left, stop) in enumerate(columns):
        found = predict_probabilities(model, image[:, left:stop], flip=flip, scales=scales)[0]
        if before is not None:
            _blend(np.swapaxes(before, 0, 1), np.swapaxes(found, 0, 1))
        after = columns[number + 1][0] if number + 1 < len(columns) else stop
        before = found[:, after - left :].copy()
        yield left, found[:, : after - left]


def _blend(before: np.ndarray, after: np.ndarray) -> None:
    """Blend the end of one tile into the start of the next, in place, along the first axis."""
    shared = len(before)
    # Close to its border a tile has seen the padding instead of the image, so the ramp is in the middle.
    ramp = (np.arange(shared) + 0.5) / shared * 4 - 1.5
    share = np.clip(ramp, 0, 1).astype(np.float32)[:, None, None]
    start = after[:shared]
    start += (1 - share) * (before - start)
