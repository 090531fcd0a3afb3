"""Folders of images and folders of masks, in any of the usual arrangements of splits.

    images/ + masks/                        also labels, annotations, gt, targets, ...
    train/images/ + train/masks/            the split first
    images/train/ + masks/train/            the split second
    train/ + train_masks/                   SegNet's train/ + trainannot/, Kaggle's train/ + train_labels/

Names of masks equal those of their images, or add ``_mask``, ``_label``, ``_L`` and the like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from segnet_nb.datasets.layouts import class_files
from segnet_nb.datasets.layouts.couples import Couple, find_couples, what_is_missing
from segnet_nb.datasets.layouts.declared import Declared
from segnet_nb.datasets.layouts.fit import Joined, Layout, Missing, Wish, named_pairs
from segnet_nb.datasets.layouts.pairing import (
    Matched,
    by_stem,
    match,
    match_twins,
    refuse_unpaired,
)
from segnet_nb.datasets.layouts.pairs import UNSPLIT, LeftOut, Pair, counted
from segnet_nb.datasets.layouts.reading import DATASET_FILE, Reading
from segnet_nb.datasets.layouts.split_lists import find_lists, split_by_lists
from segnet_nb.datasets.layouts.tree import Tree
from segnet_nb.datasets.layouts.words import split_of
from segnet_nb.datasets.mask_encoding import FolderError

Splits = Mapping[str, tuple[Pair, ...]]


def read(tree: Tree, wish: Wish) -> Reading:
    """Read folders of images and masks.

    Raises:
        FolderError: if files do not match, or lists or class files are invalid.
    """
    found = find_couples(tree, wish)
    lists = find_lists(tree.root)
    matches = [(couple, _match(tree, couple)) for couple in found]
    left = _left_out(tree, matches, listed=bool(lists))
    pairs, structure = _named(tree, matches), _structure(matches)
    del matches  # may be large
    where = ", ".join(dict.fromkeys(f"{couple.images[0] or '.'}/" for couple in found))
    unsplit = set(pairs) == {UNSPLIT}
    splits, listed = pairs, False
    if lists and unsplit:
        splits = split_by_lists(lists, pairs[UNSPLIT], tree.root, where)
        listed = UNSPLIT not in splits
    elif lists:
        ordered = {
            split: split_by_lists({split: lists[split]}, own, tree.root, where)[split]
            for split, own in pairs.items()
            if split in lists
        }
        splits = {**pairs, **ordered}
    if lists:
        left += _unlisted(pairs, splits)
    return Reading(
        tree.root,
        "folders",
        structure,
        splits,
        find_declared(tree, [folder for couple in found for folder in couple.masks]),
        listed=listed,
        left_out=tuple(left),
    )


def _unlisted(pairs: Mapping[str, tuple[Pair, ...]], splits: Mapping[str, tuple[Pair, ...]]) -> list[LeftOut]:
    used = {pair.name for own in splits.values() for pair in own}
    lone = sum(pair.name not in used for own in pairs.values() for pair in own)
    return [LeftOut(many(lone, "pair"), "no list names them")] if lone else []


def find_declared(tree: Tree, folders: Sequence[str] = ()) -> Declared | None:
    """The classes that a file of a dataset declares: at its root, around its masks, or one folder out."""
    inner = [tree.root / part for folder in folders[:1] for part in _above(folder)]
    outer = [tree.outer] if tree.outer else []
    path = class_files.find_class_file([tree.root, *inner, *outer])
    return None if path is None else class_files.read_class_file(path)


def _above(folder: str) -> list[str]:
    parts = folder.split("/") if folder else []
    return ["/".join(parts[:end]) for end in range(len(parts), 0, -1)]


def _match(tree: Tree, couple: Couple) -> Matched:
    if len(couple.images) == len(couple.masks) == 1:
        image, mask = couple.images[0], couple.masks[0]
        twins = match_twins(
            (tree.path(image), tree.folders[image].images), (tree.path(mask), tree.folders[mask].images)
        )
        if twins is not None:
            return twins
    images = by_stem(path for folder in couple.images for path in tree.images(folder))
    fitting = couple.masks
    if len(fitting) > 1:
        fitting = [f for f in couple.masks if match(images, by_stem(tree.images(f))).pairs]
    if len(fitting) > 1:
        raise FolderError(
            f"two folders could hold the masks of {couple.images[0] or tree.root.name}/: {fitting[0]} and "
            f"{fitting[1]}. Choose one with `segnet-nb data inspect {tree.root} --masks {fitting[0]} "
            "--write`, "
            "or keep one."
        )
    return match(images, by_stem(path for folder in fitting for path in tree.images(folder)))


def _named(tree: Tree, matches: Sequence[tuple[Couple, Matched]]) -> dict[str, tuple[Pair, ...]]:
    """The pairs of each split."""
    named = named_pairs(Joined([matched.pairs.values() for _, matched in matches]), tree.root)
    splits: dict[str, tuple[Pair, ...]] = {}
    start = 0
    for couple, matched in matches:
        end = start + len(matched.pairs)
        if matched.pairs:
            split = couple.split or UNSPLIT
            splits[split] = splits.get(split, ()) + named[start:end]
        start = end
    return splits


def _left_out(tree: Tree, matches: Sequence[tuple[Couple, Matched]], listed: bool) -> list[LeftOut]:
    """What does not belong to a pair.

    Raises:
        FolderError: if an image has no mask or a mask no image, and no list tells which to use.
    """
    left = []
    for couple, matched in matches:
        lone, orphans = len(matched.without_mask), len(matched.without_image)
        if couple.split == "test" and not matched.pairs:
            left.append(LeftOut(f"{many(lone, 'image')} of test", "no masks belong to them"))
        elif not listed:
            images, masks = (
                sum(len(tree.folders[folder].images) for folder in folders)
                for folders in (couple.images, couple.masks)
            )
            refuse_unpaired(matched, images, masks)
        else:
            left += [LeftOut(many(lone, "image"), "no masks belong to them")] if lone else []
            left += [LeftOut(many(orphans, "mask"), "no images belong to them")] if orphans else []
        if matched.extra:
            names = counted(path.name for path in matched.extra)
            left.append(LeftOut(names, "their images have another mask"))
    used = {folder for couple, _ in matches for folder in (*couple.images, *couple.masks)}
    for folder, one in tree.folders.items():
        if one.images and folder not in used:
            where = f"{many(len(one.images), 'image')} in {folder or tree.root.name}/"
            left.append(LeftOut(where, "no masks belong to them"))
    return left + other_files(tree, used)


def other_files(tree: Tree, used: Iterable[str]) -> list[LeftOut]:
    """Files in some folders whose endings are not those of images."""
    names = [name for folder in sorted(used) for name in tree.folders[folder].others]
    known = {*class_files.NAMES, DATASET_FILE}
    kept = [n for n in names if n.casefold() not in known and not (n.endswith(".txt") and split_of(n[:-4]))]
    return [LeftOut(counted(kept), "not an image that can be read")] if kept else []


def many(count: int, what: str) -> str:
    """A number of things.

    Example:
        >>> many(1, "image"), many(2, "image")
        ('1 image', '2 images')
    """
    return f"{count} {what}{'s' * (count != 1)}"


def _structure(matches: Sequence[tuple[Couple, Matched]]) -> str:
    """The folders in words."""
    shown = [f"{couple.images[0] or '.'}/ + {couple.masks[0] or '.'}/" for couple, _ in matches[:3]]
    more = f" and {len(matches) - 3} more" if len(matches) > 3 else ""
    rule = next((matched.rule for _, matched in matches if matched.rule), "")
    return ", ".join(shown) + more + (f"; names of masks add {rule}" if rule else "")


# --- the layouts that are told apart ---


def _is_plain(tree: Tree, found: Sequence[Couple]) -> bool:
    return found[0].split is None and not tree.file("", "codes.txt")


def _is_fastai(tree: Tree, found: Sequence[Couple]) -> bool:
    return found[0].split is None and tree.file("", "codes.txt") is not None


def _is_split_first(tree: Tree, found: Sequence[Couple]) -> bool:
    return found[0].split is not None and found[0].split_first is True


def _is_split_second(tree: Tree, found: Sequence[Couple]) -> bool:
    return found[0].split is not None and found[0].split_first is False


def _is_joined(found: Sequence[Couple]) -> bool:
    return found[0].split is not None and found[0].split_first is None


def _is_segnet(tree: Tree, found: Sequence[Couple]) -> bool:
    return _is_joined(found) and found[0].masks[0].casefold().endswith("annot")


def _is_kaggle(tree: Tree, found: Sequence[Couple]) -> bool:
    has = tree.file("", "class_dict.csv") is not None
    return _is_joined(found) and has and not _is_segnet(tree, found)


def _is_split_names(tree: Tree, found: Sequence[Couple]) -> bool:
    return _is_joined(found) and not _is_segnet(tree, found) and not _is_kaggle(tree, found)


def _layout(name: str, line: str, test: Callable[[Tree, Sequence[Couple]], bool]) -> Layout:
    def fits(tree: Tree) -> Missing | None:
        if (missing := what_is_missing(tree)) is not None:
            return missing
        return None if test(tree, find_couples(tree, Wish())) else Missing(0, "has other folders")

    return Layout(name, line, fits, lambda tree, wish: replace(read(tree, wish), layout=name), general=True)


LAYOUTS = (
    _layout("images-masks", "images/ + masks/ (or labels, annotations, gt, targets)", _is_plain),
    _layout("split-first", "train/images/ + train/masks/, val/...", _is_split_first),
    _layout("split-second", "images/train/ + masks/train/, .../val/", _is_split_second),
    _layout("split-names", "train/ + train_masks/, val/ + val_masks/", _is_split_names),
    _layout("segnet", "train/ + trainannot/, with or without train.txt", _is_segnet),
    _layout("camvid-kaggle", "train/ + train_labels/, class_dict.csv", _is_kaggle),
    _layout("fastai", "images/ + labels/, codes.txt, valid.txt", _is_fastai),
)
