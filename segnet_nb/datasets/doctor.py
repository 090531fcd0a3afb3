"""Checks for problems that loading does not reveal: misaligned masks, duplicate images, leaks between splits.

Each image is read once, and what is kept of it takes a few bytes, so a dataset need not fit into memory.
Whether a mask is aligned with its image is estimated from edges, see ``segnet_nb.datasets.alignment``. Such a
finding is only a suspicion: a mask with few boundaries on an image with many edges can cause it, too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from PIL import Image

from segnet_nb.datasets import folder as folders
from segnet_nb.datasets.alignment import Alignments, Edges, coarse_size
from segnet_nb.datasets.base import LabelledImages
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.folder import FolderError, Pair
from segnet_nb.datasets.layouts.inspection import encoding_to_look_at
from segnet_nb.datasets.prefetch import in_order

_MIN_SPREAD = 2.0
_DIGEST = 16  # bytes

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Finding:
    """One problem, or a suspected one.

    Attributes:
        kind: ``"file"``, ``"classes"``, ``"duplicate"``, ``"leak"``, ``"void"``, ``"flat"``,
            ``"mirrored"``, ``"swapped"`` or ``"absent"``.
        names: names of the affected images.
        message: what is wrong, and what to do.
    """

    kind: str
    names: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


def examine_folder(
    root: str | os.PathLike[str],
    *,
    strict: bool = False,
    lossy_masks: str = "refuse",
    workers: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> list[Finding]:
    """Find problems of a folder: of each file first, then of all readable images and masks.

    Args:
        root: the folder, see ``segnet_nb.datasets.folder``.
        strict: count images that are not 8-bit RGB, such as greyscale, as problems.
        lossy_masks: ``"nearest"`` reads masks with lossy compression by the nearest class.
        workers: number of threads; None: one per core, at most 8.
        progress: called with the number of files read and of all files.
        **options: ``val_share`` and ``seed`` of ``folder.load``.

    Returns:
        The findings, those about files first; empty if there is no problem.

    Raises:
        FileNotFoundError: if the folder does not exist.
    """
    found: list[Finding] = []
    try:
        opened = folders.open_folder(root)
        encoding, undeclared = encoding_to_look_at(opened, lossy_masks)
    except FolderError as error:
        return [Finding("file", (), str(error))]
    if undeclared:
        found.append(Finding("classes", (), undeclared))
    if encoding is None:
        return found
    splits, wrong_lists = _splits(opened, options)

    def read(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
        return folders.read_pair(pair, encoding, strict=strict)

    parts, broken = _facts_of_files(splits, encoding.classes, read, workers, progress)
    return [*found, *broken, *wrong_lists, *_findings(*parts)]


def _facts_of_files(
    splits: dict[str, Sequence[Pair]],
    classes: ClassList,
    read: Callable[[Pair], tuple[np.ndarray, np.ndarray]],
    workers: int | None,
    progress: Progress | None,
) -> tuple[list[_Facts], list[Finding]]:
    """What is kept of the readable files of each split, and the files that cannot be read."""
    count = sum(map(len, splits.values()))
    size = _first_size(chain.from_iterable(splits.values()), read)

    def jobs() -> Iterator[tuple[str, Pair]]:
        return ((split, pair) for split, pairs in splits.items() for pair in pairs)

    def look(job: tuple[str, Pair]) -> _Look | FolderError:
        try:
            return _Look.at(*read(job[1]), classes.void_id, size)
        except FolderError as error:
            return error

    facts = {split: _Facts(classes, len(pairs)) for split, pairs in splits.items()}
    broken: dict[str, Finding] = {}
    for done, ((split, pair), seen) in enumerate(
        zip(jobs(), in_order(look, jobs(), workers=workers), strict=True)
    ):
        if isinstance(seen, FolderError):
            broken[pair.name] = Finding("file", (pair.name,), str(seen))
        elif split:
            facts[split].add(pair.name, seen)
        if progress is not None:
            progress(done + 1, count)
    parts = [facts[split] for split in ("train", "val") if split in facts and facts[split].count]
    return parts, [broken[name] for name in sorted(broken)]


def _splits(opened: Any, options: dict[str, Any]) -> tuple[dict[str, Sequence[Pair]], list[Finding]]:
    """The pairs of ``train`` and ``val``, those of neither as ``""``; and what is wrong with the lists."""
    splits: dict[str, Sequence[Pair]] = {}
    found = []
    for split in ("train", "val"):
        try:
            splits[split] = opened.split(split, **options)
        except FolderError as error:
            found.append(Finding("file", (), str(error)))
    used = {pair.name for pairs in splits.values() for pair in pairs}
    return {**splits, "": [pair for pair in opened.pairs if pair.name not in used]}, found


def _first_size(
    pairs: Iterable[Pair], read: Callable[[Pair], tuple[np.ndarray, np.ndarray]]
) -> tuple[int, int]:
    """The size to examine at, from the first image that can be read; any if there is none."""
    for pair in pairs:
        try:
            return coarse_size(*read(pair)[1].shape)
        except FolderError:
            continue
    return 1, 1


def examine(
    train: LabelledImages, val: LabelledImages | None = None, *, progress: Progress | None = None
) -> list[Finding]:
    """Find problems of datasets, in memory or streamed.

    Args:
        train: the training set.
        val: the validation set; it is checked like the training set, and for images that are in both.
        progress: called with the number of images examined and of all images.

    Returns:
        The findings; empty if there is no problem.

    Example:
        >>> from segnet_nb import datasets
        >>> examine(datasets.load("synthetic", "train", image_size=(48, 64), count=4))
        []
    """
    sets = [data for data in (train, val) if data is not None and len(data)]
    total, parts = sum(map(len, sets)), []
    size = coarse_size(*sets[0].pair(0)[1].shape) if sets else (1, 1)
    for data in sets:
        facts, before = _Facts(data.classes, len(data)), sum(part.count for part in parts)

        def look(number: int, data: LabelledImages = data) -> _Look:
            return _Look.at(*data.pair(number), data.classes.void_id, size)

        for name, seen in zip(data.names, in_order(look, range(len(data))), strict=True):
            facts.add(name, seen)
            if progress is not None:
                progress(before + facts.count, total)
        parts.append(facts)
    return _findings(*parts)


@dataclass(frozen=True)
class _Look:
    """What is kept of a pair: a checksum of the image, pixels of each id, spread of the colours, edges."""

    digest: bytes
    counts: np.ndarray
    spread: float
    edges: Edges

    @classmethod
    def at(cls, image: np.ndarray, labels: np.ndarray, void_id: int, size: tuple[int, int]) -> _Look:
        """Look at a pair; edges are compared at ``size``."""
        digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=_DIGEST).digest()
        counts = np.array(Image.fromarray(labels).histogram())
        return cls(digest, counts, _spread(image), Edges.of(image, labels, void_id, size))


def _spread(image: np.ndarray) -> float:
    """The largest standard deviation of a channel, 0..127.5; from its histogram, which Pillow counts fast."""
    values = np.arange(256)
    shares = np.array(Image.fromarray(image).histogram()).reshape(3, 256) / (image.size // 3)
    means = (shares * values).sum(1, keepdims=True)
    return float(np.sqrt((shares * (values - means) ** 2).sum(1)).max())


class _Facts:
    """What is kept of the images of a split, so that its findings can be told.

    Args:
        classes: names and colours of the ids.
        count: number of images that will be added at most.
    """

    def __init__(self, classes: ClassList, count: int) -> None:
        self.classes, self.count = classes, 0
        self.pixels = np.zeros(256, np.int64)
        self.names: list[str] = []
        self._digests = bytearray()  # one after the other: an object for each would take four times as much
        self._void: list[str] = []
        self._flat: list[str] = []
        self._alignments = Alignments(count)

    def add(self, name: str, seen: _Look) -> None:
        """Add an image."""
        self.count += 1
        self.pixels += seen.counts
        self.names.append(name)
        self._digests += seen.digest
        if seen.counts[self.classes.void_id] == seen.counts.sum():
            self._void.append(name)
        if seen.spread < _MIN_SPREAD:
            self._flat.append(name)
        self._alignments.add(name, seen.edges)

    @property
    def digests(self) -> np.ndarray:
        """The checksum of each image, in order."""
        return np.frombuffer(bytes(self._digests), f"S{_DIGEST}")

    def _repeated(self) -> list[list[int]]:
        """The places of images that are the same, in the order in which the second of each was added."""
        digests = self.digests
        order = np.argsort(digests, kind="stable")
        starts = np.flatnonzero(np.concatenate([[True], digests[order[1:]] != digests[order[:-1]]]))
        groups = np.split(order, starts[1:]) if len(starts) < len(order) else []
        return sorted((group.tolist() for group in groups if len(group) > 1), key=lambda group: group[1])

    def findings(self) -> Iterator[Finding]:
        """The problems within the split."""
        for name in self._void:
            yield Finding("void", (name,), f"{name} is entirely void and cannot be trained on. Remove it.")
        for name in self._flat:
            yield Finding("flat", (name,), f"{name} is almost uniform in colour. Is the image corrupt?")
        for places in self._repeated():
            names = tuple(self.names[place] for place in places)
            yield Finding(
                "duplicate", names, f"{', '.join(names)} are the same image. Keep one, with the correct mask."
            )
        for each in self._alignments.finish():
            if each.other:
                yield Finding(
                    "swapped",
                    (each.name, each.other),
                    f"the mask of {each.name} matches the image of {each.other} better than its own. Check "
                    "whether two files were swapped.",
                )
            else:
                yield Finding(
                    "mirrored",
                    (each.name,),
                    f"the mask of {each.name} matches its image better when {each.turn}. Compare them and "
                    "correct the mask.",
                )


def _findings(*parts: _Facts) -> list[Finding]:
    """All problems of the training set and, if there is one, the validation set."""
    if not parts:
        return []
    train, val = parts[0], parts[1] if len(parts) > 1 else None
    found = [finding for part in parts for finding in part.findings()]
    return found + ([] if val is None else list(_leaks(train, val))) + list(_absent(train, val))


def _leaks(train: _Facts, val: _Facts) -> Iterator[Finding]:
    in_train, in_val = train.digests, val.digests
    both = [
        [np.flatnonzero(own == digest) for own in (in_train, in_val)]
        for digest in np.intersect1d(in_train, in_val)
    ]
    for there, here in sorted(both, key=lambda each: each[1][0]):
        known, names = ([part.names[at] for at in own] for part, own in ((train, there), (val, here)))
        yield Finding(
            "leak",
            (*known, *names),
            f"{names[0]} of the validation set and {known[0]} of the training set are the same image (data "
            "leakage): the validation score will be too high. Remove it from one.",
        )


def _absent(train: _Facts, val: _Facts | None) -> Iterator[Finding]:
    for number, name in enumerate(train.classes.names):
        if not train.pixels[number]:
            also = ", but the validation set contains it" if val is not None and val.pixels[number] else ""
            yield Finding(
                "absent",
                (),
                f"no pixel of the training set is {name}{also}. Add images, or remove the class.",
            )
