"""What the images of a dataset are: from their headers, and a thumbnail of each for comparison."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from segnet_nb.datasets.image_files import conversion, open_image
from segnet_nb.datasets.layouts.survey import orientation, size_of
from segnet_nb.datasets.mask_encoding import FolderError

THUMBNAIL = 8
_DRAFT = (16 * THUMBNAIL, 16 * THUMBNAIL)


@dataclass
class FoundImage:
    """What one image is.

    Attributes:
        size: ``(height, width)`` after turning.
        kind: what it is, such as ``"greyscale"``.
        format: the format of its content.
        converted: whether it is converted to 8-bit RGB.
        turned: whether EXIF data turns it.
        misnamed: whether its ending is that of another format.
        thumbnail: uint8 grey ``(8, 8)``; None if it was not asked for.
    """

    size: tuple[int, int] = (0, 0)
    kind: str = "RGB"
    format: str = ""
    converted: bool = False
    turned: bool = False
    misnamed: bool = False
    thumbnail: np.ndarray | None = None
    fault: FolderError | None = None


@dataclass
class ImageSurvey:
    """What the images of a dataset are.

    Attributes:
        kinds: number of files of each kind, such as ``"RGB, JPEG"``.
        sizes: number of files of each ``(height, width)``, after turning.
        converted: number of files of each kind that is converted to 8-bit RGB.
        first_converted: one of those files.
        turned: number of images that are turned by EXIF data.
        misnamed: number of files whose content is of another format than their ending says, and one of them.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    converted: Counter[str] = field(default_factory=Counter)
    first_converted: str = ""
    turned: int = 0
    misnamed: tuple[int, str] = (0, "")

    def add(self, found: FoundImage, path: Path) -> None:
        """Add what one image is."""
        if found.fault is not None:
            return
        self.kinds[f"{found.kind}, {found.format}"] += 1
        self.sizes[found.size] += 1
        self.turned += found.turned
        if found.converted:
            self.converted[found.kind] += 1
            self.first_converted = self.first_converted or str(path)
        if found.misnamed:
            self.misnamed = self.misnamed[0] + 1, self.misnamed[1] or f"{path.name} is {found.format}"


def look_at_image(path: Path, *, thumbnail: bool) -> FoundImage:
    """What an image is; a fault is returned, not raised.

    Args:
        path: path of the file.
        thumbnail: whether to decode it for a thumbnail, else its header alone is read.
    """
    try:
        found = open_image(path, lambda picture: _look(picture, path, thumbnail))
        assert isinstance(found, FoundImage)
        return found
    except FolderError as error:
        return FoundImage(fault=error)
    except OSError as error:
        return FoundImage(fault=FolderError(f"{path}: {error.strerror}."))


def _look(picture: Image.Image, path: Path, thumbnail: bool) -> FoundImage:
    other = conversion(picture)
    known = Image.registered_extensions().get(path.suffix.lower(), picture.format)
    found = FoundImage(
        size_of(picture),
        other or "RGB",
        picture.format or "",
        bool(other),
        orientation(picture) in range(2, 9),
        known != picture.format and {known, picture.format} not in ({"JPEG", "MPO"}, {"BMP", "DIB"}),
    )
    if thumbnail:
        found.thumbnail = _thumbnail(picture)
    return found


def _thumbnail(picture: Image.Image) -> np.ndarray:
    picture.draft("L", _DRAFT)  # a JPEG is then decoded at an eighth of its size
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, np.float32)
        scaled = values * (255 / max(float(values.max()), 1e-6))
        picture = Image.fromarray(np.clip(np.nan_to_num(scaled), 0, 255).astype(np.uint8))
    factor = max(1, min(picture.size) // (8 * THUMBNAIL))
    small = picture.convert("L").reduce(factor)
    return np.asarray(small.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))
