"""COCO: one JSON file with ``images``, ``annotations`` and ``categories`` for many images.

Polygons and run lengths are drawn with pycocotools; pixels without an annotation are background.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from segnet_nb.datasets.layouts.declared import ClassEntry, Declared
from segnet_nb.datasets.layouts.fit import Layout, Missing, Wish, named_pairs, split_of_folder
from segnet_nb.datasets.layouts.folders import many
from segnet_nb.datasets.layouts.pairs import UNSPLIT, LeftOut, Pair
from segnet_nb.datasets.layouts.reading import Reading
from segnet_nb.datasets.layouts.shapes import CocoMask, check_size, coco_coder
from segnet_nb.datasets.layouts.text_files import read_json
from segnet_nb.datasets.layouts.tree import Tree, stem_of
from segnet_nb.datasets.layouts.words import split_of
from segnet_nb.datasets.mask_encoding import FolderError

_KEYS = (b'"images"', b'"annotations"', b'"categories"')
_MOST_FILES = 30  # more JSON files in one folder are annotations of one image each
_BACKGROUND = "background"


def find_files(tree: Tree) -> list[Path]:
    """The annotation files of a tree, those of instances first."""
    by_folder: dict[str, list[str]] = {}
    for folder, name in tree.others(".json"):
        by_folder.setdefault(folder, []).append(name)
    paths = [
        tree.path(folder, name)
        for folder, names in by_folder.items()
        if len(names) <= _MOST_FILES
        for name in names
    ]
    found = [path for path in paths if _is_coco(path)]
    return sorted(found, key=lambda path: ("instances" not in path.name, "stuff" in path.name, str(path)))


def _is_coco(path: Path) -> bool:
    state = path.stat()
    return _has_keys(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _has_keys(path: Path, size: int, changed: int) -> bool:
    """Whether a file has the keys; remembered while it stays the same, since a file may be large."""
    content = path.read_bytes().replace(b"\0", b"")  # UTF-16 too
    return all(key in content for key in _KEYS) and b'"segmentation"' in content


def _fits(tree: Tree) -> Missing | None:
    if find_files(tree):
        return None if any(one.images for one in tree.folders.values()) else Missing(2, "has no images")
    return Missing(0, "has no JSON file with images, annotations and segmentations")


@dataclass
class _Found:
    """What the annotation files hold."""

    numbers: dict[str, int] = field(default_factory=dict)
    files: list[tuple[str, tuple[Path, CocoMask]]] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    absent: list[str] = field(default_factory=list)
    boxes: int = 0
    left: list[LeftOut] = field(default_factory=list)


def _read(tree: Tree, wish: Wish) -> Reading:
    paths = find_files(tree)
    found, places = _Found(), _places(tree)
    for path in paths:
        _add_file(found, tree, path, places)
    if not found.files:
        example = f", the first is {found.absent[0]}" if found.absent else ""
        raise FolderError(
            f"no image that {paths[0]} lists is in {tree.root}{example}. Put the images beside it."
        )
    if found.absent:
        found.left.append(
            LeftOut(f"{many(len(found.absent), 'image')} such as {found.absent[0]}", "no such file")
        )
    if found.boxes:
        found.left.append(LeftOut(many(found.boxes, "annotation"), "a box without a segmentation"))
    if found.boxes and not any(mask.areas for _, (_, mask) in found.files):
        raise FolderError(f"{paths[0]} has boxes, but no segmentations. Export polygons or run lengths.")
    unlisted = sum(len(one.images) for one in tree.folders.values()) - len(found.seen)
    if unlisted:
        found.left.append(LeftOut(many(unlisted, "image"), "in no annotation file"))
    pairs = named_pairs([both for _, both in found.files], tree.root)
    splits: dict[str, list[Pair]] = {}
    for (split, _), pair in zip(found.files, pairs, strict=True):
        splits.setdefault(split, []).append(pair)
    return Reading(
        tree.root,
        "coco",
        ", ".join(path.relative_to(tree.root).as_posix() for path in paths[:4]),
        {split: tuple(own) for split, own in splits.items()},
        _declared(found.numbers, paths[0].name),
        left_out=tuple(found.left),
        notes=("pixels without an annotation are background; small objects are drawn over large ones",),
    )


def _declared(numbers: Mapping[str, int], source: str) -> Declared:
    entries = [ClassEntry(_BACKGROUND, (0,))] if 0 not in numbers.values() else []
    ordered = sorted(numbers.items(), key=lambda each: each[1])
    return Declared((*entries, *(ClassEntry(name, (number,)) for name, number in ordered)), source)


def _places(tree: Tree) -> dict[str, list[Path]]:
    """Paths of all images by their names."""
    found: dict[str, list[Path]] = {}
    for folder in tree.folders:
        for file in tree.images(folder):
            found.setdefault(stem_of(file.name), []).append(file.path)
    return found


def load_file(path: Path) -> dict[str, Any]:
    """The content of an annotation file.

    Raises:
        FolderError: if it is invalid.
    """
    content = read_json(path)
    parts = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not all(isinstance(content.get(part), list) for part in parts):
        raise FolderError(f"{path} is not a valid COCO file: it must have lists {', '.join(parts)}.")
    for part in parts:
        for place, entry in enumerate(content[part]):
            if not (isinstance(entry, dict) and _is_valid(entry, part)):
                raise FolderError(
                    f"{path} is not a valid COCO file: number {place} of its {part} has a field of another "
                    "kind than the format says, or lacks one. Export it again."
                )
    return content


def _is_valid(entry: Mapping[str, Any], part: str) -> bool:
    """Whether the fields that are used are of the kind that the format says."""

    def has(*names: str, kind: Any) -> bool:
        return all(isinstance(entry.get(name), kind) for name in names)

    if part == "images":
        return has("id", kind=int | str) and has("file_name", kind=str | None)
    if part == "categories":
        return (
            has("id", kind=int | str)
            and has("name", kind=str | int)
            and has("supercategory", kind=str | None)
        )
    box = entry.get("bbox") or []
    area = entry.get("area")
    numbers = isinstance(box, list) and all(isinstance(each, int | float) for each in box)
    return (
        has("image_id", kind=int | str)
        and has("category_id", kind=int | str | None)
        and numbers
        and len(box) in (0, 4)
        and (area is None or (isinstance(area, int | float) and abs(area) < 1e300))
        and isinstance(entry.get("segmentation"), list | dict | None)
    )


def _add_file(found: _Found, tree: Tree, path: Path, places: Mapping[str, list[Path]]) -> None:
    content = load_file(path)
    names = category_names(content)
    for name in names.values():
        next_number = max(found.numbers.values(), default=0) + 1
        found.numbers.setdefault(name, 0 if name.casefold() == _BACKGROUND else next_number)
    areas, boxes = areas_of(content, names, found.numbers)
    folder = path.parent.relative_to(tree.root).as_posix()
    split = split_of(path.stem) or split_of_folder(folder)
    new = 0
    for entry in content["images"]:
        image = _locate(entry, path, places, split)
        if image is None:
            found.absent.append(str(entry.get("file_name")))
        elif image not in found.seen:
            found.seen.add(image)
            new += 1
            own = split or split_of_folder(image.parent.relative_to(tree.root).as_posix()) or UNSPLIT
            found.files.append((own, (image, mask_of(entry, path, areas))))
    if new:
        found.boxes += boxes
    else:
        found.left.append(LeftOut(path.name, "another file annotates the same images, or none is here"))


def mask_of(
    entry: Mapping[str, Any], path: Path, areas: Mapping[Any, list[tuple[float, int, Any]]]
) -> CocoMask:
    """The mask of one image of an annotation file.

    Raises:
        FolderError: if the size of the image is not given.
    """
    name = str(entry.get("file_name"))[:200]
    size = check_size(entry.get("height"), entry.get("width"), f"{path} ({name})")
    ordered = sorted(areas.get(entry["id"], []), key=lambda each: -each[0])
    return CocoMask(path, entry["id"], size, tuple((number, shape) for _, number, shape in ordered))


def category_names(content: Mapping[str, Any]) -> dict[Any, str]:
    """Names of the categories by id; Roboflow's unused category for its whole project is left out."""
    categories = sorted(content["categories"], key=lambda each: (isinstance(each["id"], str), each["id"]))
    used = {each.get("category_id") for each in content["annotations"]}
    groups = {each.get("supercategory") for each in categories}
    return {
        each["id"]: str(each["name"])
        for each in categories
        if each["id"] in used or not (each.get("supercategory") == "none" and each["name"] in groups)
    }


def areas_of(
    content: Mapping[str, Any], names: Mapping[Any, str], numbers: Mapping[str, int]
) -> tuple[dict[Any, list[tuple[float, int, Any]]], int]:
    """Area, class number and segmentation of the annotations of each image; how many have no segmentation."""
    found: dict[Any, list[tuple[float, int, Any]]] = {}
    boxes = 0
    for each in content["annotations"]:
        segmentation = each.get("segmentation")
        if isinstance(segmentation, list):
            segmentation = [part for part in segmentation if isinstance(part, list) and len(part) >= 6]
        if not segmentation or each.get("category_id") not in names:
            boxes += 1
            continue
        number = numbers[names[each["category_id"]]]
        found.setdefault(each["image_id"], []).append((_area(each), number, segmentation))
    return found, boxes


def _area(annotation: Mapping[str, Any]) -> float:
    if annotation.get("area"):
        return float(annotation["area"])
    box = annotation.get("bbox") or (0, 0, 0, 0)
    return float(box[2]) * float(box[3])


def _locate(
    entry: Mapping[str, Any], path: Path, places: Mapping[str, list[Path]], split: str | None
) -> Path | None:
    """The image of an entry: by its path, else by its name alone, of the split if there are several."""
    name = str(entry.get("file_name", "")).replace("\\", "/")
    found = places.get(stem_of(name), [])
    ends = [each for each in found if each.name == name.rsplit("/", 1)[-1]] or found
    deeper = [each for each in ends if each.as_posix().endswith(f"/{name}")] or ends
    beside = [each for each in deeper if each.is_relative_to(path.parent)] or deeper
    same = [each for each in beside if split and split_of_folder(each.parent.as_posix()) == split] or beside
    return same[0] if same else None


def check_coder() -> None:
    """Raise unless pycocotools is installed.

    Raises:
        ModuleNotFoundError: if it is not.
    """
    coco_coder()


LAYOUTS = (Layout("coco", "a JSON file with images, annotations and categories (COCO)", _fits, _read),)
