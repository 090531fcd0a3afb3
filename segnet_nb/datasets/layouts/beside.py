"""Masks beside their images, told apart by name: ``a.jpg`` and ``a_mask.png``; also Roboflow's export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from segnet_nb.datasets.layouts import class_files
from segnet_nb.datasets.layouts.couples import what_is_missing
from segnet_nb.datasets.layouts.declared import ClassEntry, Declared
from segnet_nb.datasets.layouts.fit import Layout, Missing, Wish, named_pairs, split_of_folder
from segnet_nb.datasets.layouts.folders import find_declared, many, other_files
from segnet_nb.datasets.layouts.pairing import match
from segnet_nb.datasets.layouts.pairs import UNSPLIT, File, LeftOut, Pair, counted
from segnet_nb.datasets.layouts.reading import Reading
from segnet_nb.datasets.layouts.split_lists import find_lists, split_by_lists
from segnet_nb.datasets.layouts.tree import Tree, stem_of
from segnet_nb.datasets.layouts.words import MASK_SUFFIXES
from segnet_nb.datasets.mask_encoding import FolderError

ROBOFLOW_CLASSES = "_classes.csv"
_PHOTOS = {".jpg", ".jpeg", ".jpe", ".jfif"}
_ENDS = tuple(end.casefold() for end in MASK_SUFFIXES)


def _divided(paths: list[File]) -> tuple[dict[str, File], dict[str, File]]:
    """The images and the masks of a folder that holds both, by name; no masks if it does not."""
    masks = {stem_of(p.name): p for p in paths if stem_of(p.name).casefold().endswith(_ENDS)}
    if masks:
        return {stem_of(p.name): p for p in paths if stem_of(p.name) not in masks}, masks
    photos = {stem_of(p.name): p for p in paths if Path(p.name).suffix.lower() in _PHOTOS}
    others = {stem_of(p.name): p for p in paths if Path(p.name).suffix.lower() not in _PHOTOS}
    # a.jpg and a.png, for every name
    return (photos, others) if photos.keys() == others.keys() else ({}, {})


def _matching(tree: Tree) -> list[str]:
    """The folders that hold images and their masks."""
    return [folder for folder, one in tree.folders.items() if one.images and _has_pair(tree, folder)]


def _has_pair(tree: Tree, folder: str) -> bool:
    images, masks = _divided(tree.images(folder))
    return bool(match(images, masks).pairs)


def _fits(tree: Tree) -> Missing | None:
    if what_is_missing(tree) is None or not _matching(tree):
        return Missing(1 if tree.folders[""].images else 0, "has no files that end in _mask, _label or _L")
    return None


def _class_file(tree: Tree) -> Path | None:
    places = [tree.file(folder, ROBOFLOW_CLASSES) for folder in tree.folders]
    return next((path for path in places if path), None)


def _fits_beside(tree: Tree) -> Missing | None:
    if _class_file(tree):
        return Missing(0, "is an export of Roboflow")
    return _fits(tree)


def _fits_roboflow(tree: Tree) -> Missing | None:
    if _class_file(tree) is None:
        return Missing(0, f"has no {ROBOFLOW_CLASSES}")
    missing = _fits(tree)
    return missing and Missing(2, f"has {ROBOFLOW_CLASSES}, but no masks that end in _mask")


def read(tree: Tree, wish: Wish) -> Reading:
    """Read folders that hold images and their masks.

    Raises:
        FolderError: if an image has no mask or a mask no image, or lists or class files are invalid.
    """
    files: list[tuple[str, tuple[File, File]]] = []
    left: list[LeftOut] = []
    used, rules = _matching(tree), set()
    for folder in used:
        images, masks = _divided(tree.images(folder))
        matched = match(images, masks)
        rules.add(matched.rule)
        files += [(split_of_folder(folder) or UNSPLIT, both) for both in matched.pairs.values()]
        if matched.without_image:
            raise FolderError(
                f"{matched.without_image[0].path} looks like a mask, but no image belongs to it. Rename or "
                "remove it."
            )
        if matched.without_mask:
            left.append(LeftOut(many(len(matched.without_mask), "image"), "no masks belong to them"))
        if matched.extra:
            left.append(LeftOut(counted(p.name for p in matched.extra), "their images have another mask"))
    pairs = named_pairs([both for _, both in files], tree.root)
    splits: dict[str, list[Pair]] = {}
    for (split, _), pair in zip(files, pairs, strict=True):
        splits.setdefault(split, []).append(pair)
    return _reading(tree, {split: tuple(own) for split, own in splits.items()}, used, rules, left)


def _reading(
    tree: Tree, splits: Mapping[str, tuple[Pair, ...]], used: list[str], rules: set[str], left: list[LeftOut]
) -> Reading:
    lists, listed = find_lists(tree.root), False
    if lists and set(splits) == {UNSPLIT}:
        splits = split_by_lists(lists, splits[UNSPLIT], tree.root, tree.root.name)
        listed = UNSPLIT not in splits
    rule = ", ".join(sorted(filter(None, rules))) or "another ending"
    return Reading(
        tree.root,
        "beside",
        f"masks beside images, marked {rule}",
        splits,
        find_declared(tree, used),
        listed=listed,
        left_out=tuple(left + other_files(tree, used)),
    )


def _read_roboflow(tree: Tree, wish: Wish) -> Reading:
    path = _class_file(tree)
    assert path is not None
    return replace(read(tree, wish), layout="roboflow", declared=_roboflow_classes(path))


def _roboflow_classes(path: Path) -> Declared:
    """Classes of an export; its value 0 is background, even where it is called unlabeled."""
    declared = class_files.read_class_file(path)
    if 0 not in declared.void:
        return declared
    entries = (ClassEntry("background", (0,)), *declared.entries)
    return Declared(entries, declared.source, tuple(value for value in declared.void if value != 0))


LAYOUTS = (
    Layout("beside", "a.jpg + a_mask.png in one folder (_mask, _label, _L, _P, ...)", _fits_beside, read),
    Layout("roboflow", "train/a.jpg + train/a_mask.png, train/_classes.csv", _fits_roboflow, _read_roboflow),
)
