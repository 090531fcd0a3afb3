"""Pixels as bytes, for widgets that show an image."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import UserError


def png(pixels: np.ndarray) -> bytes:
    """An image as a PNG, for example for ``ipywidgets.Image(value=png(pixels))``.

    Args:
        pixels: uint8, 0..255, shape ``(height, width, 3)`` for RGB or ``(height, width)`` for grey.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: if dtype or shape are others.

    Example:
        >>> png(np.zeros((2, 3, 3), np.uint8))[1:4]
        b'PNG'
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise UserError(
            "pixels must be uint8 of shape (height, width, 3) or (height, width), but got "
            f"{pixels.dtype} of shape {pixels.shape}. "
            "Values in 0..1 become such pixels by (255 * values).astype(np.uint8)."
        )
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()
