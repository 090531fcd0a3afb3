"""LabelMe: a JSON file of shapes for each image, beside it or in a folder of its own."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

from segnet_nb.datasets.layouts.declared import ClassEntry, Declared, with_void_names
from segnet_nb.datasets.layouts.fit import Layout, Missing, Wish, named_pairs, split_of_folder
from segnet_nb.datasets.layouts.folders import find_declared, many
from segnet_nb.datasets.layouts.pairs import UNSPLIT, LeftOut, Pair
from segnet_nb.datasets.layouts.reading import Reading
from segnet_nb.datasets.layouts.shapes import DRAWN_BY_LABELME, LabelMeMask
from segnet_nb.datasets.layouts.split_lists import find_lists, split_by_lists
from segnet_nb.datasets.layouts.text_files import read_json
from segnet_nb.datasets.layouts.tree import Tree, stem_of
from segnet_nb.datasets.mask_encoding import FolderError

_BACKGROUND = ("_background_", "background")
_KEYS = (b'"shapes"', b'"imagePath"')
_LOOKED_AT = 3


def find_files(tree: Tree) -> list[Path]:
    """The annotation files of a tree: all JSON files of folders whose first ones are LabelMe's."""
    by_folder: dict[str, list[Path]] = {}
    for folder, name in tree.others(".json"):
        by_folder.setdefault(folder, []).append(tree.path(folder, name))
    return [
        path for paths in by_folder.values() if any(map(_is_labelme, paths[:_LOOKED_AT])) for path in paths
    ]


def _is_labelme(path: Path) -> bool:
    state = path.stat()
    return _has_keys(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _has_keys(path: Path, size: int, changed: int) -> bool:
    """Whether a file has the keys; remembered while it stays the same, since a file may be large."""
    content = path.read_bytes().replace(b"\0", b"")  # UTF-16 too
    return all(key in content for key in _KEYS)


def _fits(tree: Tree) -> Missing | None:
    if not find_files(tree):
        return Missing(0, "has no JSON files of LabelMe")
    if not any(one.images for one in tree.folders.values()):
        return Missing(2, "has JSON files of LabelMe, but no images")
    return None


def _read(tree: Tree, wish: Wish) -> Reading:
    files = [path for path in find_files(tree) if _is_labelme(path)]
    with ThreadPoolExecutor(2) as pool:
        shapes = list(pool.map(_labels, files))
    declared, source_note = _classes(tree, [label for found, _, _ in shapes for label in found])
    numbers = {
        entry.name: value for entry in declared.entries for value in entry.values if isinstance(value, int)
    }
    numbers |= {"__ignore__": 255}
    images = _places(tree)
    both, lone, left = [], [], []
    for path, (_, image_path, _) in zip(files, shapes, strict=True):
        image = _locate(path, image_path, images)
        if image is None:
            lone.append(path.name)
        else:
            both.append((image, LabelMeMask(path, numbers)))
    if not both:
        raise FolderError(
            f"no image of the JSON files in {tree.root} was found; {lone[0]} has none beside it."
        )
    left += _left_out(tree, lone, len(both), sum((kinds for _, _, kinds in shapes), Counter()))
    pairs = named_pairs(both, tree.root)
    splits, listed = _splits(tree, pairs)
    return Reading(
        tree.root,
        "labelme",
        f"{many(len(files), 'JSON file')} of shapes",
        splits,
        declared,
        listed=listed,
        left_out=tuple(left),
        notes=(
            source_note,
            "pixels without a shape are background; later shapes are drawn over earlier ones",
        ),
    )


def _left_out(tree: Tree, lone: list[str], used: int, kinds: Counter[str]) -> list[LeftOut]:
    left = [LeftOut(many(len(lone), "JSON file"), "their images are not here")] if lone else []
    left += [
        LeftOut(many(count, f"{kind} shape"), "it covers no area")
        for kind, count in kinds.items()
        if kind not in DRAWN_BY_LABELME
    ]
    unused = sum(len(one.images) for one in tree.folders.values()) - used
    return left + ([LeftOut(many(unused, "image"), "no JSON file belongs to them")] if unused else [])


def _splits(tree: Tree, pairs: tuple[Pair, ...]) -> tuple[dict[str, tuple[Pair, ...]], bool]:
    splits: dict[str, list[Pair]] = {}
    for pair in pairs:
        folder = pair.image.parent.relative_to(tree.root).as_posix()
        splits.setdefault(split_of_folder(folder) or UNSPLIT, []).append(pair)
    found = {split: tuple(own) for split, own in splits.items()}
    lists = find_lists(tree.root)
    if lists and set(found) == {UNSPLIT}:
        listed = split_by_lists(lists, pairs, tree.root, tree.root.name)
        return listed, UNSPLIT not in listed
    return found, False


def _labels(path: Path) -> tuple[set[str], str, Counter[str]]:
    """Labels of the shapes of a file, the path of its image, and its kinds of shapes."""
    content: Any = read_json(path)
    try:
        shapes = content["shapes"]
        kinds = Counter(shape.get("shape_type") or "polygon" for shape in shapes)
        drawn = [s for s in shapes if (s.get("shape_type") or "polygon") in DRAWN_BY_LABELME]
        return {str(shape["label"]) for shape in drawn}, str(content["imagePath"]), kinds
    except (KeyError, TypeError, AttributeError) as error:
        raise FolderError(f"{path} is not a valid file of LabelMe: {error!r}. Save it again.") from error


def _classes(tree: Tree, labels: list[str]) -> tuple[Declared, str]:
    """Classes of a list of labels, or of the labels that occur; and where they are from."""
    occurring = sorted(set(labels) - {*_BACKGROUND, "__ignore__"})
    listed = find_declared(tree)
    if listed is not None:
        names = [entry.name for entry in listed.entries if entry.name not in (*_BACKGROUND, "__ignore__")]
        if unknown := [label for label in occurring if label not in names]:
            raise FolderError(
                f"a JSON file has the label {unknown[0]!r}, but {listed.source} lists only "
                f"{', '.join(names)}. "
                "Add it, or correct the label."
            )
        source = listed.source
    else:
        names, source = occurring, "the labels of the JSON files"
    if not names:
        raise FolderError(f"the JSON files in {tree.root} have no shapes that cover an area. Draw polygons.")
    entries = [ClassEntry(_BACKGROUND[1], (0,))]
    entries += [ClassEntry(name, (number,)) for number, name in enumerate(names, start=1)]
    declared = with_void_names(entries, source)
    return declared, f"the classes are background and {source}"


def _places(tree: Tree) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for folder in tree.folders:
        for file in tree.images(folder):
            found.setdefault(stem_of(file.name), []).append(file.path)
    return found


def _locate(path: Path, image_path: str, images: dict[str, list[Path]]) -> Path | None:
    """The image of a JSON file: the one that it names, else the one of the same name."""
    for stem in (stem_of(image_path), path.stem):
        if found := images.get(stem):
            same = [each for each in found if each.parent == path.parent]
            split = split_of_folder(path.parent.as_posix())
            near = [each for each in found if split_of_folder(each.parent.as_posix()) == split]
            return (same or near or found)[0]
    return None


LAYOUTS = (Layout("labelme", "a.jpg + a.json with shapes (LabelMe)", _fits, _read),)
