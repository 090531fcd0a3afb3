"""One pass over masks and headers of images: which values, colours, sizes and kinds there are.

Values are counted by Pillow's histograms and colour tables, one file at a time in a few threads, so memory
does not grow with the number of files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segnet_nb.datasets.image_files import (
    is_lossy,
    lossy_error,
    open_image,
    palette_of,
    raw_mask,
)
from segnet_nb.datasets.layouts.blends import MOST_IN_ONE, solid_values
from segnet_nb.datasets.layouts.pairs import Pair
from segnet_nb.datasets.mask_encoding import Color, FolderError, Value, color_codes, color_of
from segnet_nb.datasets.strips import counts_of, strips

MOST_COLORS = 4096
_ORIENTATION = 0x0112
_THREADS = 4
_AT_ONCE = 256


@dataclass
class FoundMask:
    """What one mask holds; the fields are those of ``MaskSurvey``."""

    kind: str
    size: tuple[int, int]
    numbers: dict[int, int] = field(default_factory=dict)
    colors: dict[Color, int] = field(default_factory=dict)
    palette: dict[int, Color] = field(default_factory=dict)
    lossy: bool = False
    bilevel: bool = False
    grey_rgb: bool = False
    solid: frozenset[Value] = frozenset()
    fault: FolderError | None = None


@dataclass
class MaskSurvey:
    """What the masks of a dataset hold; pixels by value, files by kind.

    Attributes:
        files: number of masks.
        numbers: pixels of each number, of masks with one channel.
        colors: pixels of each colour, of RGB masks whose channels differ.
        shown: pixels of each colour of palette images; ``paletted`` those of each of their numbers.
        palettes: for each number of palette images, the colours it is shown in and one file for each.
        kinds: number of files of each kind, such as ``"palette, PNG"``.
        sizes: number of files of each ``(height, width)``.
        lossy: the masks with lossy compression.
        most_distinct: the largest number of different values in one mask.
        bilevel: number of masks with one bit per pixel.
        grey_rgb: number of RGB masks with three equal channels.
        solid: values that fill a square of 2 x 2 pixels in some mask, see ``blends``.
        faults: messages about masks that cannot be read.
    """

    files: int = 0
    numbers: Counter[int] = field(default_factory=Counter)
    colors: Counter[Color] = field(default_factory=Counter)
    shown: Counter[Color] = field(default_factory=Counter)
    paletted: Counter[int] = field(default_factory=Counter)
    palettes: dict[int, dict[Color, str]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    lossy: list[str] = field(default_factory=list)
    most_distinct: int = 0
    bilevel: int = 0
    grey_rgb: int = 0
    solid: set[Value] = field(default_factory=set)
    faults: list[FolderError] = field(default_factory=list)

    @property
    def palette_files(self) -> int:
        """Number of palette images."""
        return sum(count for kind, count in self.kinds.items() if kind.startswith("palette"))

    @property
    def palettes_differ(self) -> bool:
        """Whether a number is shown in different colours by different files."""
        return any(len(colors) > 1 for colors in self.palettes.values())

    @property
    def palette_colors(self) -> dict[Color, None]:
        """The colours of all palettes that occur, in order of their numbers."""
        return {color: None for number in sorted(self.palettes) for color in self.palettes[number]}

    @property
    def first_palette(self) -> dict[int, Color] | None:
        """The colour of each number in the palettes that were seen first; None without palettes."""
        return {number: next(iter(colors)) for number, colors in self.palettes.items()} or None

    def add(self, found: FoundMask, pair: Pair) -> None:
        """Add what one mask holds."""
        self.files += 1
        if found.fault is not None:
            self.faults.append(found.fault)
            return
        name = pair.mask.name if isinstance(pair.mask, Path) else pair.name
        self.kinds[found.kind] += 1
        self.sizes[found.size] += 1
        self.most_distinct = max(self.most_distinct, len(found.numbers), len(found.colors))
        self.bilevel += found.bilevel
        self.grey_rgb += found.grey_rgb
        self.solid |= found.solid
        self.numbers.update(found.numbers)
        if len(self.colors) <= MOST_COLORS:
            self.colors.update(found.colors)
        for number, color in found.palette.items():
            self.shown[color] += found.numbers[number]
            self.paletted[number] += found.numbers[number]
            self.palettes.setdefault(number, {}).setdefault(color, name)
        if found.lossy:
            self.lossy.append(name)


def survey_masks(
    pairs: Sequence[Pair],
    *,
    lossy: bool = False,
    solid: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> MaskSurvey:
    """Look at masks, one at a time.

    Args:
        pairs: the pairs to look at.
        lossy: accept masks with lossy compression.
        solid: whether to find the values that fill a square, which takes some time.
        progress: called with the number of finished masks and of all masks.
    """
    total = MaskSurvey()

    def look(pair: Pair) -> FoundMask:
        return look_at(pair, lossy, total.solid if solid else None)

    for done, (pair, found) in enumerate(in_threads(look, pairs), start=1):
        total.add(found, pair)
        if progress:
            progress(done, len(pairs))
    return total


def in_threads(look: Callable[[Pair], Any], pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Any]]:
    """Each pair and what ``look`` returns for it, in order; only a few results wait at any time."""
    # Threads suffice: decoding releases the global interpreter lock.
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(pairs), _AT_ONCE):
            some = pairs[start : start + _AT_ONCE]
            yield from zip(some, pool.map(look, some), strict=True)


def look_at(pair: Pair, lossy: bool = False, known: Collection[Value] | None = None) -> FoundMask:
    """What the mask of a pair holds; a fault is returned, not raised.

    Args:
        pair: the pair.
        lossy: accept a mask with lossy compression.
        known: values of which it is known that they fill a square; None: do not look for such values.
    """
    try:
        if not isinstance(pair.mask, Path):
            values = pair.mask.draw().values
            return FoundMask("drawn from annotations", values.shape, numbers=_counted(values))
        path = pair.mask
        found = open_image(
            path, lambda picture: _with_solid(_look(picture, path, lossy), picture, path, known)
        )
        assert isinstance(found, FoundMask)
        return found
    except FolderError as error:
        return FoundMask("fault", (0, 0), fault=error)
    except OSError as error:
        return FoundMask(
            "fault", (0, 0), fault=FolderError(f"{error.filename or pair.image}: {error.strerror}.")
        )


def _with_solid(
    found: FoundMask, picture: Image.Image, path: Path, known: Collection[Value] | None
) -> FoundMask:
    """What a mask holds, with those values that fill a square, of the ones that are not known to do so."""
    values: Sequence[Value] = [*found.colors, *found.numbers]
    # Numbers are shades of grey only if there are black and white, see undeclared._are_ids.
    doubtful = found.colors or found.grey_rgb or {0, 255} & found.numbers.keys()
    unknown = [] if known is None or not doubtful else [value for value in values if value not in known]
    if unknown and len(values) <= MOST_IN_ONE:
        plain = picture.mode in ("L", "P", "RGB")
        pixels = np.asarray(picture) if plain else raw_mask(picture, path).values
        if pixels.ndim == 3:
            pixels = pixels[..., 0] if found.grey_rgb else pixels
        found.solid = frozenset(
            value
            for rows in strips(*pixels.shape[:2], overlap=1)
            for value in solid_values(color_codes(pixels[rows]), unknown)
        )
    return found


def _look(picture: Image.Image, path: Path, lossy: bool) -> FoundMask:
    loss = is_lossy(picture)
    if loss and not lossy:
        raise lossy_error(path, picture.format)
    mode, name = picture.mode, picture.format or ""
    size = size_of(picture)
    if mode in ("L", "P"):
        counts = {value: count for value, count in enumerate(picture.histogram()) if count}
        colors = palette_of(picture) if mode == "P" else None
        palette = {} if colors is None else {value: _plain(colors[value]) for value in counts}
        kind = "grey" if colors is None else "palette"
        return FoundMask(f"{kind}, {name}", size, counts, palette=palette, lossy=loss)
    if mode == "RGB":
        return _look_rgb(picture, name, size, loss)
    values = raw_mask(picture, path).values
    if values.ndim == 3:
        return _look_rgb(Image.fromarray(values), name, size, loss)
    bits = {"1": "1 bit", "LA": "grey"}.get(mode, "16 bits" if values.max(initial=0) > 255 else "grey")
    if mode == "1":
        values = values.astype(np.uint8) * np.uint8(255)
    return FoundMask(f"{bits}, {name}", size, _counted(values), lossy=loss, bilevel=mode == "1")


def _look_rgb(picture: Image.Image, name: str, size: tuple[int, int], loss: bool) -> FoundMask:
    listed = picture.getcolors(MOST_COLORS)
    if listed is None:
        listed = _frequent_colors(picture)
    colors: dict[Color, int] = {}
    for count, color in listed:
        if isinstance(color, tuple):
            colors[color[0], color[1], color[2]] = count
    if all(red == green == blue for red, green, blue in colors):
        numbers = {color[0]: count for color, count in colors.items()}
        return FoundMask(f"RGB with three equal channels, {name}", size, numbers, lossy=loss, grey_rgb=True)
    return FoundMask(f"RGB, {name}", size, colors=colors, lossy=loss)


def _frequent_colors(picture: Image.Image) -> list[tuple[int, Color]]:
    codes, counts = np.unique(color_codes(np.asarray(picture)), return_counts=True)
    first = np.argsort(-counts, kind="stable")[: MOST_COLORS + 1]
    return [(int(counts[place]), color_of(int(codes[place]))) for place in first]


def _counted(values: np.ndarray) -> dict[int, int]:
    counts = counts_of(values)
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _plain(color: np.ndarray) -> Color:
    red, green, blue = color.tolist()
    return red, green, blue


def size_of(picture: Image.Image) -> tuple[int, int]:
    """Height and width of an open image, after turning it as its EXIF data says."""
    sideways = orientation(picture) in (5, 6, 7, 8)
    return (picture.width, picture.height) if sideways else (picture.height, picture.width)


def orientation(picture: Image.Image) -> int:
    """The EXIF orientation of an open image, 1 if it is upright; reads its header only."""
    # For a PNG, Pillow would decode the image to look for EXIF data at its end.
    if picture.format in ("JPEG", "TIFF", "MPO") or "exif" in picture.info:
        return picture.getexif().get(_ORIENTATION, 1)
    return 1
