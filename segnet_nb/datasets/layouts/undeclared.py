"""Classes of masks that nothing declares: told from the values that occur, if those say enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np

from segnet_nb.datasets.layouts.blends import MOST_IN_ONE, ambiguity, in_order
from segnet_nb.datasets.layouts.declared import (
    DEFAULT_VOID,
    EXAMPLE,
    ClassEntry,
    Declared,
    by_value,
    proposal,
)
from segnet_nb.datasets.layouts.survey import MOST_COLORS, MaskSurvey
from segnet_nb.datasets.mask_encoding import (
    CLASSES_FILE,
    LARGEST_ID,
    Color,
    FolderError,
    MaskEncoding,
    Value,
    listed,
)

VOC_VOID = (224, 224, 192)

COLORS, SHADES = "the colours of the masks", "the shades of grey of the masks"
"""Where classes are from that nothing declares, for reports."""

# Numbers below are ids, whatever gaps there are. Larger ones could be shades of grey.
_SURELY_IDS = 64
_MOST_SHADES = 16
_APART = 32  # smallest distance of two classes in a mask with lossy compression
_RARE = 1e-3
_NEAR_EXTREME = 12
_BLACK_AND_WHITE = {0: (0, 0, 0), 1: (255, 255, 255)}


def inferred(survey: MaskSurvey, nearest: bool = False) -> Declared:
    """Classes from the values that occur, if those say enough.

    Raises:
        FolderError: if they do not; the message has a ``classes.json`` to start from.
    """
    one_channel = survey.files - len(survey.faults) - survey.palette_files - survey.grey_rgb
    colored = sum(count for kind, count in survey.kinds.items() if kind.startswith("RGB, "))
    if colored:
        if one_channel > colored:
            raise _mixed(survey, "RGB", colored)
        return _inferred_colors(survey, nearest)
    if survey.palettes_differ:
        if one_channel - colored:
            raise _mixed(survey, "palette images with different palettes", survey.palette_files)
        colors = survey.palette_colors
        return by_color(colors, "the palettes of the masks")
    numbers = Counter({value: survey.numbers[value] for value in sorted(survey.numbers)})
    if nearest and survey.lossy:
        numbers = Counter({_snapped(value): numbers[value] for value in sorted(_clusters(numbers))})
    most = survey.most_distinct if not nearest else 0
    return inferred_ids(numbers, survey.first_palette, most, set() if nearest else survey.solid)


def _inferred_colors(survey: MaskSurvey, nearest: bool) -> Declared:
    """Each colour of RGB masks as a class, if they are few and clearly different."""
    colors = colors_of(survey, nearest)
    if survey.lossy or survey.most_distinct > MOST_IN_ONE or len(colors) > DEFAULT_VOID:
        raise undefined_colors_error(colors)
    if reason := ambiguity(colors, {*survey.solid, *_as_colors(survey)}):
        raise undefined_colors_error(colors, reason)
    return by_color(in_order(colors), COLORS)


def _as_colors(survey: MaskSurvey) -> Iterator[Color]:
    """The numbers that fill a square, as the colours that they are shown in."""
    for number in survey.solid:
        if isinstance(number, int):
            yield number, number, number
            yield from survey.palettes.get(number, ())


def _mixed(survey: MaskSurvey, what: str, count: int) -> FolderError:
    return FolderError(
        f"{count} of {survey.files} masks are {what}, and the others have one channel of numbers. Save all "
        f"masks the same way, or define the classes by colour in {CLASSES_FILE}."
    )


def by_color(colors: Iterable[Color], source: str) -> Declared:
    """Classes named by their colours; the colour of void of Pascal VOC is void.

    Example:
        >>> by_color([(0, 0, 0), (200, 0, 0)], "an example").classes().names
        ('color #000000', 'color #c80000')
    """
    known = list(colors)
    named = by_value([color for color in known if color != VOC_VOID], source)
    if len(named.entries) < 2:
        raise FolderError(
            f"the masks contain only {listed(known)}, which is one class. At least two are required."
        )
    return Declared(named.entries, source, (VOC_VOID,) if VOC_VOID in known else ())


def colors_of(survey: MaskSurvey, nearest: bool = False) -> list[Color]:
    """The colours of all masks, most frequent first."""
    found = Counter(survey.colors)
    if survey.grey_rgb:
        found.update({(v, v, v): count for v, count in survey.numbers.items() if v <= 255})
    found.update(dict.fromkeys(survey.palette_colors, 1))
    if nearest and survey.lossy:
        return list(_clusters(found))
    return [color for color, _ in found.most_common()]


def undefined_colors_error(colors: Iterable[Color], reason: str = "") -> FolderError:
    """The error for RGB masks whose colours are undefined, with a file to start from.

    Args:
        colors: the colours that occur.
        reason: why each could not be a class.

    Example:
        >>> "2 colours" in str(undefined_colors_error([(0, 0, 0), (1, 2, 3)]))
        True
    """
    known = list(colors)
    if len(known) > MOST_IN_ONE:
        count = f"more than {MOST_COLORS}" if len(known) > MOST_COLORS else str(len(known))
        raise FolderError(
            f"the masks are RGB with {count} colours, too many for classes: they were probably saved with "
            "lossy "
            f"compression or resized smoothly. Export them again, or define the colours in {CLASSES_FILE} "
            "and "
            f"pass --lossy-masks nearest; the most frequent: {proposal(known[:4])}"
        )
    return FolderError(
        f"the masks are RGB with {len(known)} colours, but their classes are not defined"
        f"{f', and {reason}' if reason else ''}. Create "
        f"{CLASSES_FILE} next to the folder of masks, or let `segnet-nb data inspect FOLDER --write` name "
        "them "
        f"by colour; start from {proposal(known)}"
    )


def infer_encoding(values: Iterable[int], palette: np.ndarray | None) -> MaskEncoding:
    """Infer the meaning of numbers in masks.

    Only 0 and 255 are background and object. Otherwise every number that occurs is a class, and 255 is void.

    Args:
        values: all numbers that occur.
        palette: uint8 ``(256, 3)`` for palette images; None for others.

    Raises:
        FolderError: if the numbers look like shades of grey, or there is only one class.

    Example:
        >>> dict(infer_encoding([0, 7, 15], None).ids)
        {0: 0, 7: 1, 15: 2, 255: 3}
    """
    numbers = Counter(dict.fromkeys(sorted(set(values)), 1))
    colors = None
    if palette is not None:
        colors = {number: tuple(int(part) for part in palette[number]) for number in numbers}
    return inferred_ids(numbers, colors).encoding()  # pyright: ignore[reportArgumentType]


def inferred_ids(
    numbers: Counter[int],
    palette: Mapping[int, Color] | None,
    most_distinct: int = 0,
    solid: Collection[Value] = (),
) -> Declared:
    """Classes from the numbers that occur.

    Args:
        numbers: pixels of each number, in ascending order.
        palette: the colour of each number, for palette images.
        most_distinct: the largest number of different values in one mask.
        solid: the numbers that fill a square of 2 x 2 pixels in some mask, see ``blends``.

    Raises:
        FolderError: if the numbers look like shades of grey, or there is only one class.
    """
    found = list(numbers)
    if found == [0, 255]:
        entries = (ClassEntry("background", (0,)), ClassEntry("object", (255,)))
        return Declared(entries, "a folder of masks of 0 and 255")
    if found == [0, 1] and palette is not None and dict(palette) == _BLACK_AND_WHITE:
        entries = (ClassEntry("background", (0,)), ClassEntry("object", (1,)))
        return Declared(entries, "a folder of black and white masks")
    ids = [value for value in found if value not in (DEFAULT_VOID, LARGEST_ID)]
    if not ids or not _are_ids(numbers, ids, most_distinct):
        if _are_shades(found, most_distinct, solid):
            return every_value(found, SHADES)
        raise _not_ids(found)
    if len(ids) < 2:
        raise FolderError(
            f"the masks contain only {listed(found)}, which is one class. At least two are required; were "
            "values lost when the masks were saved?"
        )
    distinct = palette is not None and len({palette.get(v) for v in ids}) == len(ids)
    colors: dict[Value, Color] = {**palette} if palette and distinct else {}
    declared = by_value(ids, "a folder of ids", colors)
    return Declared(declared.entries, declared.source, (LARGEST_ID,) if LARGEST_ID in found else ())


def _are_ids(numbers: Counter[int], ids: Sequence[int], most_distinct: int) -> bool:
    if max(ids) < _SURELY_IDS:
        return True
    if most_distinct > MOST_IN_ONE or len(ids) > DEFAULT_VOID:
        return False
    if 0 in numbers and 255 in numbers:
        # Black, white and little between: an object with a soft edge, or shades that stand for classes.
        share = (numbers[0] + numbers[255]) / max(numbers.total(), 1)
        return len(ids) > 16 and share < 0.5
    return True


def _are_shades(found: Sequence[int], most_distinct: int, solid: Collection[Value]) -> bool:
    """Whether black, white and shades between them stand for a class each."""
    few = len(found) <= _MOST_SHADES and most_distinct <= _MOST_SHADES and max(found) == DEFAULT_VOID
    return few and found[0] == 0 and set(found) <= {*solid} and not ambiguity(found, solid)


def every_value(numbers: Iterable[int], source: str) -> Declared:
    """Classes named by numbers, of which 255 is one too.

    Example:
        >>> every_value([0, 128, 255], "an example").classes().names
        ('class 0', 'class 128', 'class 255')
    """
    kept = list(numbers)
    declared = by_value([number for number in kept if number != DEFAULT_VOID], source)
    white = (ClassEntry(f"class {DEFAULT_VOID}", (DEFAULT_VOID,)),) if DEFAULT_VOID in kept else ()
    return Declared((*declared.entries, *white), source)


def _not_ids(found: Sequence[int]) -> FolderError:
    if len(found) > MOST_IN_ONE:
        advice = (
            "They were probably saved with lossy compression or resized smoothly. Export them again, or "
            "define "
            f"the classes in {CLASSES_FILE}, such as {EXAMPLE}, and pass --lossy-masks nearest."
        )
    else:
        advice = f"Create {CLASSES_FILE} next to masks/, for example {proposal(found)}."
    return FolderError(f"the masks contain {listed(found)}, which do not look like class ids. {advice}")


def _snapped(value: int) -> int:
    """A shade of grey that is almost black or white as black or white, which lossy compression shifts."""
    return 0 if value <= _NEAR_EXTREME else 255 if 255 - _NEAR_EXTREME <= value <= 255 else value


def _clusters(counts: Counter) -> list:
    """Values that are frequent and far from more frequent ones; the others are mixtures of them."""
    total, kept = counts.total(), []
    for value, count in counts.most_common():
        point = np.atleast_1d(value)
        far = all(np.linalg.norm(point - np.atleast_1d(other)) >= _APART for other in kept)
        if far and count >= _RARE * total:
            kept.append(value)
    if len(kept) < 2:
        raise FolderError(
            "the masks have lossy compression, and their values are too close to be told apart again: "
            f"{listed(sorted(counts)[:12])}. Export the masks as PNG."
        )
    return kept
