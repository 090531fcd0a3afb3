"""What ``predict`` does with each image, and the summary of all."""

from __future__ import annotations

import errno
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb._shared.errors import OutOfMemoryError, UserError
from segnet_nb._shared.memory import is_out_of_memory
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference import polygon_files, prediction_images
from segnet_nb.inference.image_listing import Listing, Source
from segnet_nb.inference.label_maps import LabelMap, predict_labels
from segnet_nb.inference.prediction_record import JOURNAL, SUMMARY, Entry, PredictionRecord, not_ours
from segnet_nb.inference.prediction_settings import identity_of

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Segmenter:
    """What segmenting an image needs, wherever it runs; see ``predict_files``.

    Attributes:
        model: the network.
        classes: its classes.
        options: of ``predict_labels``.
        settings: what decides the results, from ``settings_of``.
        polygons: the format of polygons; None: none.
        max_megapixels: the largest image to read.
        strict: whether to refuse images that would be converted.
        values: the value to write to masks for each class id.
        folder: the output folder.
    """

    model: keras.Model
    classes: ClassList
    options: dict[str, Any]
    settings: dict[str, Any]
    polygons: str | None
    max_megapixels: float | None
    strict: bool
    values: np.ndarray | None
    folder: Path

    def names(self, source: Source) -> list[str]:
        """The names of the files of an image: mask, overlay and, for LabelMe, polygons."""
        endings = ["-mask.png", "-overlay.png", *([".json"] if self.polygons == "labelme" else [])]
        return [source.stem + ending for ending in endings]

    def segment(self, source: Source, copy: Path | None = None) -> tuple[dict[str, bytes], Entry]:
        """The files of an image by name, and what the summary says of it; nothing is written.

        Args:
            source: the image.
            copy: where to read it; None: at its path.

        Raises:
            ValueError: if it cannot be read or does not fit into memory.
        """
        path = source.path
        try:
            image = prediction_images.read(copy or path, self.max_megapixels, strict=self.strict)
            identity = identity_of(path)
        except OSError as error:
            raise unreadable(path, error) from error
        try:
            found = predict_labels(self.model, image, **self.options)
            contents = self._contents(source, image, found.ids)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise _too_large(path, image) from error
        return contents, self._entry(source, found) | {"source": identity}

    def _contents(self, source: Source, image: np.ndarray, ids: np.ndarray) -> dict[str, bytes]:
        made = [
            prediction_images.mask_png(ids, self.classes, self.values),
            prediction_images.overlay_png(image, ids, self.classes),
        ]
        names = self.names(source)
        if self.polygons == "labelme":
            place = (self.folder / names[2]).parent
            found = polygon_files.labelme(ids, self.classes, source.path, place)
            made.append(json.dumps(found, indent=1).encode())
        return dict(zip(names, made, strict=True))

    def _entry(self, source: Source, found: LabelMap) -> Entry:
        shares = np.bincount(found.ids.ravel(), minlength=self.classes.num_classes) / found.ids.size
        mask, shown = self.names(source)[:2]
        return {
            "image": str(source.path),
            "file_name": source.relative,
            "mask": mask,
            "overlay": shown,
            "size": list(found.ids.shape),
            "mean_probability": round(found.mean_probability, 4),
            "shares": {
                name: round(float(share), 5) for name, share in zip(self.classes.names, shares, strict=False)
            },
            "settings": self.settings["id"],
        }


@dataclass(frozen=True)
class Work:
    """The images of a call, and the record of what was written."""

    segmenter: Segmenter
    record: PredictionRecord

    def is_done(self, source: Source) -> bool:
        """Whether an image was segmented before with the same weights and options."""
        return self.record.is_done(source.stem, self.segmenter.settings["id"], identity_of(source.path))

    def check_targets(self, sources: Sequence[Source], left: Sequence[Source]) -> None:
        """Raise if two files to write have one name, or one exists and is not by ``predict``."""
        coco = [polygon_files.COCO_NAME] if self.segmenter.polygons == "coco" else []
        common, named = [SUMMARY, JOURNAL, *coco], self.segmenter.names
        names = Counter([*common, *(name for source in sources for name in named(source))])
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            owners = [str(source.path) for source in sources if twice[0] in named(source)]
            raise UserError(
                f"{twice[0]} would be written twice, for {' and '.join(owners)}. Rename one image."
            )
        for name in (*coco, *(name for source in left for name in named(source))):
            if not self.record.may_write(name):
                raise not_ours(self.record.folder / name)

    def one_by_one(self, sources: Sequence[Source]) -> Iterator[tuple[Source, UserError | None]]:
        """Segment images and write their files; each image, and why that is impossible."""
        for source in sources:
            try:
                self.write(source, *self.segmenter.segment(source))
            except UserError as error:
                yield source, error
            else:
                yield source, None

    def write(self, source: Source, contents: dict[str, bytes], entry: Entry) -> None:
        """Write the files of an image.

        Raises:
            ValueError: if one exists and is not by ``predict``, or a name is too long.
            OSError: if that fails otherwise.
        """
        try:
            self.record.write(source.stem, contents, entry)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise UserError(
                f"{source.path}: the names of its results are too long. Shorten its name."
            ) from error

    def summary(self, listing: Listing, failed: list[dict[str, str]], skipped: int) -> dict[str, Any]:
        """Write the summary, and the polygons of all images; what the summary contains."""
        bad, entries = {each["image"] for each in failed}, self.record.entries
        images = [entries[each.stem] for each in listing.sources if str(each.path) not in bad]
        stems = {each.stem for each in listing.sources}
        files: dict[str, str] = {}
        if self.segmenter.polygons == "coco":
            parts = polygon_files.coco(images, self.segmenter.classes, self._read_ids)
            files = self.record.write_parts(polygon_files.COCO_NAME, parts)
        found = {
            "classes": self.segmenter.classes.to_dict(),
            "settings": self.segmenter.settings,
            "images": images,
            "skipped": skipped,
            "failed": failed,
            "left_out": listing.left_out(),
            "other_images": [entry for stem, entry in entries.items() if stem not in stems],
            "files": files,
        }
        self.record.finish(found)
        return found

    def _read_ids(self, entry: Entry) -> np.ndarray:
        return prediction_images.read_mask(self.record.folder / entry["mask"], self.segmenter.values)

    @contextmanager
    def kept_if_stopped(self) -> Iterator[None]:
        """Keep the journal after an error, unless it has no image."""
        try:
            yield
        except BaseException:
            self.record.abandon()
            raise


def unreadable(path: Path, error: OSError) -> UserError:
    """The error for an image file that the system cannot read."""
    return UserError(f"{path} cannot be read: {error.strerror or error}.")


def _too_large(path: Path, image: np.ndarray) -> OutOfMemoryError:
    height, width = image.shape[:2]
    return OutOfMemoryError(
        f"not enough memory to segment {path} of {height} x {width} pixels. Pass smaller tiles, such as "
        "--tile 256 (tile=256), or --image-size."
    )
