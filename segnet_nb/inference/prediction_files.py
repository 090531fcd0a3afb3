"""From image files to files of masks, overlays, polygons and numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.image_listing import image_files, list_images
from segnet_nb.inference.prediction_record import SUMMARY, PredictionRecord
from segnet_nb.inference.prediction_settings import check_options, settings_of
from segnet_nb.inference.prediction_work import Work

if TYPE_CHECKING:
    import keras

__all__ = ["SUMMARY", "image_files", "predict_files"]


def predict_files(
    model: keras.Model,
    paths: Sequence[str | Path],
    output_dir: str | Path,
    classes: ClassList,
    *,
    image_size: tuple[int, int] | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    tile: int | None = None,
    polygons: str | None = None,
    max_megapixels: float | None = None,
    redo: bool = False,
    values: np.ndarray | None = None,
    strict: bool = False,
    progress: Callable[[int, int], None] | None = None,
    on_failure: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Segment image files.

    For each image ``NAME`` writes ``NAME-mask.png``, a palette PNG of class ids, and ``NAME-overlay.png``,
    the image with the colours of the classes on top; for all, ``predictions.json`` with the classes and, per
    image, its size, the share of each class and the mean probability of the predicted classes. Subfolders are
    read too, and mirrored in the output folder.

    Each file is written whole, as soon as its image is done, and none that something else has written is
    overwritten. An image that cannot be read is listed, and the others are done. What was done before with
    the same weights and options is skipped. Images are rotated as their EXIF data says; grayscale images are
    accepted, and transparency is ignored. Memory: about 12 bytes per pixel of an image and what the network
    needs for a tile.

    Args:
        model: a network of this package.
        paths: image files, or folders of them.
        output_dir: folder to write to, created if needed.
        classes: the classes of the network.
        image_size: ``(height, width)`` in pixels to run inference at; masks are upsampled to the size of the
            image. None: no resizing.
        flip: average with the prediction of the mirrored image.
        scales: average predictions at these multiples of the size.
        tile: pixels from one tile of a large image to the next; 0: no tiles; None: 1,024 for images above 2.1
            megapixels.
        polygons: ``"coco"`` writes ``predictions-coco.json`` too, ``"labelme"`` a ``NAME.json`` per image.
        max_megapixels: the largest image to read, in millions of pixels; None: 179, Pillow's limit.
        redo: segment again what is done already.
        values: the value to write to masks for each class id, uint8; None: the ids.
        strict: refuse images that are not 8-bit RGB, such as greyscale, instead of converting them.
        progress: called with the number of finished images and of all images.
        on_failure: called with the message when an image cannot be segmented.

    Returns:
        The content of ``predictions.json``: ``images`` are those of this call, of which ``skipped`` were done
        before; ``failed`` are those that could not be segmented, with the reason; ``left_out`` says what else
        was found; ``other_images`` are those of earlier calls.

    Raises:
        FileNotFoundError: if a path does not exist.
        ValueError: before anything is written, if an option is impossible, the classes do not fit the network
            or a file of something else would be overwritten; or if the only image cannot be segmented.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> from segnet_nb.datasets import CAMVID
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> with tempfile.TemporaryDirectory() as place:
        ...     Image.new("RGB", (24, 16)).save(Path(place) / "street.png")
        ...     found = predict_files(model, [place], Path(place) / "out", CAMVID)
        >>> found["images"][0]["mask"], found["images"][0]["size"]
        ('street-mask.png', [16, 24])
    """
    check_options(model, classes, image_size, scales, tile, polygons, max_megapixels)
    options = {"image_size": image_size, "flip": flip, "scales": scales, "tile": tile}
    settings = settings_of(model, classes, **options, labelme=polygons == "labelme", values=values)
    listing = list_images(paths, output_dir)
    work = Work(
        model,
        classes,
        options,
        settings,
        polygons,
        max_megapixels,
        strict,
        values,
        PredictionRecord(output_dir),
    )
    left = [source for source in listing.sources if redo or not work.is_done(source)]
    work.check_targets(listing.sources, left)
    work.record.folder.mkdir(parents=True, exist_ok=True)
    failed = [{"image": str(path), "error": f"{path}: {reason}."} for path, reason in listing.unreadable]
    with work.kept_if_stopped():
        for done, source in enumerate(left, start=len(listing.sources) - len(left)):
            if progress:
                progress(done, len(listing.sources))
            if (message := work.segment(source, alone=len(listing.sources) == 1)) is not None:
                failed.append({"image": str(source.path), "error": message})
                if on_failure:
                    on_failure(message)
        summary = work.summary(listing, failed, skipped=len(listing.sources) - len(left))
    if progress:
        progress(len(listing.sources), len(listing.sources))
    return summary
