"""Masks as texts inside the page, since a page on disk may not read the pixels of image files."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from segnet_nb.sweeps.gallery.records import Mask, Run, Sweep

# What one sweep may take: so much for each run, but enough for a few images where there are few runs.
BYTES_PER_RUN = 100_000
LEAST_BYTES = 4_000_000
_LEVEL = 6  # 9 takes up to 15 times as long on noisy masks, for a sixth of their size


class _UnusableMaskError(Exception):
    """Why a mask is left out, as the end of a sentence."""


@dataclass
class SharedImage:
    """An image that runs have masks of.

    Attributes:
        key: 16 hexadecimal digits.
        name: as the first run calls it.
        size: height and width in pixels.
        file: path of the JPEG from the page, or an empty text where there is none.
        truth: its true classes, packed, or an empty text.
        masks: packed masks by the key of their run.
        file_bytes: size of the image file, the truth and the masks on disk.
    """

    key: str
    name: str
    size: tuple[int, int]
    file: str = ""
    truth: str = ""
    masks: dict[str, str] = field(default_factory=dict)
    file_bytes: int = 0

    @property
    def weight(self) -> int:
        """Bytes of all that belongs to it, in the page and beside it."""
        return len(self.truth) + sum(map(len, self.masks.values())) + self.file_bytes


def packed(mask: np.ndarray) -> str:
    """Class ids as a text: deflated, in base64.

    Args:
        mask: uint8 ids ``(height, width)``.

    Example:
        >>> import base64, zlib
        >>> list(zlib.decompress(base64.b64decode(packed(np.array([[3, 255], [3, 0]], np.uint8)))))
        [3, 255, 3, 0]
    """
    # Differences from the row above, as PNG takes them, need 15 % more for the predictions of a network.
    return base64.b64encode(zlib.compress(mask.tobytes(), _LEVEL)).decode("ascii")


def shared_images(sweep: Sweep) -> tuple[list[SharedImage], list[str]]:
    """The images that runs have masks of, with their masks, and one sentence for each run that lacks some.

    Args:
        sweep: as ``read_sweep`` returns it.
    """
    images: dict[str, SharedImage] = {}
    problems = []
    for run in sweep.runs:
        reasons = _add_masks(images, sweep.folder / "images", run)
        if reasons:
            problems.append(
                f"Run {run.key}: {len(reasons)} of {len(run.masks)} masks left out; {reasons[0]}."
            )
    absent = [image.name for image in images.values() if not image.file]
    if absent:
        problems.append(f"No image file of {', '.join(absent[:3])}: masks are shown without a picture.")
    return list(images.values()), problems


def within_budget(images: list[SharedImage], spent: int, runs: int) -> tuple[list[SharedImage], list[str]]:
    """The first images whose masks there is room for in the page, and a sentence about the others.

    Args:
        images: in order.
        spent: bytes that the rest of the page takes.
        runs: how many there are.
    """
    room = max(LEAST_BYTES, BYTES_PER_RUN * runs) - spent
    kept: list[SharedImage] = []
    for image in images:
        room -= image.weight
        if room < 0:
            break
        kept.append(image)
    if len(kept) == len(images):
        return kept, []
    left = len(images) - len(kept)
    return kept, [
        f"{left} of {len(images)} images are left out, so that page, images and masks take at most "
        f"{BYTES_PER_RUN // 1000} KB a run: record fewer or smaller images."
    ]


def _add_masks(images: dict[str, SharedImage], folder: Path, run: Run) -> list[str]:
    reasons = []
    for mask in run.masks:
        try:
            ids = _class_ids(mask)
            image = images.get(mask.image) or _new_image(folder, mask, ids)
            if ids.shape != image.size:
                raise _UnusableMaskError(
                    f"has {_size(ids.shape)} pixels, but other runs have {_size(image.size)}"
                )
        except _UnusableMaskError as error:
            reasons.append(f"that of {mask.name} {error}")
            continue
        images[image.key] = image
        image.masks[run.key] = packed(ids)
        image.file_bytes += mask.path.stat().st_size
    return reasons


def _new_image(folder: Path, mask: Mask, ids: np.ndarray) -> SharedImage:
    image = SharedImage(mask.image, mask.name, (ids.shape[0], ids.shape[1]))
    picture = folder / f"{mask.image}.jpg"
    if picture.is_file():
        image.file = f"images/{picture.name}"
        image.file_bytes = picture.stat().st_size
    truth = folder / f"{mask.image}-truth.png"
    try:
        true = _decoded(truth.read_bytes()) if truth.is_file() else None
    except (OSError, _UnusableMaskError):
        true = None
    if true is not None and true.shape == ids.shape:
        image.truth = packed(true)
    return image


def _class_ids(mask: Mask) -> np.ndarray:
    try:
        content = mask.path.read_bytes()
    except OSError:
        raise _UnusableMaskError("is missing") from None
    if mask.digest is not None and hashlib.sha256(content).hexdigest() != mask.digest:
        raise _UnusableMaskError("is not the file that its record has the SHA-256 of")
    return _decoded(content)


def _decoded(content: bytes) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            if picture.mode != "L":
                raise _UnusableMaskError("is not a PNG with 8 bits of one channel")
            return np.array(picture)
    except _UnusableMaskError:
        raise
    except Exception:  # whatever Pillow finds wrong with a damaged file
        raise _UnusableMaskError("cannot be read as a PNG") from None


def _size(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape))
