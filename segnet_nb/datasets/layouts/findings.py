"""What an inspection found, as data and as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from segnet_nb.datasets.layouts.declared import Declared
from segnet_nb.datasets.layouts.image_survey import ImageSurvey
from segnet_nb.datasets.layouts.pairs import UNSPLIT
from segnet_nb.datasets.layouts.reading import Reading
from segnet_nb.datasets.layouts.similar import Shared
from segnet_nb.datasets.layouts.survey import MaskSurvey
from segnet_nb.datasets.layouts.undeclared import COLORS, SHADES
from segnet_nb.datasets.mask_encoding import MaskEncoding

_SHOWN = 8
_WIDTH = 10
_MOST_CLASSES = 40


@dataclass
class Inspection:
    """What one pass over a dataset on disk found.

    Attributes:
        reading: layout, splits and pairs.
        declared: the classes, declared or inferred; None if the masks do not tell.
        encoding: the mapping from values to class ids; None likewise.
        undeclared: why the classes must be declared before training; empty if they need not.
        masks: values, kinds and sizes of the masks.
        images: kinds and sizes of the images.
        pixels: pixels of each class, void last, int64.
        uncertain: pixels of masks with lossy compression that are not clearly of one class.
        shared: what splits share.
        faults: messages about files that cannot be used, of which the first ones are kept.
        fault_count: number of such files.
    """

    reading: Reading
    declared: Declared | None = None
    encoding: MaskEncoding | None = None
    undeclared: str = ""
    masks: MaskSurvey = field(default_factory=MaskSurvey)
    images: ImageSurvey = field(default_factory=ImageSurvey)
    pixels: np.ndarray | None = None
    uncertain: int = 0
    shared: list[Shared] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    fault_count: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything can be used for training."""
        return not self.fault_count and not self.undeclared

    def add_fault(self, message: str) -> None:
        """Note a file that cannot be used."""
        self.fault_count += 1
        if self.fault_count <= _SHOWN:
            self.faults.append(message)

    def __str__(self) -> str:
        return "\n".join(report_lines(self))


def report_lines(found: Inspection) -> list[str]:
    """The lines of a report: layout, splits, classes, masks, images, what was left out, notes and faults."""
    lines = [
        *_titled("layout", [f"{found.reading.layout} ({found.reading.structure})"]),
        *_titled("folder", [str(found.reading.root)]),
        *_titled("splits", _splits(found)),
        *_titled("classes", _classes(found)),
        *_titled("masks", _masks(found)),
        *_titled("images", _images(found)),
        *_titled("left out", map(str, found.reading.left_out)),
        *_titled(
            "note", [*found.reading.notes, *_overlaps(found), *map(str, found.shared), *_unnamed(found)]
        ),
        *_titled("to do", [found.undeclared] if found.undeclared else []),
        *_titled("fault", found.faults),
    ]
    if found.fault_count > len(found.faults):
        lines += _titled("", [f"and {found.fault_count - len(found.faults)} more faults"])
    return lines


def _titled(title: str, texts: Iterable[str]) -> Iterator[str]:
    """Lines with a title before the first."""
    for number, text in enumerate(texts):
        yield f"{title if not number else '':<{_WIDTH}} {text}"


def _splits(found: Inspection) -> list[str]:
    reading = found.reading
    parts = [f"{split} {len(own)}" for split, own in reading.splits.items() if split != UNSPLIT]
    lines = [", ".join(parts)] if parts else []
    if UNSPLIT in reading.splits:
        count = len(reading.splits[UNSPLIT])
        return [*lines, f"none: {count} pairs, of which a random fifth is for validation"]
    if "val" not in reading.splits and not reading.listed:
        lines.append("no validation split: a random fifth of train is used")
    return lines


def _classes(found: Inspection) -> Iterator[str]:
    if found.encoding is None or found.pixels is None:
        yield "unknown"
        return
    classes, total = found.encoding.classes, max(int(found.pixels.sum()), 1)
    values: dict[int, list[str]] = {}
    for value, number in found.encoding.ids.items():
        values.setdefault(number, []).append(str(value))
    yield f"{classes.num_classes}, from {found.encoding.source}"
    width = max(map(len, classes.names), default=0)
    for number, name in list(enumerate(classes.names))[:_MOST_CLASSES]:
        pixels = int(found.pixels[number])
        share = f"{pixels / total:6.1%}" if pixels else "no pixel"
        yield f"{number:3} {name:<{width}} {share:>8}  value {', '.join(values.get(number, []))}"
    if classes.num_classes > _MOST_CLASSES:
        yield f"and {classes.num_classes - _MOST_CLASSES} more"
    yield from _void(found, values.get(classes.void_id, []), int(found.pixels[-1]) / total)


def _void(found: Inspection, values: list[str], share: float) -> Iterator[str]:
    if not values:
        yield "void: no value"
        return
    default = found.declared is not None and found.declared.void_by_default
    why = ", by default" if default and values == ["255"] else ""
    yield f"void: value {', '.join(values)}{why} ({share:.1%} of the pixels)"


def _masks(found: Inspection) -> list[str]:
    masks = found.masks
    lines = [_counted(masks.kinds)] if masks.kinds else []
    if masks.lossy:
        total = max(int(found.pixels.sum()), 1) if found.pixels is not None else 1
        lines.append(
            f"{len(masks.lossy)} have lossy compression: the nearest class is taken; {found.uncertain} "
            "pixels "
            f"({found.uncertain / total:.2%}) are not clearly of one class"
        )
    if masks.palettes_differ and found.encoding is not None and found.encoding.is_color:
        lines.append("their palettes differ, so they are read by colour")
    return lines


def _images(found: Inspection) -> list[str]:
    images = found.images
    lines = [_counted(images.kinds)] if images.kinds else []
    sizes = Counter({f"{height} x {width}": count for (height, width), count in images.sizes.items()})
    if sizes:
        lines.append(f"height x width: {_counted(sizes)}")
    if images.converted:
        lines.append(
            f"converted to 8-bit RGB: {_counted(images.converted)}, such as {images.first_converted}"
        )
    if images.turned:
        lines.append(f"{images.turned} are turned as their EXIF data says")
    if images.misnamed[0]:
        lines.append(f"{images.misnamed[0]} have the ending of another format, such as {images.misnamed[1]}")
    return lines


def _overlaps(found: Inspection) -> list[str]:
    return [
        f"{count} images are in both {one} and {other}. Scores on {other} will be too high; remove them "
        "from one."
        for (one, other), count in found.reading.overlaps().items()
    ]


def _notes(found: Inspection) -> list[str]:
    return [*found.reading.notes, *_overlaps(found), *map(str, found.shared), *_unnamed(found)]


def _unnamed(found: Inspection) -> list[str]:
    """That classes are named by their values, and what to do about it."""
    if found.undeclared or found.encoding is None or found.encoding.source not in (COLORS, SHADES):
        return []
    what = "colours" if found.encoding.source == COLORS else "values"
    root = found.reading.root
    lines = [
        f"no file names the classes: they are named by their {what}. To name them, edit the dataset.json "
        f"that `segnet-nb data inspect {root} --write` writes."
    ]
    if (0, 0, 0) in found.encoding.ids:
        lines.append("black is a class like the others, not void; in dataset.json it can be made void.")
    if 255 in found.encoding.ids:
        lines.append("255 is a class, not void, since the masks hold shades of grey from black to white.")
    return lines


def _counted(kinds: Counter[str]) -> str:
    shown = [f"{kind} ({count})" for kind, count in kinds.most_common(5)]
    more = len(kinds) - 5
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")
