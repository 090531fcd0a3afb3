"""From the stored values of a mask to class ids: by number, by colour, or by the nearest of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.strips import counts_of, strips

Color = tuple[int, int, int]
Value = int | Color

CLASSES_FILE = "classes.json"
LARGEST_ID = 65535
_UNDEFINED = -1
_COLORS = "an RGB image"
_NUMBERS = "one channel of numbers"


class FolderError(UserError):
    """A folder of images and masks is invalid; the message says what to fix."""


@dataclass(frozen=True)
class RawMask:
    """The stored values of a mask.

    Attributes:
        values: uint8, uint16 or int32 ``(height, width)``, or uint8 RGB ``(height, width, 3)``.
        palette: uint8 ``(256, 3)``, the colour of each value, for palette images; None for others.
        bilevel: whether the file stores one bit per pixel; ``values`` are 0 and 1 then.
        lossy: whether the file was compressed with loss.
    """

    values: np.ndarray
    palette: np.ndarray | None = None
    bilevel: bool = False
    lossy: bool = False


@dataclass(frozen=True)
class MaskEncoding:
    """Mapping from the values of masks to class ids.

    Attributes:
        classes: names and colours, void last.
        ids: class id of every allowed value, a number or a colour; void is ``classes.void_id``.
        source: where the mapping comes from, for messages.
        nearest: whether other values stand for the nearest allowed one, for masks with lossy compression.
        palette: the colour of each number that palette images must agree on; None if they may differ.

    Example:
        >>> from segnet_nb.datasets.classes import numbered_classes
        >>> encoding = MaskEncoding(numbered_classes(2), {0: 0, 7: 1, 255: 2}, "an example")
        >>> encoding.decode(RawMask(np.array([[7, 0, 255]], np.uint8)), "mask").tolist()
        [[1, 0, 2]]
    """

    classes: ClassList
    ids: Mapping[Value, int]
    source: str
    nearest: bool = False
    palette: Mapping[int, Color] | None = None

    @property
    def is_color(self) -> bool:
        """Whether masks are defined by colour, not by number."""
        return not self._numbers

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return {value: number for value, number in self.ids.items() if isinstance(value, int)}

    @cached_property
    def _colors(self) -> dict[int, int]:
        return {color_code(value): number for value, number in self.ids.items() if isinstance(value, tuple)}

    @cached_property
    def _number_table(self) -> np.ndarray:
        """Class id of every number 0..65535, int16; -1 where it is undefined."""
        table = np.full(LARGEST_ID + 1, _UNDEFINED, np.int16)
        table[list(self._numbers)] = list(self._numbers.values())
        if self.nearest:
            known = np.array(sorted(self._numbers))
            table[:] = table[known[_nearest(np.arange(LARGEST_ID + 1)[:, None], known[:, None])]]
        return table

    @cached_property
    def _sorted_colors(self) -> tuple[np.ndarray, np.ndarray]:
        """The codes of the colours in ascending order, int32, and their class ids, int16."""
        codes = np.array(sorted(self._colors), np.int32)
        return codes, np.array([self._colors[int(code)] for code in codes], np.int16)

    def decode(self, raw: RawMask, where: str) -> np.ndarray:
        """Class ids of a mask as it is stored, uint8 ``(height, width)``.

        Palettes are read by colour if colours are defined, otherwise by number. Three equal channels are
        numbers if no colours are defined.

        Args:
            raw: the stored values.
            where: name of the mask in error messages.

        Raises:
            FolderError: if the mask contains an undefined value, or is of the wrong kind.
        """
        values = raw.values
        if values.ndim == 3:
            if self._colors and not (self._numbers and _is_grey(values) and not self._has_colors(values)):
                return self.to_ids(values, where)
            return self.to_ids(self._one_channel(values, where), where)
        if raw.palette is not None:
            return self._by_palette(values, raw.palette, where)
        if raw.bilevel and 255 in self._numbers and 1 not in self._numbers:
            values = values * np.uint8(255)
        if self._numbers:
            return self.to_ids(values, where)
        return self._grey_as_colors(values * np.uint8(255) if raw.bilevel else values, where)

    def to_ids(self, mask: np.ndarray, where: str) -> np.ndarray:
        """Class ids of numbers or colours, uint8 ``(height, width)``.

        Args:
            mask: integers ``(height, width)`` in 0..65535, or uint8 RGB ``(height, width, 3)``.
            where: name of the mask in error messages.

        Raises:
            FolderError: if the mask contains an undefined value.
        """
        ids = np.empty(mask.shape[:2], np.uint8)
        for rows in strips(*mask.shape[:2]):
            found = self._found(mask[rows])
            if (found == _UNDEFINED).any():
                raise self._undefined_error(mask, where)
            ids[rows] = found
        return ids

    def uncertain(self, raw: RawMask) -> int:
        """How many pixels of a mask are not clearly nearest to one allowed value.

        A pixel is uncertain if its distance to the nearest value is above a third of that to the second.
        """
        pixels = raw.values if raw.palette is None else raw.palette[raw.values]
        keys = sorted(self._numbers) if pixels.ndim == 2 else [color_of(code) for code in self._colors]
        if pixels.ndim == 3 and not keys:
            pixels, keys = pixels[..., 0], sorted(self._numbers)
        if len(keys) < 2:
            return 0
        codes, counts = np.unique(color_codes(pixels), return_counts=True)
        points = codes[:, None] if pixels.ndim == 2 else _unpacked(codes)
        known = np.array(keys).reshape(len(keys), -1)
        distances = np.sqrt(((points[:, None].astype(float) - known[None]) ** 2).sum(-1))
        first, second = np.partition(distances, 1, axis=1)[:, :2].T
        return int(counts[first > second / 3].sum())

    def _found(self, mask: np.ndarray) -> np.ndarray:
        """The class id of each pixel, int16; -1 where it is undefined."""
        return self._number_table[mask] if mask.ndim == 2 else self._color_ids(mask)

    def _color_ids(self, mask: np.ndarray) -> np.ndarray:
        codes = color_codes(mask)
        if self.nearest:
            distinct, places = np.unique(codes, return_inverse=True)
            known, numbers = self._sorted_colors
            return numbers[_nearest(_unpacked(distinct), _unpacked(known))][places.reshape(codes.shape)]
        known, numbers = self._sorted_colors
        places = np.minimum(np.searchsorted(known, codes), len(known) - 1)
        return np.where(known[places] == codes, numbers[places], np.int16(_UNDEFINED))

    def _has_colors(self, mask: np.ndarray) -> bool:
        each = (self._color_ids(mask[rows]) for rows in strips(*mask.shape[:2]))
        return all((found != _UNDEFINED).all() for found in each)

    def _one_channel(self, values: np.ndarray, where: str) -> np.ndarray:
        if _is_grey(values) or self.nearest:
            return values[..., 0]
        raise FolderError(
            f"{where} is {_COLORS}, but {self.source} defines {_NUMBERS}. Save all masks the same way."
        )

    def _grey_as_colors(self, values: np.ndarray, where: str) -> np.ndarray:
        """Grey values as colours, for classes such as black and white."""
        if values.max(initial=0) <= 255:
            colors = np.repeat(values[..., None], 3, axis=-1)
            if self.nearest or self._has_colors(colors):
                return self.to_ids(colors, where)
        raise FolderError(
            f"{where} is {_NUMBERS}, but {self.source} defines {_COLORS}. Save all masks the same way."
        )

    def _by_palette(self, values: np.ndarray, palette: np.ndarray, where: str) -> np.ndarray:
        used = np.flatnonzero(counts_of(values))
        if self._colors:
            table = self._color_ids(palette[None])[0]
            if (table[used] != _UNDEFINED).all():
                narrow = table.astype(np.uint8)
                return np.concatenate([narrow[values[rows]] for rows in strips(*values.shape)])
        if not self._numbers:
            return self.to_ids(palette[values], where)  # raises, naming the colour
        for value in used.tolist() if self.palette else ():
            expected, color = (self.palette or {}).get(value), tuple(palette[value].tolist())
            if expected not in (None, color):
                raise FolderError(
                    f"{where} shows the value {value} in the colour {color}, but other masks show it in "
                    f"{expected}: their palettes differ, so numbers have no common meaning. Define the "
                    "classes "
                    f"by colour in {CLASSES_FILE}."
                )
        return self.to_ids(values, where)

    def _undefined_error(self, mask: np.ndarray, where: str) -> FolderError:
        undefined = np.concatenate(
            [self._found(mask[rows]) == _UNDEFINED for rows in strips(*mask.shape[:2])]
        )
        row, column = np.argwhere(undefined)[0]
        allowed = [value for value in self.ids if isinstance(value, tuple) == (mask.ndim == 3)]
        return FolderError(
            f"{where} contains {_shown(mask[row, column])} at row {row}, column {column}, but {self.source} "
            f"defines only {listed(allowed)}; {int(undefined.sum())} pixels of the mask are undefined. "
            "Correct the mask, or define the value."
        )


def color_code(color: Iterable[int]) -> int:
    """A colour as one number of 24 bits.

    Example:
        >>> color_code((1, 2, 3)) == 0x010203
        True
    """
    red, green, blue = color
    return red << 16 | green << 8 | blue


def color_of(code: int) -> Color:
    """The colour of a number of 24 bits.

    Example:
        >>> color_of(0x010203)
        (1, 2, 3)
    """
    return code >> 16, code >> 8 & 255, code & 255


def listed(values: Iterable[Value]) -> str:
    """Up to twelve values for a message, and how many more there are.

    Example:
        >>> listed([0, 7])
        '0, 7'
    """
    shown = [str(value) for value in values]
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")


def color_codes(mask: np.ndarray) -> np.ndarray:
    """One number per pixel, int32; RGB is packed into 24 bits.

    Example:
        >>> color_codes(np.array([[[1, 2, 3]]], np.uint8)).tolist() == [[0x010203]]
        True
    """
    if mask.ndim == 2:
        return mask.astype(np.int32)
    # Through bytes: much faster than shifts of three wide arrays.
    packed = np.zeros((*mask.shape[:2], 4), np.uint8)
    packed[..., 2::-1] = mask
    return packed.view("<i4")[..., 0]


def _unpacked(codes: np.ndarray) -> np.ndarray:
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1)


def _nearest(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Index of the nearest known point of each point; ``(count, channels)`` each."""
    best, index = np.full(len(points), np.inf), np.zeros(len(points), np.intp)
    for number, one in enumerate(known):
        distance = ((points - one) ** 2).sum(-1)
        closer = distance < best
        best[closer], index[closer] = distance[closer], number
    return index


def _is_grey(mask: np.ndarray) -> bool:
    return bool((mask[..., 0] == mask[..., 1]).all() and (mask[..., 0] == mask[..., 2]).all())


def _shown(pixel: np.ndarray) -> str:
    return (
        f"the value {int(pixel)}" if pixel.ndim == 0 else f"the colour {tuple(int(part) for part in pixel)}"
    )
