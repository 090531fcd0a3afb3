"""Which folders of images and of masks belong together, told from their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from segnet_nb.datasets.layouts.fit import Missing, Wish
from segnet_nb.datasets.layouts.tree import Tree
from segnet_nb.datasets.layouts.words import words_of

Group = dict[str, list[str]]
# What a folder of masks holds instead of images, and what to do then.
_INSTEAD = {
    ".npy": "Save the arrays as PNG",
    ".txt": "Outlines in text files, as YOLO has them, are not read: export masks as PNG, or COCO JSON",
    ".xml": "Boxes and outlines in XML files are not read: export masks as PNG",
}
_ORDER = {"train": 0, "val": 1, "test": 2}


@dataclass(frozen=True)
class Couple:
    """Folders that belong together.

    Attributes:
        split: their split, or None.
        images: folders of images.
        masks: folders of masks.
        split_first: whether the split comes before ``images`` or ``masks`` in their paths; None if it is in
            the same name, or there is none.
    """

    split: str | None
    images: tuple[str, ...]
    masks: tuple[str, ...]
    split_first: bool | None = None


def find_couples(tree: Tree, wish: Wish) -> list[Couple]:
    """The folders of images and masks of a tree that belong together, in order of their splits."""
    groups: dict[tuple[str | None, tuple[str, ...]], Group] = {}
    for folder, one in tree.folders.items():
        if not one.images:
            continue
        words = words_of(folder)
        role = words.role or "unknown"
        rest = words.rest
        if wish.masks and _is_inside(folder, wish.masks):
            role, rest = "masks", ()
        elif wish.masks and role == "masks":
            continue
        groups.setdefault((words.split, rest), {}).setdefault(role, []).append(folder)
    found = [couple for (split, _), group in groups.items() if (couple := _couple(split, group))]
    return sorted(found or _by_split(groups), key=lambda couple: _ORDER.get(couple.split or "", 3))


def _is_inside(folder: str, wanted: str) -> bool:
    return f"/{wanted.strip('/').casefold()}/" in f"/{folder.casefold()}/"


def _couple(split: str | None, group: Mapping[str, list[str]]) -> Couple | None:
    masks = group.get("masks")
    images = group.get("images") or group.get("unknown")
    if not masks or not images:
        return None
    return Couple(split, tuple(images), tuple(masks), words_of(masks[0]).split_first)


def _by_split(groups: Mapping[tuple[str | None, tuple[str, ...]], Group]) -> list[Couple]:
    """Folders matched by split alone, where there is one of each role."""
    merged: dict[str | None, Group] = {}
    for (split, _), group in groups.items():
        for role, folders in group.items():
            merged.setdefault(split, {}).setdefault(role, []).extend(folders)
    found = [_couple(split, group) for split, group in merged.items()]
    return [one for one in found if one and len(one.images) == len(one.masks) == 1]


def what_is_missing(tree: Tree) -> Missing | None:
    """None if there are folders of images and of masks; else what is missing."""
    if find_couples(tree, Wish()):
        return None
    filled = {words_of(folder).role: folder for folder, one in tree.folders.items() if one.images}
    named = {words_of(folder).role for folder in tree.folders}
    if "masks" in filled and set(filled) == {"masks"}:
        empty = "no images in the folder of images" if "images" in named else "no images/ beside it"
        return Missing(2, f"has masks in {filled['masks']}/, but {empty}")
    if "images" in filled:
        empty = "no images in the folder of masks" if "masks" in named else "no masks/ beside it"
        return Missing(2, f"has images in {filled['images']}/, but {empty}{_other_masks(tree)}")
    if filled:
        return Missing(1, "has images, but no folder of masks")
    return Missing(0, "has no images")


def _other_masks(tree: Tree) -> str:
    """What the folders of masks hold instead of images, if anything, and how to make masks of it."""
    endings: Counter[str] = Counter()
    for folder, one in tree.folders.items():
        if words_of(folder).role == "masks":
            endings.update(PurePosixPath(name).suffix.lower() for name in one.others)
    if not endings:
        return ""
    ((ending, count),) = endings.most_common(1)
    fix = _INSTEAD.get(ending, "Masks must be images, such as PNG")
    return f", only {count} {ending or 'other'} file{'s' * (count != 1)}. {fix}"
