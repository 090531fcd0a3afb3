"""The files of a folder, listed once; hidden files of operating systems are left out."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.datasets.image_files import IMAGE_SUFFIXES
from segnet_nb.datasets.layouts.pairs import File

_HIDDEN = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin"),
    *("system volume information", "lost+found", "icon\r", "__pycache__"),
}
_DEEPEST = 8


def is_hidden(name: str) -> bool:
    """Whether a file or folder is of an operating system or a tool, such as ``._a.png`` or ``Thumbs.db``.

    Example:
        >>> is_hidden("._a.png"), is_hidden("Thumbs.db"), is_hidden("a.png")
        (True, True, False)
    """
    return name.startswith((".", "~$")) or name.casefold() in _HIDDEN


def is_image(name: str) -> bool:
    """Whether the ending of a name is that of an image.

    Example:
        >>> is_image("A.JPG"), is_image("p1.v2")
        (True, False)
    """
    return _suffix(name) in IMAGE_SUFFIXES


def _suffix(name: str) -> str:
    """The ending of a name in lower case, without the cost of a path."""
    stem, dot, end = name.rpartition(".")
    return f".{end.lower()}" if dot and stem else ""


def stem_of(name: str) -> str:
    r"""The name of a file without folders and without the ending of an image, in Unicode's composed form.

    Example:
        >>> stem_of("train/p1.v2.png"), stem_of("p1.v2"), stem_of("cafe\u0301.jpg") == "caf\u00e9"
        ('p1.v2', 'p1.v2', True)
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    if is_image(last):
        last = last[: last.rindex(".")]
    return unicodedata.normalize("NFC", last)


def all_differ(names: Collection[str]) -> bool:
    """Whether no name occurs twice; compares numbers first, which take an eighth of the memory of a set.

    Example:
        >>> all_differ(["a", "b"]), all_differ(["a", "b", "a"])
        (True, False)
    """
    hashes = np.sort(np.fromiter(map(hash, names), np.int64, len(names)))
    return bool((hashes[1:] != hashes[:-1]).all()) or len(set(names)) == len(names)


@dataclass
class Folder:
    """One folder of a tree: names of its files and folders."""

    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


@dataclass
class Tree:
    """All files below a folder.

    Attributes:
        root: the folder.
        folders: what is in each folder, by its path relative to the root in POSIX form; ``""`` is the root.
        hidden: paths of hidden files and folders.
        outer: the folder that was asked for, if this is its only subfolder.
    """

    root: Path
    folders: dict[str, Folder]
    hidden: list[str]
    outer: Path | None = None

    def path(self, folder: str, name: str = "") -> Path:
        """The path of a folder, or of a file in it."""
        return self.root / folder / name if name else self.root / folder

    def images(self, folder: str) -> list[File]:
        """The image files of a folder, sorted."""
        where = self.path(folder)
        return [File(where, name) for name in self.folders[folder].images]

    def has_folder(self, name: str) -> str | None:
        """The folder of this name at the root, whatever its case; None if there is none."""
        wanted = name.casefold()
        return next((each for each in self.folders[""].folders if each.casefold() == wanted), None)

    def file(self, folder: str, name: str) -> Path | None:
        """The file of this name in a folder, whatever its case; None if there is none."""
        if folder not in self.folders:
            return None
        names = (*self.folders[folder].others, *self.folders[folder].images)
        found = next((each for each in names if each.casefold() == name.casefold()), None)
        return None if found is None else self.path(folder, found)

    def others(self, suffix: str) -> Iterator[tuple[str, str]]:
        """Folder and name of each file with an ending that is not an image's, in order."""
        for folder, content in self.folders.items():
            for name in content.others:
                if name.casefold().endswith(suffix):
                    yield folder, name


def list_tree(root: Path) -> Tree:
    """List the files below a folder.

    Raises:
        FileNotFoundError: if the folder does not exist.
        ValueError: if something in it is neither a file nor a folder.
    """
    if not root.is_dir():
        where = f"{root}, looked for at {root.absolute()}" if not root.is_absolute() else f"{root}"
        raise MissingFileError(
            f"there is no folder {where}. Pass the path of a folder with images/ and masks/, or of another "
            "layout."
        )
    tree = Tree(root, {}, [])
    _list(tree, "", 0)
    return tree


def _list(tree: Tree, folder: str, depth: int) -> None:
    content = tree.folders[folder] = Folder()
    with os.scandir(tree.path(folder)) as entries:
        for entry in entries:
            if is_hidden(entry.name):
                tree.hidden.append(str(PurePosixPath(folder, entry.name)))
            elif entry.is_dir():
                content.folders.append(entry.name)
            elif not entry.is_file() and not entry.is_symlink():
                raise UserError(
                    f"{entry.path} is a pipe, a socket or a device, not a file: reading it would wait for "
                    "ever. Remove it from the folder."
                )
            else:
                (content.images if is_image(entry.name) else content.others).append(entry.name)
    for names in (content.images, content.others, content.folders):
        names.sort()
    for name in content.folders if depth < _DEEPEST else ():
        _list(tree, str(PurePosixPath(folder, name)), depth + 1)


def below(tree: Tree, folder: str) -> Tree:
    """The part of a tree below one of its folders, as a tree of its own."""
    start = f"{folder}/"
    folders = {path.removeprefix(start): one for path, one in tree.folders.items() if path.startswith(start)}
    hidden = [path.removeprefix(start) for path in tree.hidden if path.startswith(start)]
    return Tree(tree.root / folder, {"": tree.folders[folder], **folders}, hidden, tree.outer or tree.root)
