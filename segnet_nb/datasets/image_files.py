"""Read image and mask files: what a file is, is told from its content, and lossy masks are refused.

Images of other kinds than 8-bit RGB are converted where nothing is lost that matters; ``strict`` refuses
them. Masks are never converted: their values are returned as they are stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from segnet_nb.datasets.mask_encoding import LARGEST_ID, FolderError, RawMask

IMAGE_SUFFIXES = frozenset(
    {
        *(".png", ".apng", ".bmp", ".dib", ".tif", ".tiff", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp"),
        *(".gif", ".jp2", ".j2k", ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".avif"),
    }
)
"""Endings of files that are taken for images, in lower case."""

_LOSSY_FORMATS = {"JPEG", "MPO", "AVIF", "JPEG2000"}
_LOSSY_TIFF = {"jpeg", "tiff_jpeg", "webp", "jpeg2000"}
_GREY_16 = ("I;16", "I;16L", "I;16B", "I;16N")

_LARGE = 8_000_000  # pixels
# Decoding takes up to twelve bytes per pixel, in each thread that decodes.
_FEW_AT_ONCE = threading.BoundedSemaphore(2)

_KINDS = {
    "RGB": "RGB",
    "L": "greyscale",
    "LA": "greyscale with transparency (alpha)",
    "RGBA": "transparent (it has an alpha channel)",
    "P": "a palette image",
    "PA": "a palette image with transparency",
    "1": "black and white",
    "CMYK": "CMYK",
    "F": "a floating-point image",
    "I": "32-bit greyscale",
    **dict.fromkeys(_GREY_16, "16-bit greyscale"),
}


def kind_of(mode: str) -> str:
    """What a mode of Pillow is called in messages.

    Example:
        >>> kind_of("L"), kind_of("LAB")
        ('greyscale', "of Pillow's mode LAB")
    """
    return _KINDS.get(mode, f"of Pillow's mode {mode}")


def open_image(path: Path, read: Callable[[Image.Image], object]) -> object:
    """What ``read`` makes of an open file; every decoding error becomes a FolderError.

    Raises:
        FolderError: if the file is no image, or is corrupt.
        OSError: from the file system.
    """
    try:
        with Image.open(path) as picture:
            large = picture.width * picture.height > _LARGE
            with _FEW_AT_ONCE if large else nullcontext():
                return read(picture)
    except FolderError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's message (permissions, disk failure) already names the file
        detail = str(error).replace(str(path), path.name)
        raise FolderError(f"{path} cannot be read as an image: {detail}. Save it again.") from error


def read_image(path: Path, *, convert: bool = True, strict: bool = False) -> np.ndarray:
    """Read an image as uint8 RGB ``(height, width, 3)``, turned as its EXIF data says.

    Grey is repeated three times, 16-bit values are scaled so that the maximum of the image is 255, alpha is
    dropped, palettes and CMYK become RGB, and of an animation the first frame is taken.

    Args:
        path: path of the file.
        convert: whether to convert images of other kinds than 8-bit RGB; False is the same as ``strict``.
        strict: refuse such images instead.

    Raises:
        FolderError: if the image is of another kind and may not be converted, or is corrupt.
    """

    def read(picture: Image.Image) -> np.ndarray:
        mode = picture.mode
        if (strict or not convert) and (other := conversion(picture)):
            raise FolderError(
                f"{path} is {other}, but must be 8-bit RGB. Save it as RGB, or allow conversion (omit "
                "strict)."
            )
        # Phones store the orientation as metadata instead of rotating the pixels.
        turned = upright(picture)
        if mode == "RGB":
            return np.asarray(turned)
        if mode.startswith(("I", "F")):
            return _scaled(np.asarray(turned, "float64"), path)
        if mode == "P" and "transparency" in turned.info:
            turned = turned.convert("RGBA")
        return np.asarray(turned.convert("RGB"))

    pixels = open_image(path, read)
    assert isinstance(pixels, np.ndarray)
    return pixels


def upright(picture: Image.Image) -> Image.Image:
    """An open image, turned in place as its EXIF data says; an image that is upright is not copied.

    Example:
        >>> picture = Image.new("L", (2, 3))
        >>> upright(picture) is picture
        True
    """
    ImageOps.exif_transpose(picture, in_place=True)
    return picture


def conversion(picture: Image.Image) -> str:
    """What an open image is, if it has to be converted to 8-bit RGB; else an empty text.

    Example:
        >>> conversion(Image.new("L", (2, 2))), conversion(Image.new("RGB", (2, 2)))
        ('greyscale', '')
    """
    if picture.mode != "RGB":
        return kind_of(picture.mode)
    tiles = getattr(picture, "tile", None)
    raw = tiles[0][3] if tiles else ""
    raw = raw[0] if isinstance(raw, tuple) and raw else raw
    return "16-bit RGB" if ";16" in str(raw) else ""


def _scaled(values: np.ndarray, path: Path) -> np.ndarray:
    """Grey values of any range as uint8 RGB, scaled so that the maximum is 255."""
    largest = values.max()
    if values.min() < 0 or not np.isfinite(largest):
        raise FolderError(f"{path} has negative or infinite values, which are not valid brightness.")
    scaled = values * (255 / largest) if largest > 0 else values
    return np.repeat(np.rint(scaled).astype(np.uint8)[..., None], 3, axis=-1)


def is_lossy(picture: Image.Image) -> bool:
    """Whether an open image was compressed with loss, from its content.

    Example:
        >>> is_lossy(Image.new("L", (2, 2)))
        False
    """
    if picture.format in _LOSSY_FORMATS:
        return True
    if picture.format == "TIFF":
        return picture.info.get("compression") in _LOSSY_TIFF
    return picture.format == "WEBP" and not _is_lossless_webp(Path(str(getattr(picture, "filename", ""))))


def _is_lossless_webp(path: Path) -> bool:
    """Whether the pixels of a WebP file are in a chunk of the lossless kind."""
    with path.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            if head[:4] in (b"VP8L", b"VP8 "):
                return head[:4] == b"VP8L"
            if head[:4] == b"ANMF":
                file.seek(16, 1)  # the frame's own chunks follow its position and size
                continue
            size = int.from_bytes(head[4:], "little")
            file.seek(size + size % 2, 1)
    return False


def lossy_error(path: Path, name: str | None) -> FolderError:
    """The error for a mask that was compressed with loss; ``name`` is that of its format.

    Example:
        >>> "lossy compression" in str(lossy_error(Path("a.png"), "JPEG"))
        True
    """
    content = f" (its content is {name})" if name and not path.name.lower().endswith(_endings(name)) else ""
    return FolderError(
        f"{path} has lossy compression{content}, which mixes the values along every boundary. Export the "
        "masks "
        "as PNG from the annotation tool, or take the nearest class of each pixel with --lossy-masks nearest "
        '(lossy_masks="nearest"); converting this file does not restore the values.'
    )


def _endings(name: str) -> tuple[str, ...]:
    return {"JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"), "TIFF": (".tif", ".tiff")}.get(
        name, (f".{name.lower()}",)
    )


def read_mask(path: Path, *, lossy: bool = False) -> RawMask:
    """Read a mask without conversion, turned as its EXIF data says.

    Args:
        path: path of the file; its format is told from its content, not from its ending.
        lossy: accept files with lossy compression.

    Raises:
        FolderError: if the file is lossy, transparent or of a kind that holds no classes, or is corrupt.
    """

    def read(picture: Image.Image) -> RawMask:
        loss = is_lossy(picture)
        if loss and not lossy:
            raise lossy_error(path, picture.format)
        return raw_mask(picture, path, lossy=loss)

    found = open_image(path, read)
    assert isinstance(found, RawMask)
    return found


def raw_mask(picture: Image.Image, path: Path, *, lossy: bool = False) -> RawMask:
    """The stored values of an open mask.

    Raises:
        FolderError: if it is transparent or of a kind that holds no classes.
    """
    mode = picture.mode
    palette = palette_of(picture) if mode == "P" else None
    pixels = np.asarray(upright(picture))
    if mode == "1":
        return RawMask(pixels.astype(np.uint8), bilevel=True)
    if mode in ("L", "RGB", "P"):
        return RawMask(pixels, palette, lossy=lossy)
    if mode in ("RGBA", "LA"):
        if (pixels[..., -1] == 255).all():
            return RawMask(pixels[..., :3] if mode == "RGBA" else pixels[..., 0], lossy=lossy)
        raise FolderError(f"{path} is partly transparent, but a class is not. Save it without alpha.")
    if mode in _GREY_16 or mode in ("I", "F"):
        return RawMask(_whole(pixels, path), lossy=lossy)
    raise FolderError(f"{path} is {kind_of(mode)}, but masks must be ids, palette or RGB images.")


def _whole(pixels: np.ndarray, path: Path) -> np.ndarray:
    """Values of 16 or 32 bits or floats as int32, if they can be ids."""
    finite = np.isfinite(pixels).all()
    if not finite or pixels.min() < 0 or pixels.max() > LARGEST_ID or (pixels != np.floor(pixels)).any():
        raise FolderError(
            f"{path} has values that are not whole numbers in 0..{LARGEST_ID}, but ids must be. Save ids."
        )
    return pixels.astype(np.int32)


def palette_of(picture: Image.Image) -> np.ndarray | None:
    """The palette of an image, uint8 ``(256, 3)``; missing entries are black.

    None if each value is its own shade of grey.
    """
    flat = np.zeros(768, np.uint8)
    stored = (picture.getpalette() or [])[:768]
    flat[: len(stored)] = stored
    colors = flat.reshape(256, 3)
    length = len(stored) // 3
    ramp = np.arange(256, dtype=np.uint8)[:length, None]
    return None if length and (colors[:length] == ramp).all() else colors
