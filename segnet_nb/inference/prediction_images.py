"""Reading the images that ``predict`` segments, and the PNG files that it writes for each."""

from __future__ import annotations

import io
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import OutOfMemoryError, UserError
from segnet_nb._shared.memory import is_out_of_memory
from segnet_nb.datasets import folder
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.colors import overlay

_PIXELS_AT_ONCE = 2_000_000


def read(path: Path, max_megapixels: float | None = None, *, strict: bool = False) -> np.ndarray:
    """Read an image as uint8 RGB ``(height, width, 3)``, converted if necessary.

    Args:
        path: path of the file.
        max_megapixels: the largest image to read, in millions of pixels; None: Pillow's limit, 179.
        strict: refuse images that would be converted.

    Raises:
        ValueError: if it cannot be read as an image, or has more pixels.
        MemoryError: if it does not fit into memory.
    """
    with _any_size():
        _check_size(path, max_megapixels)
        try:
            return folder.read_image(path, strict=strict)
        except UserError as error:
            if error.__cause__ is None or not is_out_of_memory(error.__cause__):
                raise
            raise OutOfMemoryError(
                f"{path} does not fit into memory. Resize the image, or close other programs."
            ) from error


# Read before anything changes it; Pillow refuses images of twice this number of pixels.
_PILLOW_LIMIT = Image.MAX_IMAGE_PIXELS


@contextmanager
def _any_size() -> Iterator[None]:
    """Pillow without its limit: ``_check_size`` has its own, which users can set."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _check_size(path: Path, max_megapixels: float | None) -> None:
    limit = max_megapixels * 1e6 if max_megapixels is not None else _PILLOW_LIMIT and 2 * _PILLOW_LIMIT
    try:
        with Image.open(path) as picture:
            width, height = picture.size
    except OSError:
        return  # read_image says what is wrong
    if limit and width * height > limit:
        raise UserError(
            f"{path} has {height} x {width} pixels, above the limit of {limit / 1e6:.0f} megapixels that "
            "protects from files made to fill the memory. If you trust it, pass --max-megapixels "
            f"{math.ceil(width * height / 1e6)} (max_megapixels)."
        )


def mask_png(ids: np.ndarray, classes: ClassList, values: np.ndarray | None = None) -> bytes:
    """A palette PNG of class ids, uint8 ``(height, width)``.

    Args:
        ids: the class ids.
        classes: the colours of the palette.
        values: the value to write for each id, uint8; None: the ids.
    """
    palette = np.zeros((256, 3), np.uint8)
    places = np.arange(classes.num_classes + 1) if values is None else values.astype(int)
    colors = classes.palette[: len(places)]
    palette[places[places < 256]] = colors[places < 256]
    picture = Image.fromarray(ids if values is None else values[ids])
    used = int(min(256, places.max() + 1))
    picture.putpalette(palette[:used].ravel().tolist())
    return _png(picture)


def overlay_png(image: np.ndarray, ids: np.ndarray, classes: ClassList) -> bytes:
    """A PNG of an image with the colours of the classes on top, made a few rows at a time."""
    height, width = ids.shape
    picture = Image.new("RGB", (width, height))
    rows = max(1, _PIXELS_AT_ONCE // width)
    for top in range(0, height, rows):
        part = overlay(image[top : top + rows], ids[top : top + rows], classes)
        picture.paste(Image.fromarray(part), (0, top))
    return _png(picture)


def read_mask(path: str | os.PathLike[str], values: np.ndarray | None = None) -> np.ndarray:
    """The class ids of a PNG that ``mask_png`` made."""
    with _any_size(), Image.open(path) as picture:
        found = np.asarray(picture)
    if values is None:
        return found
    ids = np.zeros(256, np.uint8)
    ids[values] = np.arange(len(values))
    return ids[found]


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
