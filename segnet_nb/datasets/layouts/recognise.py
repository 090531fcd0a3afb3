"""Recognise the layout of a folder: exactly one must fit, or the error names the nearest."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.datasets.layouts import (
    beside,
    cityscapes,
    coco,
    dataset_file,
    folders,
    labelme,
    supervisely,
    voc,
)
from segnet_nb.datasets.layouts.fit import Layout, Missing, Wish
from segnet_nb.datasets.layouts.pairs import LeftOut
from segnet_nb.datasets.layouts.reading import DATASET_FILE, Reading
from segnet_nb.datasets.layouts.tree import Tree, below, list_tree
from segnet_nb.datasets.mask_encoding import FolderError

LAYOUTS: tuple[Layout, ...] = (
    *folders.LAYOUTS,
    *beside.LAYOUTS,
    *voc.LAYOUTS,
    *cityscapes.LAYOUTS,
    *coco.LAYOUTS,
    *labelme.LAYOUTS,
    *supervisely.LAYOUTS,
)
"""All layouts, by which a folder is recognised."""

_DEEPEST = 3


def open_reading(
    path: str | os.PathLike[str], *, layout: str = "", masks: str = "", pinned: bool = True
) -> Reading:
    """Recognise the layout of a dataset on disk, and list its pairs without decoding any.

    Args:
        path: the folder, or a ``dataset.json``.
        layout: name of the layout, if several fit; empty: the only one that does.
        masks: name of the folder of masks, if several could be meant.
        pinned: whether to follow a ``dataset.json`` in the folder.

    Returns:
        What was read: splits, pairs, declared classes, and what was left out.

    Raises:
        FileNotFoundError: if the folder does not exist or no layout fits; the message names the nearest one.
        FolderError: if several layouts fit, or files do not match.

    Example:
        >>> try:
        ...     open_reading("no-such-folder")
        ... except FileNotFoundError as error:
        ...     print("images/" in str(error))
        True
    """
    wish = Wish(_known(layout), masks)
    root = Path(path).expanduser()
    if root.is_file():
        _check_kind(root)
        return dataset_file.read_dataset_file(root)
    own = root / DATASET_FILE
    if pinned and wish == Wish() and own.is_file() and dataset_file.is_pinned(own):
        return dataset_file.read_dataset_file(own)
    tree = list_tree(root)
    return _with_hidden(tree, _recognised(tree, wish))


def _check_kind(path: Path) -> None:
    """Raise unless a file has the ending of a ``dataset.json``."""
    if path.suffix.lower() == ".json":
        return
    archive = path.suffix.lower() in (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
    what = "an archive. Unpack it, and pass the folder" if archive else "a file. Pass its folder"
    raise FolderError(f"{path} is {what}, or a {DATASET_FILE}.")


def _known(layout: str) -> str:
    names = [each.name for each in LAYOUTS]
    if layout and layout not in names:
        raise UserError(f"unknown layout {layout!r}. Choose from: {', '.join(names)}.")
    return layout


def _recognised(tree: Tree, wish: Wish, depth: int = 0) -> Reading:
    inside = tree
    while depth == 0 and _holds_one_folder(inside):
        # An archive in folders of its own, such as VOCdevkit/VOC2012.
        inside = below(inside, inside.folders[""].folders[0])
        if any(not layout.general for layout in _fitting(inside)):
            return _recognised(inside, wish, _DEEPEST)
    results = _results(tree)
    fitting = [layout for layout, missing in results.items() if missing is None]
    if wish.masks:
        fitting = [layout for layout in fitting if layout.general] or fitting
    if any(layout.owns for layout in fitting):
        fitting = [layout for layout in fitting if not layout.general]
    if wish.layout:
        fitting = [layout for layout in LAYOUTS if layout.name == wish.layout and results[layout] is None]
    if len(fitting) == 1:
        return fitting[0].read(tree, wish)
    if fitting:
        both = " and ".join(f"{layout.name} ({layout.line})" for layout in fitting[:2])
        raise FolderError(
            f"{tree.root} fits two layouts: {both}. Choose one with `segnet-nb data inspect {tree.root} "
            f"--layout {fitting[0].name} --write`."
        )
    nearest = _nearest(results, wish)
    if depth < _DEEPEST and _holds_one_folder(tree):
        inner = below(tree, tree.folders[""].folders[0])
        # The inner folder decides, unless it says less about what is missing.
        if _fitting(inner) or _nearest(_results(inner), wish)[1].found > nearest[1].found:
            return _recognised(inner, wish, depth + 1)
        if nearest[1].found <= 1 and len(inner.folders[""].folders) == 1:
            return _recognised(inner, wish, depth + 1)
    raise _nothing_fits(tree, *nearest)


def _holds_one_folder(tree: Tree) -> bool:
    return len(tree.folders[""].folders) == 1 and not tree.folders[""].images


def _results(tree: Tree) -> dict[Layout, Missing | None]:
    return {layout: layout.fits(tree) for layout in LAYOUTS}


def _fitting(tree: Tree) -> list[Layout]:
    return [layout for layout, missing in _results(tree).items() if missing is None]


def _nearest(results: dict[Layout, Missing | None], wish: Wish) -> tuple[Layout, Missing]:
    """The layout of which most is there, and what is missing of it."""
    known = [(layout, missing) for layout, missing in results.items() if missing is not None]
    asked = [each for each in known if each[0].name == wish.layout]
    return max(asked or known, key=lambda each: each[1].found)


def _nothing_fits(tree: Tree, layout: Layout, missing: Missing) -> UserError:
    inside = ", ".join(f"{name}/" for name in tree.folders[""].folders[:6])
    where = f" (it has the folders {inside})" if inside else ""
    return MissingFileError(
        f"there is no folder {tree.root / 'images'} with one of masks, nor another known layout, in "
        f"{tree.root}{where}. The nearest layout is "
        f"{layout.name}, {layout.line}, but the folder {missing.text}."
    )


def _with_hidden(tree: Tree, reading: Reading) -> Reading:
    if not tree.hidden:
        return reading
    count = len(tree.hidden)
    what = f"{count} hidden file{'s' * (count != 1)} or folder{'s' * (count != 1)}, such as {tree.hidden[0]}"
    left = LeftOut(what, "made by an operating system or a tool")
    return replace(reading, left_out=(*reading.left_out, left))
