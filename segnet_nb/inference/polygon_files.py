"""Predictions as files of labelling tools: COCO JSON for all images, LabelMe JSON for each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.polygons import Polygon, mask_polygons

FORMATS = ("coco", "labelme")
COCO_NAME = "predictions-coco.json"
_DECIMALS = 2


def check_format(name: str | None) -> None:
    """Raise unless a format of polygons is known, or None.

    Raises:
        ValueError: if it is not.

    Example:
        >>> check_format("coco")
    """
    if name is not None and name not in FORMATS:
        raise UserError(f"polygons must be one of {', '.join(FORMATS)}, but got {name!r}.")


def labelme(ids: np.ndarray, classes: ClassList, image: Path, folder: Path) -> dict[str, Any]:
    """The content of a LabelMe file: one shape per region, in the order of the classes.

    Args:
        ids: class ids, shape ``(height, width)``.
        classes: names of the ids.
        image: path of the image.
        folder: where the file will be, which the path of the image is written relative to.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> found = labelme(np.full((2, 3), 3), CAMVID, Path("in/a.png"), Path("out"))
        >>> found["imagePath"], found["shapes"][0]["label"]
        ('../in/a.png', 'Road')
    """
    shapes = [
        {
            "label": classes.names[polygon.class_id],
            "points": _rounded(polygon).tolist(),
            "group_id": None,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
        }
        for polygon in mask_polygons(ids, classes.num_classes)
    ]
    return {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": _relative(image, folder),
        "imageData": None,
        "imageHeight": ids.shape[0],
        "imageWidth": ids.shape[1],
    }


def coco(
    images: Sequence[dict[str, Any]], classes: ClassList, read_ids: Callable[[dict[str, Any]], np.ndarray]
) -> Iterator[str]:
    """The text of a COCO file, in parts: one annotation per region; categories count from 1.

    Args:
        images: entries with ``file_name`` and ``size``.
        classes: names of the ids.
        read_ids: the class ids of an entry, shape ``(height, width)``.

    Yields:
        Parts of the file.
    """
    listed = [
        {"id": number, "file_name": entry["file_name"], "height": entry["size"][0], "width": entry["size"][1]}
        for number, entry in enumerate(images, start=1)
    ]
    categories = [{"id": number, "name": name} for number, name in enumerate(classes.names, start=1)]
    yield f'{{"images": {json.dumps(listed)},\n"categories": {json.dumps(categories)},\n"annotations": ['
    number = 0
    for image_id, entry in enumerate(images, start=1):
        for polygon in mask_polygons(read_ids(entry), classes.num_classes):
            number += 1
            found = {"id": number, "image_id": image_id} | _annotation(polygon)
            yield ("," if number > 1 else "") + "\n" + json.dumps(found)
    yield "\n]}\n"


def _annotation(polygon: Polygon) -> dict[str, Any]:
    points = _rounded(polygon)
    (left, top), (right, bottom) = points.min(0).tolist(), points.max(0).tolist()
    return {
        "category_id": polygon.class_id + 1,
        "segmentation": [points.ravel().tolist()],
        "area": round(polygon.area, _DECIMALS),
        "bbox": [left, top, round(right - left, _DECIMALS), round(bottom - top, _DECIMALS)],
        "iscrowd": 0,
    }


def _rounded(polygon: Polygon) -> np.ndarray:
    return polygon.points.round(_DECIMALS)


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive
        return path.absolute().as_posix()
