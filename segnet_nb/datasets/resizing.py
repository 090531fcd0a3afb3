"""Resize images with antialiasing and labels by nearest neighbour."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import UserError

MOST_PIXELS = 100_000_000


def check_size(size: Sequence[int]) -> None:
    """Raise unless images can be resized to a size.

    Args:
        size: ``(height, width)``.

    Raises:
        ValueError: if a side is below 1, or there are too many pixels.

    Example:
        >>> check_size((180, 240))
        >>> check_size((0, 16))
        Traceback (most recent call last):
            ...
        segnet_nb.UserError: image_size must be two whole numbers of at least 1, height and width, got 0 x 16.
    """
    given = " x ".join(str(side)[:20] for side in size)
    if len(size) != 2 or not all(isinstance(side, numbers.Integral) and side >= 1 for side in size):
        raise UserError(f"image_size must be two whole numbers of at least 1, height and width, got {given}.")
    if math.prod(size) > MOST_PIXELS:
        raise UserError(f"image_size must have at most {MOST_PIXELS:,} pixels, got {given}.")


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image with antialiasing.

    If the source size is an integer multiple of the target size, each target pixel is the mean of its
    block. Otherwise a triangle filter scaled by the reduction is used, because a box filter would average
    blocks of different sizes, which produces jagged edges.

    Args:
        image: uint8 ``(height, width, 3)``.
        size: ``(new_height, new_width)``.

    Returns:
        uint8 ``(new_height, new_width, 3)``; ``image`` itself if it already has that size.

    Raises:
        ValueError: if the size is impossible.

    Example:
        >>> checks = np.array([[0, 100], [100, 0]], np.uint8)[..., None].repeat(3, axis=-1)
        >>> resize_image(checks, (1, 1)).tolist()
        [[[50, 50, 50]]]
    """
    height, width = image.shape[:2]
    if (height, width) == tuple(size):
        return image
    check_size(size)
    whole = height % size[0] == 0 and width % size[1] == 0
    method = Image.Resampling.BOX if whole else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(image).resize((size[1], size[0]), method))


def resize_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize labels by nearest neighbour: the mean of two class ids would be a third class.

    Each target pixel takes the id at its centre. Computed in integers, so that a centre on the edge
    between two pixels is rounded the same way (down, right) on every machine.

    Args:
        labels: integer class ids ``(height, width)``.
        size: ``(new_height, new_width)``.

    Returns:
        The same dtype, ``(new_height, new_width)``.

    Example:
        >>> resize_labels(np.array([[0, 1, 2, 3]], np.uint8), (1, 2)).tolist()
        [[1, 3]]
    """
    height, width = labels.shape
    if (height, width) == tuple(size):
        return labels
    rows = (2 * np.arange(size[0]) + 1) * height // (2 * size[0])
    columns = (2 * np.arange(size[1]) + 1) * width // (2 * size[1])
    return labels[rows[:, None], columns]
