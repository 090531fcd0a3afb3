"""From image files to files of masks, overlays, polygons and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.image_listing import Listing, Source, image_files, list_images
from segnet_nb.inference.prediction_record import SUMMARY, PredictionRecord
from segnet_nb.inference.prediction_settings import check_options, settings_of
from segnet_nb.inference.prediction_work import Segmenter, Work

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
    work = work_for(
        *(model, classes, output_dir),
        options={"image_size": image_size, "flip": flip, "scales": scales, "tile": tile},
        polygons=polygons,
        max_megapixels=max_megapixels,
        values=values,
        strict=strict,
    )
    listing = list_images(paths, output_dir)
    return carry_out(work, listing, work.one_by_one, redo=redo, progress=progress, on_failure=on_failure)


def work_for(
    model: keras.Model,
    classes: ClassList,
    output_dir: str | Path,
    *,
    options: dict[str, Any],
    polygons: str | None,
    max_megapixels: float | None,
    values: np.ndarray | None,
    strict: bool,
) -> Work:
    """What ``predict_files`` does with each image.

    Raises:
        ValueError: see there.
    """
    check_options(
        *(model, classes, options["image_size"], options["scales"], options["tile"], polygons, max_megapixels)
    )
    settings = settings_of(model, classes, **options, labelme=polygons == "labelme", values=values)
    record = PredictionRecord(output_dir)
    segmenter = Segmenter(
        *(model, classes, options, settings, polygons, max_megapixels, strict, values, record.folder)
    )
    return Work(segmenter, record)


Results = Iterator[tuple[Source, UserError | None]]


def carry_out(
    work: Work,
    listing: Listing,
    segmented: Callable[[Sequence[Source]], Results],
    *,
    redo: bool,
    progress: Callable[[int, int], None] | None,
    on_failure: Callable[[str], None] | None,
) -> dict[str, Any]:
    """Segment what is not done, and write the summary; see ``predict_files``.

    Args:
        work: what is done with each image.
        listing: all images.
        segmented: segments images and writes their files, in any order; each image, and why it failed.
        redo: segment again what is done already.
        progress: called with the number of finished images and of all images.
        on_failure: called with the message when an image cannot be segmented.
    """
    sources = listing.sources
    left = [source for source in sources if redo or not work.is_done(source)]
    work.check_targets(sources, left)
    work.record.folder.mkdir(parents=True, exist_ok=True)
    done, errors = len(sources) - len(left), dict[str, str]()
    with work.kept_if_stopped():
        if progress and left:
            progress(done, len(sources))
        for source, error in segmented(left):
            done += 1
            if error is not None:
                if len(sources) == 1:
                    raise error
                errors[source.stem] = str(error)
                if on_failure:
                    on_failure(str(error))
            if progress and done < len(sources):
                progress(done, len(sources))
        failed = [{"image": str(path), "error": f"{path}: {reason}."} for path, reason in listing.unreadable]
        failed += [
            {"image": str(each.path), "error": errors[each.stem]} for each in sources if each.stem in errors
        ]
        summary = work.summary(listing, failed, skipped=len(sources) - len(left))
    if progress:
        progress(len(sources), len(sources))
    return summary
