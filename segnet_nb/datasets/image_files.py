"""Read the image and mask files of a folder, and reject those that are ambiguous or lossy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from segnet_nb.datasets.mask_encoding import FolderError

_LOSSLESS = {".png", ".bmp", ".tif", ".tiff"}
IMAGE_SUFFIXES = _LOSSLESS | {".jpg", ".jpeg", ".webp"}

_KINDS = {
    "L": "greyscale",
    "LA": "greyscale with transparency (alpha)",
    "RGBA": "transparent (it has an alpha channel)",
    "P": "a palette image",
    "1": "black and white",
    "CMYK": "CMYK",
    "F": "a floating-point image",
    "I": "32-bit greyscale",
    "I;16": "16-bit greyscale",
    "I;16B": "16-bit greyscale",
}


def _kind(mode: str) -> str:
    return _KINDS.get(mode, f"of Pillow's mode {mode}")


def _open(path: Path, read: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """Pixels of an image file; every decoding error becomes a FolderError."""
    try:
        with Image.open(path) as picture:
            # Phones store the orientation as metadata instead of rotating the pixels.
            return read(ImageOps.exif_transpose(picture))
    except FolderError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's message (permissions, disk failure) already names the file
        raise FolderError(f"{path} cannot be read as an image: {error}. Save it again.") from error


def read_image(path: Path, *, convert: bool = False) -> np.ndarray:
    """Read an image as uint8 RGB ``(height, width, 3)``.

    Args:
        path: path of the file.
        convert: also accept greyscale, 16-bit and transparent images: grey is repeated three times, 16-bit
            values are scaled so that the maximum of the image is 255, and alpha is dropped.

    Raises:
        FolderError: if the image is of another kind, or corrupt.
    """

    def read(picture: Image.Image) -> np.ndarray:
        mode = picture.mode
        if mode == "RGB":
            return np.asarray(picture)
        if not convert:
            raise FolderError(
                f"{path} is {_kind(mode)}, but must be 8-bit RGB. Save it as RGB, or pass convert=True to "
                "convert such images."
            )
        if mode.startswith(("I", "F")):
            return _scaled(np.asarray(picture, "float64"), path)
        return np.asarray(picture.convert("RGB"))

    return _open(path, read)


def _scaled(values: np.ndarray, path: Path) -> np.ndarray:
    """Grey values of any range as uint8 RGB, scaled so that the maximum is 255."""
    largest = values.max()
    if values.min() < 0 or not np.isfinite(largest):
        raise FolderError(f"{path} has negative or infinite values, which are not valid brightness.")
    scaled = values * (255 / largest) if largest > 0 else values
    return np.repeat(np.rint(scaled).astype(np.uint8)[..., None], 3, axis=-1)


def read_mask(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Read a mask without conversion.

    Returns:
        The values, uint8 ``(height, width)`` or ``(height, width, 3)``; and the palette, uint8 ``(256, 3)``,
        or None.

    Raises:
        FolderError: if the file format is lossy, has 16 bits or transparency, or the file is corrupt.
    """
    if path.suffix.lower() not in _LOSSLESS:
        raise FolderError(
            f"{path} has lossy compression, which mixes the values along every boundary. Export the masks as "
            "PNG from the annotation tool; converting this file does not restore the values."
        )
    palettes: list[np.ndarray] = []

    def read(picture: Image.Image) -> np.ndarray:
        mode = picture.mode
        if mode == "1":
            return np.asarray(picture).astype(np.uint8)
        if mode == "P":
            palettes.append(_palette(picture))
            return np.asarray(picture)
        if mode in ("L", "RGB"):
            return np.asarray(picture)
        if mode == "RGBA":
            pixels = np.asarray(picture)
            if (pixels[..., 3] == 255).all():
                return pixels[..., :3]
            raise FolderError(f"{path} is partly transparent, but a class is not. Save it without alpha.")
        raise FolderError(f"{path} is {_kind(mode)}, but masks must be 8-bit ids, palette or RGB images.")

    pixels = _open(path, read)
    return pixels, (palettes[0] if palettes else None)


def _palette(picture: Image.Image) -> np.ndarray:
    """The palette of an image, uint8 ``(256, 3)``; missing entries are black."""
    flat = np.zeros(768, np.uint8)
    stored = picture.getpalette() or []
    flat[: len(stored)] = stored
    return flat.reshape(256, 3)
