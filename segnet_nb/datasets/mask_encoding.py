"""What the values of masks mean: read from ``classes.json``, or inferred from the masks themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import VOID_COLOR, ClassList, distinct_colors, numbered_classes

Value = int | tuple[int, int, int]

CLASSES_FILE = "classes.json"
_EXAMPLE = '{"classes": {"background": 0, "cell": 255}, "void": 254}'
# Larger values of one channel are more likely shades of grey than ids.
_MAX_IDS = 64


class FolderError(UserError):
    """A folder of images and masks is invalid; the message says what to fix."""


@dataclass(frozen=True)
class MaskEncoding:
    """Mapping from the values of masks to class ids.

    Attributes:
        classes: names and colours, void last.
        ids: class id of every allowed value; void is ``classes.void_id``.
        source: where the mapping comes from, for messages.
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

        Args:
            mask: uint8 ``(height, width)`` or RGB ``(height, width, 3)``.
            where: name of the mask in error messages.

        Raises:
            FolderError: if the mask contains an undefined value.
        """
        codes = _codes(mask)
        known = np.array([_code(value) for value in self.ids])
        order = np.argsort(known)
        places = np.minimum(np.searchsorted(known, codes, sorter=order), len(known) - 1)
        found = order[places]
        undefined = known[found] != codes
        if undefined.any():
            row, column = np.argwhere(undefined)[0]
            value = _shown(mask[row, column])
            raise FolderError(
                f"{where} contains {value} at row {row}, column {column}, but {self.source} defines only "
                f"{_listed(self.ids)}; {int(undefined.sum())} pixels of the mask are undefined. Correct the "
                "mask, or define the value."
            )
        return np.array(list(self.ids.values()), np.uint8)[found]


def read_encoding(path: Path) -> MaskEncoding:
    """Read a ``classes.json``.

    Raises:
        FolderError: if it is invalid.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        names = content["classes"]
        if not isinstance(names, dict) or not set(content) <= {"classes", "void", "colors"}:
            raise TypeError
        values = [_value(value) for value in names.values()]
        void = None if content.get("void") is None else _value(content["void"])
        colors = {name: _rgb(color) for name, color in content.get("colors", {}).items()}
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise FolderError(f"{path} is invalid. It must look like {_EXAMPLE}.") from error
    _check_values(path, values, void)
    if unknown := sorted(set(colors) - set(names)):
        raise FolderError(f"{path} defines a colour for {unknown[0]!r}, which is not one of its classes.")
    own = {name: value for name, value in zip(names, values, strict=True) if isinstance(value, tuple)}
    defaults = distinct_colors(len(names))
    palette = [colors.get(name, own.get(name, color)) for name, color in zip(names, defaults, strict=True)]
    classes = ClassList(tuple(names), (*palette, VOID_COLOR))
    ids = {value: number for number, value in enumerate(values)}
    if void is not None:
        ids[void] = classes.void_id
    return MaskEncoding(classes, ids, path.name)


def _check_values(path: Path, values: list[Value], void: Value | None) -> None:
    everything = values if void is None else [*values, void]
    if len(values) < 2:
        raise FolderError(
            f"{path} defines {len(values)} classes; at least two are required, including the background."
        )
    if len({type(value) for value in everything}) > 1:
        raise FolderError(f"{path} mixes numbers and colours. Use one kind for all classes.")
    if len(set(everything)) < len(everything):
        raise FolderError(f"{path} assigns the same value to two classes. Each class needs its own value.")


def infer_encoding(values: Iterable[int], palette: np.ndarray | None) -> MaskEncoding:
    """Infer the meaning of integer values in masks.

    Only 0 and 255 are background and object. Otherwise every number up to the largest one is a class id, and
    255 is void.

    Args:
        values: all values that occur.
        palette: uint8 ``(256, 3)`` for palette PNGs; None for others.

    Raises:
        FolderError: if the values look like shades of grey, or there is only one class.
    """
    found = sorted(set(values))
    if found == [0, 255]:
        classes = ClassList(("background", "object"), (*distinct_colors(2), VOID_COLOR))
        return MaskEncoding(classes, {0: 0, 255: 1}, "a folder of masks of 0 and 255")
    ids = [value for value in found if value != 255]
    if not ids or max(ids) >= _MAX_IDS:
        raise FolderError(
            f"the masks contain {_listed(found)}, which do not look like class ids. Create {CLASSES_FILE} "
            f"next to masks/, for example {_EXAMPLE}."
        )
    count = max(ids) + 1
    if count < 2:
        raise FolderError(
            f"the masks contain only {_listed(found)}, which is one class. At least two are required; were "
            "values lost when the masks were saved?"
        )
    classes = numbered_classes(count)
    if palette is not None:
        colors = [(int(red), int(green), int(blue)) for red, green, blue in palette[:count]]
        classes = ClassList(classes.names, (*colors, VOID_COLOR))
    return MaskEncoding(
        classes, {**{number: number for number in range(count)}, 255: count}, "a folder of ids"
    )


def mask_colors(mask: np.ndarray) -> list[tuple[int, int, int]]:
    """The colours of an RGB mask, most frequent first."""
    codes, counts = np.unique(_codes(mask), return_counts=True)
    return [_color(int(code)) for code in codes[np.argsort(-counts, kind="stable")]]


def undefined_colors_error(colors: Iterable[tuple[int, int, int]]) -> FolderError:
    """The error for RGB masks whose colours are undefined, with a file to start from."""
    known = list(colors)
    start = {"classes": {f"class {number}": list(color) for number, color in enumerate(known[:_MAX_IDS])}}
    return FolderError(
        f"the masks are RGB with {len(known)} colours, but their classes are not defined. Create "
        f"{CLASSES_FILE} next to masks/; start from {json.dumps(start)}"
    )


def _value(entry: object) -> Value:
    if isinstance(entry, int) and not isinstance(entry, bool) and 0 <= entry <= 255:
        return entry
    return _rgb(entry)


def _rgb(entry: object) -> tuple[int, int, int]:
    if isinstance(entry, list) and len(entry) == 3 and all(isinstance(_value(part), int) for part in entry):
        return entry[0], entry[1], entry[2]
    raise TypeError


def _code(value: Value) -> int:
    return value if isinstance(value, int) else value[0] << 16 | value[1] << 8 | value[2]


def _color(code: int) -> tuple[int, int, int]:
    return code >> 16, code >> 8 & 255, code & 255


def _codes(mask: np.ndarray) -> np.ndarray:
    """One number per pixel; RGB is packed into 24 bits."""
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
