"""From image files to files of masks, overlays and numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb._shared.files import write_whole
from segnet_nb.datasets import folder
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.colors import overlay
from segnet_nb.datasets.resizing import resize_image
from segnet_nb.inference.prediction import check_scales, predict_probabilities

if TYPE_CHECKING:
    import keras

SUMMARY = "predictions.json"


def image_files(paths: Sequence[str | Path]) -> list[Path]:
    """All image files of some paths; a folder stands for its image files, sorted by name.

    Raises:
        FileNotFoundError: if a path does not exist, or a folder has no images.
        ValueError: if two files share a name, since their masks would too, or there is no path.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix.lower() in folder.IMAGE_SUFFIXES)
            if not inside:
                raise MissingFileError(f"there are no images in {path}. Pass image files, or their folder.")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise MissingFileError(f"there is no image at {path}. Pass image files, or a folder of them.")
    if not found:
        raise UserError("got no images. Pass image files, or a folder of them.")
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
    strict: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Segment image files.

    For each image ``NAME`` writes ``NAME-mask.png``, a palette PNG of class ids, and ``NAME-overlay.png``,
    the image with the colours of the classes on top; for all, ``predictions.json`` with the classes and, per
    image, its size, the share of each class and the mean probability of the predicted classes. Each file is
    written whole or not at all. Images are rotated as their EXIF data says; grayscale images are accepted,
    and transparency is ignored.

    Args:
        model: a network of this package.
        paths: image files, or folders of them.
        output_dir: folder to write to, created if needed.
        classes: the classes of the network.
        image_size: ``(height, width)`` in pixels to run inference at; masks are upsampled to the size of the
            image. None: no resizing.
        flip: average with the prediction of the mirrored image.
        scales: average predictions at these multiples of the size.
        strict: refuse images that are not 8-bit RGB, such as greyscale, instead of converting them.
        progress: called with the number of finished images and of all images.

    Returns:
        The content of ``predictions.json``.

    Raises:
        FileNotFoundError: if a path does not exist.
        ValueError: if a file cannot be read, two share a name, or the classes do not fit the network; the
            message has the path. Files already written stay.

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
            f"the network has {count} classes, but got {classes.num_classes} names. Pass the network's own."
        )
    check_scales(model, scales)
    files, output_dir = image_files(paths), Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    entries = []
    for done, path in enumerate(files):
        if progress:
            progress(done, len(files))
        image = folder.read_image(path, strict=strict)
        resized = image if image_size is None else resize_image(image, image_size)
        probabilities = predict_probabilities(model, resized, flip=flip, scales=scales)[0]
        if resized.shape != image.shape:
            probabilities = _upsampled(probabilities, image.shape[0], image.shape[1])
        entries.append(_write_image(path, image, probabilities, output_dir, classes))
    if progress:
        progress(len(files), len(files))
    found = {"classes": classes.to_dict(), "images": entries}
    write_whole(output_dir / SUMMARY, json.dumps(found, indent=1) + "\n")
    return found


def _write_image(
    path: Path, image: np.ndarray, probabilities: np.ndarray, output_dir: Path, classes: ClassList
) -> dict[str, Any]:
    """Write mask and overlay of an image; its entry in the summary."""
    labels = probabilities.argmax(-1).astype(np.uint8)
    mask, shown = output_dir / f"{path.stem}-mask.png", output_dir / f"{path.stem}-overlay.png"
    indexed = Image.fromarray(labels)
    indexed.putpalette(classes.palette.ravel().tolist())
    write_whole(mask, _png(indexed))
    write_whole(shown, _png(Image.fromarray(overlay(image, labels, classes))))
    shares = np.bincount(labels.ravel(), minlength=classes.num_classes) / labels.size
    return {
        "image": str(path),
        "mask": mask.name,
        "overlay": shown.name,
        "size": list(labels.shape),
        "mean_probability": round(float(probabilities.max(-1).mean()), 4),
        "shares": {name: round(float(share), 5) for name, share in zip(classes.names, shares, strict=True)},
    }


def _upsampled(probabilities: np.ndarray, height: int, width: int) -> np.ndarray:
    """Probabilities at the size of the image, one class after the other."""
    planes = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))
        for plane in np.moveaxis(probabilities, -1, 0)
    ]
    return np.stack(planes, -1)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
