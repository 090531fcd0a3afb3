"""``segnet-nb data inspect``: one pass over a dataset on disk, and what was recognised, in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from segnet_nb.datasets.image_files import read_mask
from segnet_nb.datasets.layouts.declared import Declared
from segnet_nb.datasets.layouts.findings import Inspection
from segnet_nb.datasets.layouts.image_survey import THUMBNAIL, FoundImage, look_at_image
from segnet_nb.datasets.layouts.meaning import as_masks_are, cached_survey, resolved
from segnet_nb.datasets.layouts.pairs import UNSPLIT, Pair
from segnet_nb.datasets.layouts.reading import Reading
from segnet_nb.datasets.layouts.recognise import open_reading
from segnet_nb.datasets.layouts.similar import Shared, find_shared
from segnet_nb.datasets.layouts.survey import FoundMask, MaskSurvey, in_threads, look_at
from segnet_nb.datasets.layouts.undeclared import by_color, colors_of, every_value, inferred
from segnet_nb.datasets.mask_encoding import FolderError, MaskEncoding, Value, listed

_MOST_UNDECLARED = 64


def inspect(
    path: str | os.PathLike[str],
    *,
    layout: str = "",
    masks: str = "",
    strict: bool = False,
    lossy_masks: str = "refuse",
    similar: bool = True,
    pinned: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Inspection:
    """Look at every pair of a dataset on disk once.

    Args:
        path: the folder, or a ``dataset.json``.
        layout: name of the layout, if several fit.
        masks: name of the folder of masks, if several could be meant.
        strict: count images that would be converted to 8-bit RGB as faults.
        lossy_masks: ``"nearest"`` reads masks with lossy compression by the nearest class.
        similar: whether to decode images to look for near-duplicates and frames of one film across splits.
        pinned: whether to follow a ``dataset.json`` in the folder.
        progress: called with the number of finished pairs and of all pairs.

    Returns:
        What was found; as text, a report.

    Raises:
        FileNotFoundError: if the folder does not exist or no layout fits.
        FolderError: if several layouts fit, or files do not match.
    """
    reading = open_reading(path, layout=layout, masks=masks, pinned=pinned)
    nearest = reading.wants_nearest(lossy_masks)
    found, pairs = Inspection(reading), reading.pairs
    thumbnails = np.zeros((len(pairs) if similar else 0, THUMBNAIL, THUMBNAIL), np.uint8)

    known = None if reading.declared else found.masks.solid

    def look(pair: Pair) -> tuple[FoundMask, FoundImage]:
        return look_at(pair, nearest, known), look_at_image(pair.image, thumbnail=similar)

    for done, (pair, (mask, image)) in enumerate(in_threads(look, pairs), start=1):
        _note(found, pair, mask, image, strict)
        if image.thumbnail is not None:
            thumbnails[done - 1] = image.thumbnail
        if progress:
            progress(done, len(pairs))
    _resolve(found, nearest)
    if nearest and found.encoding and found.masks.lossy:
        found.uncertain = _uncertain(pairs, found.encoding)
    if similar:
        found.shared = _shared(reading, pairs, thumbnails)
    return found


def _note(found: Inspection, pair: Pair, mask: FoundMask, image: FoundImage, strict: bool) -> None:
    found.masks.add(mask, pair)
    found.images.add(image, pair.image)
    if image.fault or mask.fault:
        for fault in filter(None, (image.fault, mask.fault)):
            found.add_fault(str(fault))
    elif mask.size != image.size:
        found.add_fault(
            f"the mask of {pair.image} is {mask.size[0]} x {mask.size[1]} pixels, but the image is "
            f"{image.size[0]} x {image.size[1]}. They must have the same size."
        )
    elif strict and image.converted:
        found.add_fault(f"{pair.image} is {image.kind}, but must be 8-bit RGB (strict).")


def encoding_to_look_at(reading: Reading, lossy_masks: str) -> tuple[MaskEncoding | None, str]:
    """The encoding of masks; if their classes must be declared first, one by the values that occur, and why.

    Args:
        reading: the dataset.
        lossy_masks: see ``Reading.mask_encoding``.

    Raises:
        FolderError: if a mask cannot be read.
    """
    if reading.declared is not None:
        return reading.mask_encoding(lossy_masks=lossy_masks), ""
    nearest = reading.wants_nearest(lossy_masks)
    found = Inspection(reading, masks=cached_survey(reading.pairs, nearest))
    if len(found.masks.faults) == found.masks.files:
        raise found.masks.faults[0]
    _resolve(found, nearest)
    return found.encoding, found.undeclared


def _resolve(found: Inspection, nearest: bool) -> None:
    """Find out what the values of the masks mean, and which of them mean nothing."""
    masks, declared = found.masks, found.reading.declared
    if declared is None and masks.files > len(masks.faults):
        try:
            declared = inferred(masks, nearest)
        except FolderError as error:
            found.undeclared = str(error)
            declared = _by_values(masks, nearest)
    if declared is None:
        return
    declared = as_masks_are(declared, masks)
    encoding = resolved(declared, masks, nearest)
    found.declared, found.encoding = declared, encoding
    values = _values(masks, encoding)
    undefined = [value for value in values if value not in encoding.ids]
    if undefined and not nearest:
        found.add_fault(
            f"the masks contain {listed(undefined)}, which {encoding.source} does not define. Correct the "
            "masks, "
            "or define the values."
        )
    if masks.palettes_differ and not any(isinstance(value, tuple) for value in encoding.ids):
        found.add_fault(_palettes(masks))
    found.pixels = np.zeros(encoding.classes.num_classes + 1, np.int64)
    for value, count in values.items():
        if value in encoding.ids:
            found.pixels[encoding.ids[value]] += count


def _palettes(masks: MaskSurvey) -> str:
    number, colors = next((n, c) for n, c in masks.palettes.items() if len(c) > 1)
    (first, one), (second, other) = list(colors.items())[:2]
    return (
        f"the palettes of the masks differ: {number} is {first} in {one} and {second} in {other}, so numbers "
        "have no common meaning. Define the classes by colour."
    )


def _by_values(masks: MaskSurvey, nearest: bool) -> Declared | None:
    """Classes named by what occurs, to look at data whose classes are not declared yet."""
    try:
        if masks.colors or masks.palettes_differ:
            colors = colors_of(masks, nearest)
            return by_color(colors, "the colours that occur") if len(colors) <= _MOST_UNDECLARED else None
    except FolderError:
        return None
    numbers = sorted(masks.numbers)
    if len(numbers) > _MOST_UNDECLARED or len(numbers) < 2:
        return None
    return every_value(numbers, "the values that occur")


def _values(masks: MaskSurvey, encoding: MaskEncoding) -> dict[Value, int]:
    """Pixels of each value as the encoding sees it: numbers, or colours."""
    if encoding.is_color:
        colors = masks.colors + masks.shown
        # What is left are shades of grey: of one channel, or of three equal ones.
        colors.update({(v, v, v): count for v, count in (masks.numbers - masks.paletted).items()})
        return {**colors}
    found: dict[Value, int] = {**masks.numbers, **masks.colors}
    if masks.bilevel and 255 not in _numbers(encoding) and 1 in encoding.ids:
        found[1] = found.get(1, 0) + found.pop(255, 0)
    return found


def _numbers(encoding: MaskEncoding) -> set[Value]:
    void = encoding.classes.void_id
    return {value for value, number in encoding.ids.items() if number != void}


def _uncertain(pairs: Iterable[Pair], encoding: MaskEncoding) -> int:
    def count(pair: Pair) -> int:
        try:
            return encoding.uncertain(read_mask(pair.mask, lossy=True)) if isinstance(pair.mask, Path) else 0
        except (FolderError, OSError):
            return 0

    return sum(number for _, number in in_threads(count, tuple(pairs)))


def _shared(reading: Reading, pairs: Sequence[Pair], thumbnails: np.ndarray) -> list[Shared]:
    """What the splits share that training would use; images without a thumbnail are flat, and say nothing."""
    splits = dict(reading.splits)
    if set(splits) == {UNSPLIT} and len(splits[UNSPLIT]) > 1:
        splits = {name: reading.split(name) for name in ("train", "val")}
    places = {pair.name: place for place, pair in enumerate(pairs)}
    chosen = {
        name: np.fromiter((places[pair.name] for pair in own), np.intp, len(own))
        for name, own in splits.items()
    }
    del places  # large
    return find_shared(
        {name: [pair.name for pair in own] for name, own in splits.items()},
        {name: thumbnails[own] for name, own in chosen.items()},
    )
