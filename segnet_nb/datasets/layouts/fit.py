"""What recognising a layout gives: a reading, or what is missing for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from segnet_nb.datasets.layouts.pairs import File, MaskSource, Pair
from segnet_nb.datasets.layouts.reading import Reading
from segnet_nb.datasets.layouts.tree import Tree, all_differ, stem_of
from segnet_nb.datasets.layouts.words import split_of


@dataclass(frozen=True)
class Missing:
    """Why a layout does not fit.

    Attributes:
        found: how much of it is present, 0 for nothing.
        text: what is missing, such as ``"has JPEGImages, but no SegmentationClass"``.
    """

    found: int
    text: str


@dataclass(frozen=True)
class Wish:
    """What a user asks for where a folder could be read in several ways.

    Attributes:
        layout: name of the layout; empty: the one that fits.
        masks: name of the folder of masks; empty: the only one.
    """

    layout: str = ""
    masks: str = ""


@dataclass(frozen=True)
class Layout:
    """One layout that can be recognised.

    Attributes:
        name: its name in reports.
        line: its folders and files in one line.
        fits: None if a folder has it, else what is missing; reads no image.
        read: the reading of a folder that has it.
        general: whether the names of folders alone decide.
        owns: whether no general layout can be meant where this one fits.
    """

    name: str
    line: str
    fits: Callable[[Tree], Missing | None]
    read: Callable[[Tree, Wish], Reading]
    general: bool = False
    owns: bool = False


Both = tuple[Path | File, Path | File | MaskSource]


class Joined:
    """The items of several collections, one after the other, as often as they are looped over.

    Example:
        >>> joined = Joined([[1, 2], [3]])
        >>> list(joined), list(joined)
        ([1, 2, 3], [1, 2, 3])
    """

    def __init__(self, parts: Sequence[Iterable[Both]]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[Both]:
        return chain.from_iterable(self._parts)


def named_pairs(files: Collection[Both] | Joined, root: Path, ends: Sequence[str] = ()) -> tuple[Pair, ...]:
    """Pairs with unique names: the name of the image, with its folders where that is not unique.

    Args:
        files: images and masks.
        root: the folder of the dataset.
        ends: what to leave out at the end of a name, such as ``"_leftImg8bit"``.
    """
    stems = [_short(stem_of(image.name), ends) for image, _ in files]
    unique = all_differ(stems)
    shown: dict[Path, str] = {}
    pairs = []
    for stem, (image, mask) in zip(stems, files, strict=True):
        parent = image.folder if isinstance(image, File) else image.parent
        if parent not in shown:
            shown[parent] = unicodedata.normalize("NFC", parent.relative_to(root).as_posix())
        folder = shown[parent]
        pairs.append(Pair(stem if unique or folder == "." else f"{folder}/{stem}", image, mask))
    return tuple(pairs)


def _short(stem: str, ends: Sequence[str]) -> str:
    for end in ends:
        if stem.endswith(end):
            return stem.removesuffix(end)
    return stem


def split_of_folder(folder: str) -> str | None:
    """The split that the path of a folder names, from its last part on.

    Example:
        >>> split_of_folder("images/val2017"), split_of_folder("a/b")
        ('val', None)
    """
    return next((found for part in reversed(folder.split("/")) if (found := split_of(part))), None)
