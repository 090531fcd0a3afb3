"""The options of ``predict``: checks, and what tells whether an image was segmented with the same ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference import polygon_files
from segnet_nb.inference.prediction import check_scales
from segnet_nb.inference.tiles import check_tile

if TYPE_CHECKING:
    import keras


def check_options(
    model: keras.Model,
    classes: ClassList,
    image_size: tuple[int, int] | None,
    scales: Sequence[float],
    tile: int | None,
    polygons: str | None,
    max_megapixels: float | None,
) -> None:
    """Raise for what no image could be segmented with."""
    count, fixed = int(model.output_shape[-1]), tuple(model.input_shape[1:3])
    if count != classes.num_classes:
        raise UserError(
            f"the network has {count} classes, but got {classes.num_classes} names. Pass the network's own."
        )
    if count > 256:
        raise UserError(f"a mask is a PNG of at most 256 classes, but the network has {count}.")
    if None not in fixed and image_size != fixed:
        height, width = fixed
        raise UserError(
            f"the network accepts images of {height} x {width} pixels only. Pass --image-size "
            f"{height}x{width} (image_size=({height}, {width}))."
        )
    check_scales(model, scales)
    check_tile(tile)
    polygon_files.check_format(polygons)
    if max_megapixels is not None and not max_megapixels > 0:
        raise UserError(f"max_megapixels must be above 0, but got {max_megapixels}.")


def settings_of(model: keras.Model, classes: ClassList, **options: Any) -> dict[str, Any]:
    """What decides the results: the weights, the classes and the options, and an identifier of all."""
    digest = hashlib.sha256()
    for value in model.get_weights():
        digest.update(repr((value.shape, value.dtype.name)).encode())
        digest.update(np.ascontiguousarray(value).data)
    values = options.pop("values")
    found = {
        "network": model.name,
        "weights_sha256": digest.hexdigest(),
        **options,
        "values": None if values is None else values.tolist(),
    }
    found = json.loads(json.dumps(found))
    text = json.dumps([found, classes.to_dict()], sort_keys=True)
    return {"id": hashlib.sha256(text.encode()).hexdigest()[:16], **found}


def backend_name() -> str:
    """The backend that Keras computes with, such as ``"tensorflow"``."""
    from segnet_nb._shared.framework import keras

    return keras.config.backend()


def identity_of(path: Path) -> dict[str, int]:
    """What changes when an image is replaced by another one; empty if it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return {}
    return {"bytes": found.st_size, "modified_ns": found.st_mtime_ns}
