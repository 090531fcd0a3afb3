"""From picture files to files of masks, overlays and numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.datasets import folder
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.colors import overlay
from segnet_nb.datasets.resizing import resize_image
from segnet_nb.inference.prediction import check_scales, predict_probabilities

if TYPE_CHECKING:
    import keras

SUMMARY = "predictions.json"


def pictures(paths: Sequence[str | Path]) -> list[Path]:
    """The picture files that are meant; a folder stands for those in it, in the order of their names.

    Raises:
        FileNotFoundError: if a path is not there, or a folder has no pictures.
        ValueError: if two share a name, so that their masks would, or no path came.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix.lower() in folder.IMAGE_SUFFIXES)
            if not inside:
                raise MissingFileError(f"there are no pictures in {path}. Pass image files, or their folder.")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise MissingFileError(f"there is no picture at {path}. Pass image files, or a folder of them.")
    if not found:
        raise UserError("no pictures came. Pass image files, or a folder of them.")
    seen: dict[str, Path] = {}
    for path in found:
        if path.stem in seen:
            raise UserError(f"{seen[path.stem]} and {path} share a name, so their masks would. Rename one.")
        seen[path.stem] = path
    return found


def predict_files(
    model: keras.Model,
    paths: Sequence[str | Path],
    output_dir: str | Path,
    classes: ClassList,
    *,
    image_size: tuple[int, int] | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Segment picture files.

    For each picture ``NAME`` writes ``NAME-mask.png``, a palette PNG of class ids, and ``NAME-overlay.png``,
    the picture under the colours; for all, ``predictions.json`` with the classes and, per picture, its size,
    the share of each class and the mean probability of the chosen classes. Each file is written whole or
    not at all; pictures are turned as their EXIF says, grey ones taken too, and transparency is left out.

    Args:
        model: a network of this package.
        paths: picture files, or folders of them.
        output_dir: where to write, made if need be.
        classes: what the network tells apart.
        image_size: ``(height, width)`` to look at pictures at; masks are enlarged to the pictures' again.
            None: as they are.
        flip: average with the prediction of the mirrored picture.
        scales: predict at these shares of the size, and average.
        progress: called with how many are done and how many there are.

    Returns:
        What ``predictions.json`` holds.

    Raises:
        FileNotFoundError: if a path is not there.
        ValueError: if a file cannot be read, two share a name, or classes and network do not fit; a file is
            named by its path. What was written before stays.

    Example:
        >>> import tempfile
        >>> from segnet_nb.datasets import CAMVID
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> with tempfile.TemporaryDirectory() as place:
        ...     Image.new("RGB", (24, 16)).save(Path(place) / "street.png")
        ...     found = predict_files(model, [place], Path(place) / "out", CAMVID)
        >>> found["images"][0]["mask"], found["images"][0]["size"]
        ('street-mask.png', [16, 24])
    """
    count = int(model.output_shape[-1])
    if count != classes.num_classes:
        raise UserError(
            f"the network tells {count} classes apart, but {classes.num_classes} names came. Pass its own."
        )
    check_scales(model, scales)
    files, output_dir = pictures(paths), Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    entries = []
    for done, path in enumerate(files):
        if progress:
            progress(done, len(files))
        image = folder.read_image(path, convert=True)
        seen = image if image_size is None else resize_image(image, image_size)
        probabilities = predict_probabilities(model, seen, flip=flip, scales=scales)[0]
        if seen.shape != image.shape:
            probabilities = _enlarged(probabilities, image.shape[:2])
        labels = probabilities.argmax(-1).astype(np.uint8)
        mask, shown = output_dir / f"{path.stem}-mask.png", output_dir / f"{path.stem}-overlay.png"
        picture = Image.fromarray(labels)
        picture.putpalette(classes.palette.ravel().tolist())
        _write(mask, _png(picture))
        _write(shown, _png(Image.fromarray(overlay(image, labels, classes))))
        shares = np.bincount(labels.ravel(), minlength=count) / labels.size
        entries.append(
            {
                "image": str(path),
                "mask": mask.name,
                "overlay": shown.name,
                "size": list(labels.shape),
                "mean_probability": round(float(probabilities.max(-1).mean()), 4),
                "shares": {
                    name: round(float(share), 5) for name, share in zip(classes.names, shares, strict=True)
                },
            }
        )
    if progress:
        progress(len(files), len(files))
    found = {"classes": classes.to_dict(), "images": entries}
    _write(output_dir / SUMMARY, (json.dumps(found, indent=1) + "\n").encode())
    return found


def _enlarged(probabilities: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Probabilities at the size of the picture, one class after the other."""
    planes = [
        np.asarray(Image.fromarray(plane).resize(size[::-1], Image.Resampling.BILINEAR))
        for plane in np.moveaxis(probabilities, -1, 0)
    ]
    return np.stack(planes, -1)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
