"""Supervisely: ``meta.json`` and folders ``DATASET/img/`` with ``ann/`` (JSON) or ``masks_machine/``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segnet_nb.datasets.layouts.declared import ClassEntry, Declared
from segnet_nb.datasets.layouts.fit import Layout, Missing, Wish, named_pairs, split_of_folder
from segnet_nb.datasets.layouts.folders import many
from segnet_nb.datasets.layouts.pairing import by_stem, match
from segnet_nb.datasets.layouts.pairs import UNSPLIT, LeftOut, MaskSource, Pair
from segnet_nb.datasets.layouts.reading import Reading
from segnet_nb.datasets.layouts.shapes import SuperviselyMask
from segnet_nb.datasets.layouts.text_files import read_json
from segnet_nb.datasets.layouts.tree import Tree
from segnet_nb.datasets.mask_encoding import Color, FolderError

_META, _MACHINE = "meta.json", "obj_class_to_machine_color.json"
_BACKGROUNDS = ("bg", "background", "_background_")
_DRAWN = ("polygon", "bitmap", "rectangle", "any", "mask")


def _twins(tree: Tree, name: str) -> list[tuple[str, str]]:
    """Folders of images and the folder of this name beside each."""
    found = []
    for folder in tree.folders:
        parent, _, last = folder.rpartition("/")
        twin = f"{parent}/{name}" if parent else name
        if last == "img" and twin in tree.folders:
            found.append((folder, twin))
    return found


def _named(tree: Tree, name: str) -> Path | None:
    return next((path for folder in tree.folders if (path := tree.file(folder, name))), None)


def _fits(tree: Tree) -> Missing | None:
    meta, machine = _named(tree, _META), _named(tree, _MACHINE)
    twins = _twins(tree, "masks_machine") if machine else _twins(tree, "ann")
    if meta is None and machine is None:
        return Missing(1 if _twins(tree, "ann") else 0, f"has no {_META}")
    if not twins:
        return Missing(1, f"has {_META}, but no folders img/ and ann/ beside each other")
    return None


def _read(tree: Tree, wish: Wish) -> Reading:
    machine = _named(tree, _MACHINE)
    if machine and _twins(tree, "masks_machine"):
        return _read_machine(tree, machine)
    meta = _named(tree, _META)
    assert meta
    entries, left = _meta_classes(meta)
    numbers = {entry.name: entry.values[0] for entry in entries if isinstance(entry.values[0], int)}
    files: list[tuple[str, tuple[Path, MaskSource]]] = []
    lone = 0
    for images, below in _twins(tree, "ann"):
        present = {name.casefold() for name in tree.folders[below].others}
        for path in (file.path for file in tree.images(images)):
            own = next(
                (n for n in (f"{path.name}.json", f"{path.stem}.json") if n.casefold() in present), None
            )
            if own is None:
                lone += 1
                continue
            source = SuperviselyMask(tree.path(below, own), numbers)
            files.append((split_of_folder(images) or UNSPLIT, (path, source)))
    left += [LeftOut(many(lone, "image"), "no annotation belongs to them")] if lone else []
    return _reading(tree, files, Declared(tuple(entries), meta.name), "img/ + ann/", left)


def _read_machine(tree: Tree, machine: Path) -> Reading:
    """The export as masks: each class has a shade of grey."""
    content = read_json(machine)
    try:
        known = {
            str(name): int(color[0] if isinstance(color, list) else color) for name, color in content.items()
        }
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise FolderError(f"{machine} is invalid: it must map names to colours such as [1, 1, 1].") from error
    entries = [
        ClassEntry(name, (number,)) for name, number in sorted(known.items(), key=lambda each: each[1])
    ]
    if 0 not in known.values():
        entries.insert(0, ClassEntry("background", (0,)))
    files, left = [], []
    for images, masks in _twins(tree, "masks_machine"):
        matched = match(by_stem(tree.images(images)), by_stem(tree.images(masks)))
        files += [(split_of_folder(images) or UNSPLIT, both) for both in matched.pairs.values()]
        lone = len(matched.without_mask)
        left += [LeftOut(many(lone, "image"), "no masks belong to them")] if lone else []
    left += [LeftOut("masks_human/", "for viewing")] if _twins(tree, "masks_human") else []
    return _reading(tree, files, Declared(tuple(entries), machine.name), "img/ + masks_machine/", left)


def _reading(tree: Tree, files: list, declared: Declared, structure: str, left: list[LeftOut]) -> Reading:
    if not files:
        raise FolderError(f"no image in {tree.root} has an annotation of the same name. Export it again.")
    pairs = named_pairs([both for _, both in files], tree.root)
    splits: dict[str, list[Pair]] = {}
    for (split, _), pair in zip(files, pairs, strict=True):
        splits.setdefault(split, []).append(pair)
    return Reading(
        tree.root,
        "supervisely",
        structure,
        {split: tuple(own) for split, own in splits.items()},
        declared,
        left_out=tuple(left),
        notes=("pixels without an object are background",),
    )


def _meta_classes(meta: Path) -> tuple[list[ClassEntry], list[LeftOut]]:
    """Classes of the project, numbered from 1, its own background 0; and those that cover no area."""
    content = read_json(meta)
    entries: list[ClassEntry] = []
    left: list[LeftOut] = []
    try:
        for item in content["classes"]:
            name, shape = str(item["title"])[:200], str(item.get("shape", "polygon"))[:40]
            if shape not in _DRAWN:
                left.append(LeftOut(f"class {name}", f"its shape is {shape}, which covers no area"))
                continue
            own = 0 if name.casefold() in _BACKGROUNDS else len(entries) + 1
            entries.append(ClassEntry(name, (own,), _color(item)))
    except (KeyError, TypeError, AttributeError) as error:
        raise FolderError(f"{meta} is not a valid meta.json of Supervisely: it must list classes.") from error
    if not any(entry.values == (0,) for entry in entries):
        entries.insert(0, ClassEntry("background", (0,), (0, 0, 0)))
    return sorted(entries, key=lambda entry: entry.values[0]), left  # pyright: ignore[reportArgumentType]


def _color(item: Mapping[str, Any]) -> Color | None:
    text = str(item.get("color", "")).lstrip("#")
    try:
        code = int(text, 16) if len(text) == 6 else None
    except ValueError:
        code = None
    return None if code is None else (code >> 16, code >> 8 & 255, code & 255)


LAYOUTS = (
    Layout(
        "supervisely", "meta.json, DATASET/img/ + DATASET/ann/ or masks_machine/", _fits, _read, owns=True
    ),
)
