"""Masks drawn from annotations: polygons and other shapes with Pillow, COCO with pycocotools."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from segnet_nb._shared.errors import MissingPackageError
from segnet_nb.datasets.layouts.text_files import read_json
from segnet_nb.datasets.mask_encoding import FolderError, RawMask

Point = tuple[float, float]


_MOST_PIXELS = 178_956_970  # of Pillow too
_FARTHEST = 1e6  # of a corner, in pixels
_INVALID = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, OSError, zlib.error)


class _InvalidShapeError(Exception):
    """Numbers that would take too much memory or time to draw."""


def check_size(height: Any, width: Any, where: str) -> tuple[int, int]:
    """The size of an image as an annotation file gives it.

    Raises:
        FolderError: if it is none, or impossible.
    """
    try:
        size = int(height), int(width)
    except (TypeError, ValueError, OverflowError):
        raise FolderError(f"{where} gives no height and width of its image. Add them.") from None
    if min(size) < 1 or size[0] * size[1] > _MOST_PIXELS:
        raise FolderError(
            f"{where} gives a height of {_short(height)} and a width of {_short(width)}, but images have 1 "
            f"to {_MOST_PIXELS:,} pixels. Correct it."
        )
    return size


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 20 else text[:20] + "..."


def _reason(error: Exception) -> str:
    text = repr(error)
    return text if len(text) <= 200 else text[:200] + "..."


@contextmanager
def _explained(fault: str, advice: str) -> Iterator[None]:
    """Turn what an invalid annotation raises while it is drawn into an error that says what to do."""
    try:
        yield
    except (*_INVALID, _InvalidShapeError, Image.DecompressionBombError) as error:
        if isinstance(error, FolderError):  # says it already
            raise
        raise FolderError(f"{fault}: {_reason(error)}. {advice}") from error


def _canvas(size: tuple[int, int]) -> Image.Image:
    return Image.new("I", (size[1], size[0]), 0)


def _check_points(*values: Any) -> None:
    """Drawing takes time in proportion to the distance of corners."""
    if not all(abs(float(value)) <= _FARTHEST for value in values):  # NaN is not
        raise _InvalidShapeError("a coordinate is too large, or no number")


def _raw(canvas: Image.Image) -> RawMask:
    return RawMask(np.asarray(canvas, np.int32))


def _polygon(canvas: Image.Image, points: Iterable[Sequence[float]], number: int) -> None:
    corners: list[Point] = [(float(point[0]), float(point[1])) for point in points]
    _check_points(*(value for point in corners for value in point))
    if len(corners) > 2:
        ImageDraw.Draw(canvas).polygon(corners, fill=number, outline=number)


def _paste(canvas: Image.Image, mask: np.ndarray, left: int, top: int, number: int) -> None:
    canvas.paste(number, (left, top), Image.fromarray(mask.astype(np.uint8) * 255))


@dataclass(frozen=True)
class LabelMeMask:
    """The mask of a JSON file of LabelMe, drawn as LabelMe draws it: later shapes over earlier ones.

    Attributes:
        path: the JSON file.
        numbers: number of each label; labels without one are not drawn.
    """

    path: Path
    numbers: dict[str, int] = field(repr=False)

    def draw(self) -> RawMask:
        """The numbers of the labels; 0 where there is no shape.

        Raises:
            FolderError: if the file is invalid.
        """
        content = read_json(self.path)
        with _explained(f"{self.path} is not a valid file of LabelMe", "Save it again."):
            canvas = _canvas(check_size(content["imageHeight"], content["imageWidth"], str(self.path)))
            for shape in content["shapes"]:
                if shape["label"] in self.numbers:
                    self._draw(canvas, shape, self.numbers[shape["label"]])
        return _raw(canvas)

    @staticmethod
    def _draw(canvas: Image.Image, shape: dict[str, Any], number: int) -> None:
        kind, points = shape.get("shape_type") or "polygon", shape["points"]
        pen = ImageDraw.Draw(canvas)
        if kind == "polygon":
            _polygon(canvas, points, number)
        elif kind == "rectangle":
            (left, right), (top, bottom) = (sorted(p[axis] for p in points[:2]) for axis in (0, 1))
            _check_points(left, right, top, bottom)
            pen.rectangle((left, top, right, bottom), fill=number, outline=number)
        elif kind == "circle":
            (x, y), (edge_x, edge_y) = points[:2]
            _check_points(x, y, edge_x, edge_y)
            radius = float(np.hypot(x - edge_x, y - edge_y))
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=number, outline=number)
        elif kind == "mask":
            with Image.open(io.BytesIO(base64.b64decode(shape["mask"]))) as picture:
                _paste(canvas, np.asarray(picture) > 0, int(points[0][0]), int(points[0][1]), number)

    def to_text(self, root: Path) -> str:
        """Where the annotations are, as ``dataset.json`` holds it."""
        return f"labelme:{_relative(self.path, root)}"


DRAWN_BY_LABELME = ("polygon", "rectangle", "circle", "mask")
"""Kinds of shapes of LabelMe that cover an area."""


@dataclass(frozen=True)
class SuperviselyMask:
    """The mask of an annotation file of Supervisely; later objects over earlier ones.

    Attributes:
        path: the JSON file.
        numbers: number of each class; classes without one are not drawn.
    """

    path: Path
    numbers: dict[str, int] = field(repr=False)

    def draw(self) -> RawMask:
        """The numbers of the classes; 0 where there is no object.

        Raises:
            FolderError: if the file is invalid.
        """
        content = read_json(self.path)
        with _explained(f"{self.path} is not a valid annotation of Supervisely", "Export it again."):
            size = content["size"]
            canvas = _canvas(check_size(size["height"], size["width"], str(self.path)))
            for item in content["objects"]:
                if item["classTitle"] in self.numbers:
                    self._draw(canvas, item, self.numbers[item["classTitle"]])
        return _raw(canvas)

    @staticmethod
    def _draw(canvas: Image.Image, item: dict[str, Any], number: int) -> None:
        kind = item["geometryType"]
        if kind == "bitmap":
            packed = zlib.decompressobj().decompress(base64.b64decode(item["bitmap"]["data"]), 1 << 28)
            with Image.open(io.BytesIO(packed)) as picture:
                bands = np.asarray(picture.convert("RGBA") if picture.mode in ("P", "PA") else picture)
            left, top = item["bitmap"]["origin"]
            _paste(canvas, (bands[..., -1] if bands.ndim == 3 else bands) > 0, int(left), int(top), number)
        elif kind in ("polygon", "rectangle"):
            outer, inner = item["points"]["exterior"], item["points"].get("interior", [])
            if kind == "rectangle":
                (left, right), (top, bottom) = (sorted(p[axis] for p in outer[:2]) for axis in (0, 1))
                outer = [(left, top), (right, top), (right, bottom), (left, bottom)]
            _check_points(*(value for ring in (outer, *inner) for point in ring for value in point))
            shape = Image.new("L", canvas.size, 0)
            ImageDraw.Draw(shape).polygon([(float(x), float(y)) for x, y in outer], fill=255, outline=255)
            for hole in inner:
                ImageDraw.Draw(shape).polygon([(float(x), float(y)) for x, y in hole], fill=0)
            canvas.paste(number, (0, 0), shape)

    def to_text(self, root: Path) -> str:
        """Where the annotations are, as ``dataset.json`` holds it."""
        return f"supervisely:{_relative(self.path, root)}"


@dataclass(frozen=True)
class CocoMask:
    """The mask of an image of COCO: small objects over large ones, as none may hide another.

    Attributes:
        path: the JSON file with the annotations of many images.
        image_id: which image.
        size: ``(height, width)`` of the image.
        areas: category number and segmentation of each annotation, the largest first.
    """

    path: Path
    image_id: int | str
    size: tuple[int, int]
    areas: tuple[tuple[int, Any], ...] = field(repr=False)

    def draw(self) -> RawMask:
        """The numbers of the categories; 0 where there is no annotation.

        Raises:
            FolderError: if a segmentation is invalid.
        """
        coder = coco_coder()
        height, width = self.size
        values = np.zeros(self.size, np.int32)
        for number, segmentation in self.areas:
            try:
                _check_segmentation(segmentation, height, width)
                packed = (
                    coder.frPyObjects(segmentation, height, width)
                    if _is_plain(segmentation)
                    else segmentation
                )
                packed = coder.merge(packed) if isinstance(packed, list) else packed
                values[coder.decode(packed) > 0] = number
            except Exception as error:
                raise FolderError(
                    f"{self.path} has an invalid segmentation for the image {self.image_id}: "
                    f"{_reason(error)}. Correct it."
                ) from error
        return RawMask(values)

    def to_text(self, root: Path) -> str:
        """Where the annotations are, as ``dataset.json`` holds it."""
        return f"coco:{_relative(self.path, root)}#{self.image_id}"


def _is_plain(segmentation: Any) -> bool:
    """Whether a segmentation is a list of polygons or counts that are not compressed."""
    return isinstance(segmentation, list) or not isinstance(segmentation["counts"], str | bytes)


def _check_segmentation(segmentation: Any, height: int, width: int) -> None:
    """Raise for numbers at which pycocotools would write outside of its memory, or take too much of it."""
    if isinstance(segmentation, list):
        _check_points(*(value for polygon in segmentation for value in polygon))
        return
    if list(segmentation["size"]) != [height, width]:
        raise _InvalidShapeError(
            f"its size is {_short(segmentation['size'])}, its image's is {height}, {width}"
        )
    counts = segmentation["counts"]
    counts = list(_unpacked(counts)) if isinstance(counts, str) else [int(each) for each in counts]
    if min(counts, default=0) < 0 or sum(counts) != height * width:
        raise _InvalidShapeError("its counts are not those of its pixels")


def _unpacked(text: str) -> list[int]:
    """Counts as COCO packs them: five bits a character, differences from the second last one."""
    counts: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64:
            raise _InvalidShapeError("its counts have a character that means nothing")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts


def coco_coder() -> Any:
    """The functions of ``pycocotools.mask``.

    Raises:
        ModuleNotFoundError: if pycocotools is not installed.
    """
    try:
        from pycocotools import mask
    except ModuleNotFoundError as error:
        raise MissingPackageError("COCO annotations need pycocotools: pip install pycocotools") from error
    return mask


def _relative(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
