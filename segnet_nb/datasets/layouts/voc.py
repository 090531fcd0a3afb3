"""Pascal VOC and what writes its layout: CVAT (labelmap.txt) and LabelMe's converter (class_names.txt).

JPEGImages/a.jpg  SegmentationClass/a.png  ImageSets/Segmentation/train.txt, val.txt  labelmap.txt
"""

from __future__ import annotations

from dataclasses import replace

from segnet_nb.datasets.layouts.declared import ClassEntry, Declared
from segnet_nb.datasets.layouts.fit import Layout, Missing, Wish, named_pairs
from segnet_nb.datasets.layouts.folders import find_declared, many, other_files
from segnet_nb.datasets.layouts.pairing import by_stem, match
from segnet_nb.datasets.layouts.pairs import UNSPLIT, LeftOut, counted
from segnet_nb.datasets.layouts.reading import Reading
from segnet_nb.datasets.layouts.split_lists import PairIndex, find_lists, read_list
from segnet_nb.datasets.layouts.text_files import read_lines
from segnet_nb.datasets.layouts.tree import Tree
from segnet_nb.datasets.layouts.undeclared import VOC_VOID
from segnet_nb.datasets.mask_encoding import Color, FolderError

IMAGES = "JPEGImages"
MASKS = ("SegmentationClass", "SegmentationClassPNG", "SegmentationClassAug", "SegmentationClassRaw")
_OTHERS = ("SegmentationObject", "SegmentationClassVisualization", "SegmentationObjectVisualization")
_LISTS = ("ImageSets/Segmentation", "ImageSets/Main", "ImageSets")

VOC_NAMES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train"),
    "tvmonitor",
)
"""The 21 classes of Pascal VOC, in order of their numbers."""


def voc_color(number: int) -> Color:
    """The colour of a number in the palette of Pascal VOC, as its development kit computes it.

    Example:
        >>> voc_color(1), voc_color(15)
        ((128, 0, 0), (192, 128, 128))
    """
    parts = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            parts[channel] |= (number >> 3 * bit + channel & 1) << 7 - bit
    return parts[0], parts[1], parts[2]


def voc_classes() -> Declared:
    """The 21 classes of Pascal VOC, by number and by colour; 255 and the colour of borders are void."""
    entries = (ClassEntry(name, (number, voc_color(number))) for number, name in enumerate(VOC_NAMES))
    return Declared(tuple(entries), "Pascal VOC", (255, VOC_VOID))


def _masks(tree: Tree) -> str | None:
    found = [name for name in map(tree.has_folder, MASKS) if name and tree.folders[name].images]
    return found[0] if found else None


def _fits(tree: Tree) -> Missing | None:
    images, masks = tree.has_folder(IMAGES), _masks(tree)
    if masks is None:
        if images or any(map(tree.has_folder, MASKS)):
            return Missing(1 + bool(images), f"has no masks in {MASKS[0]}/")
        return Missing(0, f"has no {IMAGES}/ and no {MASKS[0]}/")
    if images is None or not tree.folders[images].images:
        return Missing(3, f"has {masks}/, but no images in {IMAGES}/ (in CVAT, export with Save images)")
    return None


def _read(tree: Tree, wish: Wish) -> Reading:
    images, masks = tree.has_folder(IMAGES), _masks(tree)
    assert images and masks
    inside = sorted(f for f in tree.folders if f == images or f.startswith(f"{images}/"))
    if len(inside) > 1:
        return _read_nested(tree, images, masks)
    matched = match(by_stem(tree.images(images)), by_stem(tree.images(masks)))
    return _reading(
        tree, images, masks, [*matched.pairs.values()], matched.without_mask, matched.without_image
    )


def _read_nested(tree: Tree, images: str, masks: str) -> Reading:
    """CVAT keeps the folders of the images below both folders."""
    files, lone, orphans = [], [], []
    for folder in sorted(tree.folders):
        if folder == images or folder.startswith(f"{images}/"):
            twin = masks + folder.removeprefix(images)
            own = by_stem(tree.images(twin)) if twin in tree.folders else {}
            matched = match(by_stem(tree.images(folder)), own)
            files += matched.pairs.values()
            lone += matched.without_mask
            orphans += matched.without_image
    return _reading(tree, images, masks, files, lone, orphans)


def _reading(tree: Tree, images: str, masks: str, files: list, lone: object, orphans: object) -> Reading:
    lone, orphans = tuple(lone), tuple(orphans)  # pyright: ignore[reportArgumentType]
    if not files:
        raise FolderError(f"no file in {tree.root / masks} has the name of one in {images}/. Rename them.")
    pairs = named_pairs(files, tree.root)
    left = [LeftOut(many(len(lone), "image"), "no masks belong to them")] if lone else []
    left += [LeftOut(many(len(orphans), "mask"), "no images belong to them")] if orphans else []
    for name in filter(None, map(tree.has_folder, _OTHERS)):
        left.append(LeftOut(f"{name}/", "not masks of classes"))
    lists = find_lists(tree.root, _LISTS)
    index, splits = PairIndex(pairs, tree.root), {}
    for split, path in lists.items():
        if not any(index.find(line) for line in read_lines(path)):
            left.append(LeftOut(f"{path.relative_to(tree.root).as_posix()}", "none of its names has a mask"))
        else:
            splits[split] = read_list(path, index, f"{masks}/")
    if not splits:
        splits = {UNSPLIT: pairs}
    else:
        used = {pair.image for own in splits.values() for pair in own}
        if unlisted := [pair.image.name for pair in pairs if pair.image not in used]:
            left.append(LeftOut(counted(unlisted), "in no list"))
    declared = find_declared(tree, [masks])
    notes = ()
    if declared is None:
        declared, notes = voc_classes(), ("no labelmap.txt: the classes are taken to be those of Pascal VOC",)
    else:
        declared = _with_border(declared)
    return Reading(
        tree.root,
        "voc",
        f"{images}/ + {masks}/" + (", ImageSets/" if lists else ""),
        splits,
        declared,
        listed="val" in splits and "train" in splits,
        left_out=tuple(left + other_files(tree, [images, masks])),
        notes=notes,
    )


def _with_border(declared: Declared) -> Declared:
    """Declared classes, with the colour of the borders of objects as void."""
    if any(isinstance(value, tuple) for value in declared.values) and VOC_VOID not in declared.values:
        return replace(declared, void=(*declared.void, VOC_VOID))
    return declared


LAYOUTS = (
    Layout(
        "voc",
        "JPEGImages/ + SegmentationClass/, ImageSets/, labelmap.txt (VOC, CVAT)",
        _fits,
        _read,
        owns=True,
    ),
)
