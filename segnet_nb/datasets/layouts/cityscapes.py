"""Cityscapes: ``leftImg8bit/train/aachen/*_leftImg8bit.png`` and ``gtFine/train/aachen/*_labelIds.png``.

The 34 ids are mapped to the 19 classes that are evaluated, and void.
"""

from __future__ import annotations

from segnet_nb.datasets.layouts.declared import ClassEntry, Declared
from segnet_nb.datasets.layouts.fit import Layout, Missing, Wish, named_pairs, split_of_folder
from segnet_nb.datasets.layouts.folders import many
from segnet_nb.datasets.layouts.pairs import UNSPLIT, File, LeftOut, Pair
from segnet_nb.datasets.layouts.reading import Reading
from segnet_nb.datasets.layouts.tree import Tree, stem_of
from segnet_nb.datasets.mask_encoding import Color, FolderError

IMAGES = "leftImg8bit"
_LABELS = ("gtFine", "gtCoarse")
_ID_ENDS = ("_labelIds", "_labelTrainIds")
_VOID_IDS = (0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30, 255)

# id, name, colour: cityscapesScripts, helpers/labels.py.
CLASSES: tuple[tuple[int, str, Color], ...] = (
    (7, "road", (128, 64, 128)),
    (8, "sidewalk", (244, 35, 232)),
    (11, "building", (70, 70, 70)),
    (12, "wall", (102, 102, 156)),
    (13, "fence", (190, 153, 153)),
    (17, "pole", (153, 153, 153)),
    (19, "traffic light", (250, 170, 30)),
    (20, "traffic sign", (220, 220, 0)),
    (21, "vegetation", (107, 142, 35)),
    (22, "terrain", (152, 251, 152)),
    (23, "sky", (70, 130, 180)),
    (24, "person", (220, 20, 60)),
    (25, "rider", (255, 0, 0)),
    (26, "car", (0, 0, 142)),
    (27, "truck", (0, 0, 70)),
    (28, "bus", (0, 60, 100)),
    (31, "train", (0, 80, 100)),
    (32, "motorcycle", (0, 0, 230)),
    (33, "bicycle", (119, 11, 32)),
)
"""The 19 evaluated classes: id, name and colour."""


def declared_classes(train_ids: bool = False) -> Declared:
    """The 19 classes by their ids, or by the ids 0..18 for training; all other ids are void.

    Example:
        >>> encoding = declared_classes().encoding()
        >>> encoding.ids[7], encoding.ids[33], encoding.ids[0], encoding.classes.void_id
        (0, 18, 19, 19)
    """
    entries = (
        ClassEntry(name, (number if train_ids else own,), color)
        for number, (own, name, color) in enumerate(CLASSES)
    )
    return Declared(tuple(entries), "Cityscapes", (255,) if train_ids else _VOID_IDS)


def _fits(tree: Tree) -> Missing | None:
    images = tree.has_folder(IMAGES)
    labels = next(filter(None, map(tree.has_folder, _LABELS)), None)
    if images is None and labels is None:
        return Missing(0, f"has no {IMAGES}/ and no gtFine/")
    if images is None or labels is None:
        there, gone = (IMAGES, "gtFine") if labels is None else (labels, IMAGES)
        return Missing(2, f"has {there}/, but no {gone}/ beside it")
    if not _masks(tree, labels):
        return Missing(3, f"has {labels}/, but no files in it end in {' or '.join(_ID_ENDS)}.png")
    return None


def _masks(tree: Tree, labels: str) -> dict[str, tuple[str, str]]:
    """Folder and file name of each mask, by the folders below and the name without what it adds."""
    found: dict[str, dict[str, tuple[str, str]]] = {end: {} for end in _ID_ENDS}
    for folder, one in tree.folders.items():
        if folder.startswith(f"{labels}/"):
            for name in one.images:
                stem = stem_of(name)
                for end in _ID_ENDS:
                    if stem.endswith(end):
                        place = folder.removeprefix(labels), stem.removesuffix(end).removesuffix(f"_{labels}")
                        found[end]["/".join(place)] = folder, name
    return found[_ID_ENDS[0]] or found[_ID_ENDS[1]]


def _read(tree: Tree, wish: Wish) -> Reading:
    images = tree.has_folder(IMAGES)
    labels = next(filter(None, map(tree.has_folder, _LABELS)), None)
    assert images and labels
    masks = _masks(tree, labels)
    files, lone = [], 0
    for folder, one in tree.folders.items():
        for name in one.images if folder.startswith(f"{images}/") else ():
            stem = stem_of(name).removesuffix(f"_{IMAGES}")
            mask = masks.get("/".join((folder.removeprefix(images), stem)))
            if mask is None:
                lone += 1
            else:
                files.append(
                    (
                        split_of_folder(folder) or UNSPLIT,
                        (File(tree.path(folder), name), File(tree.path(mask[0]), mask[1])),
                    )
                )
    if not files:
        raise FolderError(f"no image in {tree.root / images} has a mask in {labels}/ of the same name.")
    pairs = named_pairs([both for _, both in files], tree.root, [f"_{IMAGES}"])
    splits: dict[str, list[Pair]] = {}
    for (split, _), pair in zip(files, pairs, strict=True):
        splits.setdefault(split, []).append(pair)
    train_ids = stem_of(next(iter(masks.values()))[1]).endswith(_ID_ENDS[1])
    left = [LeftOut(many(lone, "image"), "no masks belong to them")] if lone else []
    left.append(LeftOut("colours, instances and polygons, if any", "the ids are read"))
    return Reading(
        tree.root,
        "cityscapes",
        f"{images}/SPLIT/CITY/ + {labels}/SPLIT/CITY/*{_ID_ENDS[train_ids]}.png",
        {split: tuple(own) for split, own in splits.items()},
        declared_classes(train_ids),
        left_out=tuple(left),
        notes=() if train_ids else ("the 34 ids of Cityscapes are mapped to its 19 evaluated classes",),
    )


LAYOUTS = (
    Layout(
        "cityscapes", "leftImg8bit/train/CITY/ + gtFine/train/CITY/*_labelIds.png", _fits, _read, owns=True
    ),
)
