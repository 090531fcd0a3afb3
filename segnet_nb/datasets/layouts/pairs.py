"""An image with its mask, where the mask is from, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from segnet_nb.datasets.mask_encoding import RawMask

UNSPLIT = "all"
"""Name of the only split of a dataset that has none."""


@runtime_checkable
class MaskSource(Protocol):
    """A mask that is drawn from annotations instead of read from a file of pixels."""

    @property
    def path(self) -> Path:
        """The file with the annotations."""
        ...

    def draw(self) -> RawMask:
        """The numbers of the classes, uint8 or int32 ``(height, width)``."""
        ...

    def to_text(self, root: Path) -> str:
        """Where the annotations are, relative to the dataset, as ``dataset.json`` holds it."""
        ...


class File(NamedTuple):
    """A file of a folder; smaller than a path, as there may be many.

    Attributes:
        folder: path of the folder.
        name: name of the file.
    """

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.folder / self.name


class Pair:
    """An image and its mask; immutable, and small, as there may be many.

    Args:
        name: short name, unique in the dataset.
        image: path of the image.
        mask: path of the mask, or annotations that it is drawn from.

    Example:
        >>> pair = Pair("a", Path("images/a.jpg"), Path("masks/a.png"))
        >>> pair.image.as_posix(), pair == Pair("a", pair.image, pair.mask)
        ('images/a.jpg', True)
    """

    __slots__ = ("_image_folder", "_image_name", "_mask", "_mask_folder", "name")

    def __init__(self, name: str, image: Path | File, mask: Path | File | MaskSource) -> None:
        self.name = name
        self._image_folder, self._image_name = _divided(image)
        self._mask_folder, self._mask = _divided(mask) if isinstance(mask, Path | File) else (None, mask)

    @property
    def image(self) -> Path:
        """Path of the image."""
        return self._image_folder / self._image_name

    @property
    def mask(self) -> Path | MaskSource:
        """Path of the mask, or annotations that it is drawn from."""
        if isinstance(self._mask, str):
            return (self._mask_folder or Path()) / self._mask
        return self._mask

    def _key(self) -> tuple[object, ...]:
        return self.name, self.image, self.mask

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pair) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.name, self._image_name))

    def __repr__(self) -> str:
        return f"Pair(name={self.name!r}, image={self.image!r}, mask={self.mask!r})"


def _divided(path: Path | File) -> tuple[Path, str]:
    return (path.folder, path.name) if isinstance(path, File) else (path.parent, path.name)


@dataclass(frozen=True)
class LeftOut:
    """Files that were not read.

    Attributes:
        what: the files, such as ``"3 files .txt"``.
        why: the reason.
    """

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


def counted(names: Iterable[str]) -> str:
    """Files by ending, most frequent first, for a message.

    Example:
        >>> counted(["a.txt", "b.txt", "c"])
        '2 files .txt, 1 file without ending'
    """
    endings = Counter(Path(name).suffix.lower() or "without ending" for name in names)
    return ", ".join(f"{n} file{'s' * (n > 1)} {ending}" for ending, n in endings.most_common())
