"""What the values of masks mean: read from ``classes.json``, or told from the masks themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import VOID_COLOR, ClassList, distinct_colors, numbered

Value = int | tuple[int, int, int]

FILE = "classes.json"
_EXAMPLE = '{"classes": {"background": 0, "cell": 255}, "void": 254}'
# Beyond, values of one channel are rather shades of grey than ids.
_MOST_IDS = 64


class FolderError(UserError):
    """A folder of images and masks is not as it should be; the message says what to mend."""


@dataclass(frozen=True)
class MaskValues:
    """Which value of a mask is which class.

    Attributes:
        classes: names and colours, void last.
        ids: of every value that may occur, its class id; void's is ``classes.void_id``.
        source: where this is from, for messages.
    """

    classes: ClassList
    ids: Mapping[Value, int]
    source: str

    @property
    def is_color(self) -> bool:
        """Whether masks are RGB."""
        return isinstance(next(iter(self.ids)), tuple)

    def to_ids(self, mask: np.ndarray, where: str) -> np.ndarray:
        """Class ids of a mask, uint8 ``(height, width)``.

        Raises:
            FolderError: if the mask has a value that means nothing.
        """
        codes = _codes(mask)
        known = np.array([_code(value) for value in self.ids])
        order = np.argsort(known)
        places = np.minimum(np.searchsorted(known, codes, sorter=order), len(known) - 1)
        found = order[places]
        strange = known[found] != codes
        if strange.any():
            row, column = np.argwhere(strange)[0]
            value = _shown(mask[row, column])
            raise FolderError(
                f"{where} holds {value} at row {row}, column {column}, but {self.source} knows "
                f"{_listed(self.ids)}; {int(strange.sum())} pixels of the mask are not known. Mend the mask, "
                "or add the value."
            )
        return np.array(list(self.ids.values()), np.uint8)[found]


def read(path: Path) -> MaskValues:
    """What a ``classes.json`` says.

    Raises:
        FolderError: if it cannot be understood.
    """
    try:
        said = json.loads(path.read_text("utf-8"))
        names = said["classes"]
        if not isinstance(names, dict) or not set(said) <= {"classes", "void", "colors"}:
            raise TypeError
        values = [_value(value) for value in names.values()]
        void = None if said.get("void") is None else _value(said["void"])
        colors = {name: _value(color) for name, color in said.get("colors", {}).items()}
        if any(isinstance(color, int) for color in colors.values()):
            raise TypeError
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise FolderError(f"{path} is not understood. It should look like {_EXAMPLE}.") from error
    everything = values if void is None else [*values, void]
    if len(values) < 2:
        raise FolderError(
            f"{path} names {len(values)} classes; at least two are needed, background among them."
        )
    if len({type(value) for value in everything}) > 1:
        raise FolderError(f"{path} mixes numbers and colours. Give every class the one or the other.")
    if len(set(everything)) < len(everything):
        raise FolderError(f"{path} gives two classes the same value. Every class needs its own.")
    if unknown := sorted(set(colors) - set(names)):
        raise FolderError(f"{path} gives a colour to {unknown[0]!r}, which is no class of it.")
    own = dict(zip(names, values, strict=True)) if isinstance(values[0], tuple) else {}
    shown = distinct_colors(len(names))
    palette = [colors.get(name, own.get(name, color)) for name, color in zip(names, shown, strict=True)]
    classes = ClassList(tuple(names), (*palette, VOID_COLOR))
    ids = {value: number for number, value in enumerate(values)}
    if void is not None:
        ids[void] = classes.void_id
    return MaskValues(classes, ids, path.name)


def guess(values: Iterable[int], palette: np.ndarray | None) -> MaskValues:
    """What whole numbers in masks most likely mean.

    0 and 255 alone are background and object. Else every number is a class id, up to the largest, and 255 is
    void.

    Args:
        values: all that occur.
        palette: uint8 ``(256, 3)``, of palette PNGs; None for others.

    Raises:
        FolderError: if they look like shades of grey, or there is one class alone.
    """
    found = sorted(set(values))
    if found == [0, 255]:
        classes = ClassList(("background", "object"), (*distinct_colors(2), VOID_COLOR))
        return MaskValues(classes, {0: 0, 255: 1}, "a folder of masks of 0 and 255")
    ids = [value for value in found if value != 255]
    if not ids or max(ids) >= _MOST_IDS:
        raise FolderError(
            f"the masks hold {_listed(found)}, which are hardly class ids. Write {FILE} beside masks/, "
            f"for example {_EXAMPLE}."
        )
    count = max(ids) + 1
    if count < 2:
        raise FolderError(
            f"the masks hold {_listed(found)} alone, one class. At least two are needed; did the masks lose "
            "theirs when they were saved?"
        )
    classes = numbered(count)
    if palette is not None:
        classes = ClassList(
            classes.names, (*(tuple(map(int, color)) for color in palette[:count]), VOID_COLOR)
        )
    return MaskValues(classes, {**{number: number for number in range(count)}, 255: count}, "a folder of ids")


def colors_of(mask: np.ndarray) -> list[tuple[int, int, int]]:
    """The colours of an RGB mask, the most frequent first."""
    codes, counts = np.unique(_codes(mask), return_counts=True)
    return [_color(int(code)) for code in codes[np.argsort(-counts, kind="stable")]]


def ask_for_colors(colors: Iterable[tuple[int, int, int]]) -> FolderError:
    """The error for RGB masks that nobody explained, with a file to start from."""
    known = list(colors)
    start = {"classes": {f"class {number}": list(color) for number, color in enumerate(known[:_MOST_IDS])}}
    return FolderError(
        f"the masks are RGB with {len(known)} colours, and nothing says what they mean. Write {FILE} beside "
        f"masks/; start from {json.dumps(start)}"
    )


def _value(said: object) -> Value:
    if isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= 255:
        return said
    if isinstance(said, list) and len(said) == 3 and all(isinstance(_value(part), int) for part in said):
        return said[0], said[1], said[2]
    raise TypeError


def _code(value: Value) -> int:
    return value if isinstance(value, int) else value[0] << 16 | value[1] << 8 | value[2]


def _color(code: int) -> tuple[int, int, int]:
    return code >> 16, code >> 8 & 255, code & 255


def _codes(mask: np.ndarray) -> np.ndarray:
    """One number for every pixel."""
    if mask.ndim == 2:
        return mask.astype(np.int32)
    parts = mask.astype(np.int32)
    return parts[..., 0] << 16 | parts[..., 1] << 8 | parts[..., 2]


def _shown(pixel: np.ndarray) -> str:
    return (
        f"the value {int(pixel)}" if pixel.ndim == 0 else f"the colour {tuple(int(part) for part in pixel)}"
    )


def _listed(values: Iterable[Value]) -> str:
    shown = [str(value) for value in values]
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")
