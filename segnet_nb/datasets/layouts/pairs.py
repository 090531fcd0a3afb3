"""An image with its mask, where the mask is from, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

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


@dataclass(frozen=True)
class Pair:
    """An image and its mask.

    Attributes:
        name: short name, unique in the dataset.
        image: path of the image.
        mask: path of the mask, or annotations that it is drawn from.
    """

    name: str
    image: Path
    mask: Path | MaskSource


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
