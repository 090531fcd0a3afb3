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
class Work:
    """What segmenting an image needs; see ``predict_files``."""

    model: keras.Model
    classes: ClassList
    options: dict[str, Any]
    settings: dict[str, Any]
    polygons: str | None
    max_megapixels: float | None
    strict: bool
    values: np.ndarray | None
    record: PredictionRecord

    def is_done(self, source: Source) -> bool:
        """Whether an image was segmented before with the same weights and options."""
        return self.record.is_done(source.stem, self.settings["id"], identity_of(source.path))

    def _names(self, source: Source) -> list[str]:
        endings = ["-mask.png", "-overlay.png", *([".json"] if self.polygons == "labelme" else [])]
        return [source.stem + ending for ending in endings]

    def check_targets(self, sources: Sequence[Source], left: Sequence[Source]) -> None:
        """Raise if two files to write have one name, or one exists and is not by ``predict``."""
        common = [SUMMARY, JOURNAL, *([polygon_files.COCO_NAME] if self.polygons == "coco" else [])]
        names = Counter([*common, *(name for source in sources for name in self._names(source))])
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            owners = [str(source.path) for source in sources if twice[0] in self._names(source)]
            raise UserError(
                f"{twice[0]} would be written twice, for {' and '.join(owners)}. Rename one image."
            )
        for name in (*common[2:], *(name for source in left for name in self._names(source))):
            if not self.record.may_write(name):
                raise not_ours(self.record.folder / name)

    def segment(self, source: Source, *, alone: bool) -> str | None:
        """Segment an image and write its files; the reason if that is impossible.

        Raises:
            ValueError: in place of the reason, if there is no other image.
        """
        try:
            self._segment(source)
        except UserError as error:
            if alone:
                raise
            return str(error)
        return None

    def _segment(self, source: Source) -> None:
        path = source.path
        try:
            image = prediction_images.read(path, self.max_megapixels, strict=self.strict)
            identity = identity_of(path)
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
        try:
            found = predict_labels(self.model, image, **self.options)
            contents = self._contents(source, image, found.ids)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise _too_large(path, image) from error
        try:
            self.record.write(source.stem, contents, self._entry(source, found) | {"source": identity})
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise UserError(f"{path}: the names of its results are too long. Shorten its name.") from error

    def _contents(self, source: Source, image: np.ndarray, ids: np.ndarray) -> dict[str, bytes]:
        made = [
            prediction_images.mask_png(ids, self.classes, self.values),
            prediction_images.overlay_png(image, ids, self.classes),
        ]
        names = self._names(source)
        if self.polygons == "labelme":
            place = (self.record.folder / names[2]).parent
            found = polygon_files.labelme(ids, self.classes, source.path, place)
            made.append(json.dumps(found, indent=1).encode())
        return dict(zip(names, made, strict=True))

    def _entry(self, source: Source, found: LabelMap) -> Entry:
        shares = np.bincount(found.ids.ravel(), minlength=self.classes.num_classes) / found.ids.size
        mask, shown = self._names(source)[:2]
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

    def summary(self, listing: Listing, failed: list[dict[str, str]], skipped: int) -> dict[str, Any]:
        """Write the summary, and the polygons of all images; what the summary contains."""
        bad, entries = {each["image"] for each in failed}, self.record.entries
        images = [entries[each.stem] for each in listing.sources if str(each.path) not in bad]
        stems = {each.stem for each in listing.sources}
        files: dict[str, str] = {}
        if self.polygons == "coco":
            parts = polygon_files.coco(images, self.classes, self._read_ids)
            files = self.record.write_parts(polygon_files.COCO_NAME, parts)
        found = {
            "classes": self.classes.to_dict(),
            "settings": self.settings,
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
        return prediction_images.read_mask(self.record.folder / entry["mask"], self.values)

    @contextmanager
    def kept_if_stopped(self) -> Iterator[None]:
        """Keep the journal after an error, unless it has no image."""
        try:
            yield
        except BaseException:
            self.record.abandon()
            raise


def _too_large(path: Path, image: np.ndarray) -> OutOfMemoryError:
    height, width = image.shape[:2]
    return OutOfMemoryError(
        f"not enough memory to segment {path} of {height} x {width} pixels. Pass smaller tiles, such as "
        "--tile 256 (tile=256), or --image-size."
    )
