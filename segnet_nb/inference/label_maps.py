"""The class of every pixel of one image, whatever its size, with bounded memory.

No array of probabilities covers a large image: tiles are turned into class ids as they are finished, and
probabilities of a smaller inference are enlarged a few rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from segnet_nb.datasets.resizing import resize_image
from segnet_nb.inference.tiles import Block, blocks, tile_side

if TYPE_CHECKING:
    import keras

_PIXELS_AT_ONCE = 4_000_000  # when probabilities are enlarged


@dataclass(frozen=True)
class LabelMap:
    """The prediction of an image.

    Attributes:
        ids: uint8 class ids, shape ``(height, width)``.
        mean_probability: mean over the pixels of the probability of the predicted class, 0..1.
    """

    ids: np.ndarray
    mean_probability: float


def predict_labels(
    model: keras.Model,
    image: np.ndarray,
    *,
    image_size: tuple[int, int] | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    tile: int | None = None,
) -> LabelMap:
    """The most probable class of every pixel of an image.

    Args:
        model: a network of this package with at most 256 classes.
        image: uint8 RGB, shape ``(height, width, 3)``.
        image_size: ``(height, width)`` in pixels to run inference at; None: that of the image.
        flip: average with the prediction of the mirrored image.
        scales: average predictions at these multiples of the size.
        tile: pixels from tile to tile; 0: no tiles; None: 1,024 above 2.1 megapixels. See ``tiles``.

    Returns:
        A ``LabelMap`` of the size of the image.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 3, filters=4, kernel_size=3)
        >>> predict_labels(model, np.zeros((45, 67, 3), np.uint8), image_size=(32, 32)).ids.shape
        (45, 67)
    """
    seen = image if image_size is None else resize_image(image, image_size)
    size, seen_size = (image.shape[0], image.shape[1]), (seen.shape[0], seen.shape[1])
    side = tile_side(*seen_size, tile, scales)
    found = blocks(model, seen, side, flip=flip, scales=scales)
    if seen_size != size:
        found = _enlarged(_bands(found, seen_size[1]), seen_size, size)
    ids, total = np.empty(size, np.uint8), 0.0
    for block in found:
        rows, columns = block.probabilities.shape[:2]
        place = np.s_[block.top : block.top + rows, block.left : block.left + columns]
        ids[place] = block.probabilities.argmax(-1)
        total += float(block.probabilities.max(-1).sum(dtype=np.float64))
    return LabelMap(ids, total / ids.size)


def _bands(found: Iterator[Block], width: int) -> Iterator[np.ndarray]:
    """Blocks beside each other as one band of the full width."""
    for _, row in groupby(found, key=lambda block: block.top):
        parts = [block.probabilities for block in row]
        yield parts[0] if parts[0].shape[1] == width else np.concatenate(parts, axis=1)


def _enlarged(
    bands: Iterator[np.ndarray], seen_size: tuple[int, int], size: tuple[int, int]
) -> Iterator[Block]:
    """Probabilities at the size of the image, some rows at a time.

    Args:
        bands: probabilities of shape ``(rows, width, num_classes)``, from top to bottom.
        seen_size: height and width of all bands together.
        size: height and width to interpolate to.
    """
    step = seen_size[0] / size[0]
    reach = max(1.0, step) + 1  # rows that the interpolation of one row can read, to either side
    rows_at_once = max(1, _PIXELS_AT_ONCE // size[1])
    held, first, done = next(bands), 0, 0
    while True:
        known = first + len(held)
        ready = size[0] if known == seen_size[0] else int((known - reach) / step)
        while done < ready:
            stop = min(done + rows_at_once, ready)
            box = (0, done * step - first, seen_size[1], stop * step - first)
            yield Block(done, 0, _resized(held, (stop - done, size[1]), box))
            done = stop
        if known == seen_size[0]:
            return
        unread = max(first, int(done * step - reach))
        held, first = np.concatenate([held[unread - first :], next(bands)]), unread


def _resized(
    probabilities: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float]
) -> np.ndarray:
    """A box of probabilities, interpolated class by class."""
    found = np.empty((*size, probabilities.shape[-1]), np.float32)
    for number in range(probabilities.shape[-1]):
        plane = Image.fromarray(np.ascontiguousarray(probabilities[..., number]))
        found[..., number] = np.asarray(plane.resize((size[1], size[0]), Image.Resampling.BILINEAR, box=box))
    return found
