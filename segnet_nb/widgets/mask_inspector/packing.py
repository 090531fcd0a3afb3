"""The pixels of the mask inspector as compressed bytes for the browser."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from PIL import Image

Packed = dict[str, bytes]


def packed(image: np.ndarray, truth: np.ndarray | None, classes: np.ndarray, percent: np.ndarray) -> Packed:
    """One image in compressed bytes: photo JPEG, the rest PNG; of several planes, one below the other.

    Args:
        image: uint8 RGB, shape ``(height, width, 3)``.
        truth: uint8 ids, shape ``(height, width)``; None: there are no labels.
        classes: uint8 ids, likeliest first, shape ``(height, width, top)``.
        percent: their probabilities in whole percent, uint8, same shape.
    """
    return {
        "photo": _encoded(image, "jpeg", quality=92, subsampling=0),
        **({} if truth is None else {"truth": _encoded(truth)}),
        "classes": _encoded(np.concatenate(np.moveaxis(classes, -1, 0))),
        "percent": _encoded(np.concatenate(np.moveaxis(percent, -1, 0))),
    }


def as_many_as_fit(numbers: Iterable[int], pack: Callable[[int], Packed], room: int) -> dict[str, Packed]:
    """Pack one image after the other, at least the first, up to so many bytes."""
    chosen: dict[str, Packed] = {}
    for number in numbers:
        parts = pack(number)
        room -= sum(map(len, parts.values()))
        if chosen and room < 0:
            break
        chosen[str(number)] = parts
    return chosen


def _encoded(pixels: np.ndarray, kind: str = "png", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()
