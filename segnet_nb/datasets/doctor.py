"""Faults of a dataset that no reader of files notices: masks that lie wrong, images that are there twice.

Whether a mask lies on its image is told from edges: its outlines should run where the image changes. A mask
that is mirrored, or belongs to another image, has its outlines elsewhere. That is a suspicion, to be looked
at: a mask of few outlines on an image of many edges can raise it as well.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from segnet_nb.datasets import folder as folders
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.folder import FolderError
from segnet_nb.datasets.resizing import resize_image, resize_labels

# In ranks of gradients, 0..1. Of CamVid's 367 training masks all but two fit turned by at most 0.072 better,
# and another image by at most 0.088; masks turned on purpose fit by 0.11 to 0.18 worse in the median.
_TURNED_BY, _SWAPPED_BY = 0.075, 0.09
_ROWS = 90
_FLAT = 2.0


@dataclass(frozen=True)
class Finding:
    """One fault, or a suspicion.

    Attributes:
        kind: a word for it: ``"file"``, ``"duplicate"``, ``"leak"``, ``"void"``, ``"flat"``, ``"mirrored"``,
            ``"swapped"``, ``"absent"``.
        names: of the images it is about.
        message: what is wrong, and what to do.
    """

    kind: str
    names: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


def examine_folder(root: str | os.PathLike[str], *, convert: bool = False, **options: Any) -> list[Finding]:
    """All faults of a folder: of every file, and then of what can be read.

    Args:
        root: the folder, see ``segnet_nb.datasets.folder``.
        convert: take grey, 16-bit and transparent images as they are.
        **options: ``val_share`` and ``seed`` of ``folder.load``.

    Returns:
        What was found, files first; nothing if all is well.

    Raises:
        FileNotFoundError: if the folder is not there.
    """
    try:
        opened = folders.open_folder(root)
        values = opened.mask_values()
    except FolderError as error:
        return [Finding("file", (), str(error))]
    found, readable = [], {}
    for pair in opened.pairs:
        try:
            readable[pair.name] = folders.read_pair(pair, values, convert=convert)
        except FolderError as error:
            found.append(Finding("file", (pair.name,), str(error)))
    parts = []
    for split in ("train", "val"):
        try:
            names = [pair.name for pair in opened.split(split, **options) if pair.name in readable]
        except FolderError as error:
            found.append(Finding("file", (), str(error)))
            continue
        if names:
            # One size, for images of many: what is looked at is coarse anyway.
            height, width = readable[names[0]][0].shape[:2]
            size = _coarse(height, width)
            parts.append(
                Dataset(
                    images=np.stack([resize_image(readable[name][0], size) for name in names]),
                    labels=np.stack([resize_labels(readable[name][1], size) for name in names]),
                    classes=values.classes,
                    names=tuple(names),
                )
            )
    return found + (examine(*parts[:2]) if parts else [])


def examine(train: Dataset, val: Dataset | None = None) -> list[Finding]:
    """Faults of images and labels that are in memory.

    Args:
        train: what is trained on.
        val: what is validated with; its faults are looked for too, and images that are in both.

    Returns:
        What was found; nothing if all is well.

    Example:
        >>> from segnet_nb import datasets
        >>> examine(datasets.load("synthetic", "train", image_size=(48, 64), count=4))
        []
    """
    found = []
    for data in (train, val):
        if data is not None:
            found += [*_void(data), *_flat(data), *_duplicates(data), *_misplaced(data)]
    if val is not None:
        found += _leaks(train, val)
    return found + list(_absent(train, val))


def _void(data: Dataset) -> Iterator[Finding]:
    for name, labels in zip(data.names, data.labels, strict=True):
        if (labels == data.classes.void_id).all():
            yield Finding(
                "void", (name,), f"{name} is void from edge to edge and teaches nothing. Leave it out."
            )


def _flat(data: Dataset) -> Iterator[Finding]:
    for name, image in zip(data.names, data.images, strict=True):
        spread = float(image.std(axis=(0, 1)).max())
        if spread < _FLAT:
            yield Finding("flat", (name,), f"{name} has one colour nearly everywhere. Is the picture broken?")


def _sums(data: Dataset) -> dict[str, list[str]]:
    """Names of the images by what they hold."""
    found: dict[str, list[str]] = {}
    for name, image in zip(data.names, data.images, strict=True):
        found.setdefault(hashlib.sha256(np.ascontiguousarray(image)).hexdigest(), []).append(name)
    return found


def _duplicates(data: Dataset) -> Iterator[Finding]:
    for names in _sums(data).values():
        if len(names) > 1:
            yield Finding(
                "duplicate",
                tuple(names),
                f"{', '.join(names)} are the same image. Keep one, with the right mask.",
            )


def _leaks(train: Dataset, val: Dataset) -> Iterator[Finding]:
    known = _sums(train)
    for digest, names in _sums(val).items():
        if digest in known:
            yield Finding(
                "leak",
                (*known[digest], *names),
                f"{names[0]} validates and {known[digest][0]} trains, and they are the same image: the score "
                "will be too good. Take it out of one.",
            )


def _absent(train: Dataset, val: Dataset | None) -> Iterator[Finding]:
    seen = np.bincount(train.labels.ravel(), minlength=256)
    tested = seen * 0 if val is None else np.bincount(val.labels.ravel(), minlength=256)
    for number, name in enumerate(train.classes.names):
        if not seen[number]:
            also = ", though validation has it" if tested[number] else ""
            yield Finding(
                "absent",
                (),
                f"no pixel of the training images is {name}{also}. Add images, or take the class out.",
            )


def _coarse(height: int, width: int) -> tuple[int, int]:
    factor = max(1, round(height / _ROWS))
    return max(1, height // factor), max(1, width // factor)


def _edges(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Ranks 0..1 of the brightness gradient, and outlines of the labels; ``(count, rows, columns)``."""
    size = _coarse(*data.image_size)
    gradients, outlines = [], []
    for image, full in zip(data.images, data.labels, strict=True):
        grey = resize_image(image, size) @ np.array([0.299, 0.587, 0.114])
        steep = np.hypot(*np.gradient(grey)) if min(size) > 1 else grey * 0
        # A pixel beside the edge will do: outlines are drawn by hand.
        around = np.pad(steep, 1, mode="edge")
        near = np.max([around[i : i + size[0], j : j + size[1]] for i in range(3) for j in range(3)], axis=0)
        gradients.append(near.ravel().argsort().argsort().reshape(size) / near.size)
        labels = resize_labels(full, size)
        outline = np.zeros(size, bool)
        known = labels != data.classes.void_id
        for axis in (0, 1):
            a, b = np.moveaxis(labels, axis, 0)[1:], np.moveaxis(labels, axis, 0)[:-1]
            both = np.moveaxis(known, axis, 0)[1:] & np.moveaxis(known, axis, 0)[:-1]
            change = (a != b) & both
            view = np.moveaxis(outline, axis, 0)
            view[1:] |= change
            view[:-1] |= change
        outlines.append(outline)
    return np.array(gradients), np.array(outlines)


def _misplaced(data: Dataset) -> Iterator[Finding]:
    """Masks that fit their image better mirrored, or another image better than their own."""
    gradients, outlines = _edges(data)
    count = len(data)
    sizes = np.maximum(outlines.reshape(count, -1).sum(1), 1)[:, None]
    ranks = gradients.reshape(count, -1)

    def fits(masks: np.ndarray) -> np.ndarray:
        return masks.reshape(count, -1) / sizes @ ranks.T

    straight = fits(outlines)
    own = np.diag(straight)
    turned = {
        "left to right": np.diag(fits(outlines[:, :, ::-1])),
        "upside down": np.diag(fits(outlines[:, ::-1])),
        "by half a turn": np.diag(fits(outlines[:, ::-1, ::-1])),
    }
    for number, name in enumerate(data.names):
        way = max(turned, key=lambda each: turned[each][number])
        best = int(straight[number].argmax())
        gain, other = turned[way][number] - own[number], straight[number, best] - own[number]
        if other > max(_SWAPPED_BY, gain):
            yield Finding(
                "swapped",
                (name, data.names[best]),
                f"the mask of {name} fits the image of {data.names[best]} better than its own. Look whether "
                "two files were swapped.",
            )
        elif gain > _TURNED_BY:
            yield Finding(
                "mirrored",
                (name,),
                f"the mask of {name} fits its image better turned {way}. Look at the two; if so, turn it.",
            )
