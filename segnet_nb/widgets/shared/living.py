"""What an explorer holds for a page without a kernel that answers by itself: its network and its images."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from segnet_nb._shared import living_pages
from segnet_nb._shared.errors import UserError, UserTypeError

if TYPE_CHECKING:
    from segnet_nb.probes.page_parts import PageNetwork

MOST_BYTES = 8 << 20
"""Of a network and its images; explorers of more stay pictures, since nobody would open such a page."""


def png(pixels: np.ndarray) -> bytes:
    """An image without loss: RGB, or ids as shades of grey.

    Example:
        >>> png(np.zeros((2, 2), np.uint8))[1:4]
        b'PNG'
    """
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels, np.uint8)).save(buffer, "png")
    return buffer.getvalue()


def page(kind: str, network: PageNetwork, images: Sequence[np.ndarray], **more: Any) -> dict[str, Any]:
    """What the page needs, as the view's ``Page``.

    Args:
        kind: of the explorer, the name of its folder.
        network: its parts.
        images: uint8 RGB, shape ``(height, width, 3)``.
        **more: what else the explorer needs; nothing but bytes, numbers, lists and dicts.
    """
    parts = {
        "encoder": network.encoder,
        "decoder": list(network.decoder),
        "probabilities": network.probabilities,
    }
    return {"kind": kind, "network": parts, "images": [png(image) for image in images], **more}


def made(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A page if a report wants one and the network can be in it; else nothing.

    Args:
        make: makes it; its errors are of networks that pages cannot hold.
    """
    if not living_pages.wanted():
        return {}
    try:
        found = make()
    except (UserError, UserTypeError):
        return {}
    return found if _size(found) <= MOST_BYTES else {}


def _size(value: Any) -> int:
    """Bytes in nested dicts and lists."""
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 0
