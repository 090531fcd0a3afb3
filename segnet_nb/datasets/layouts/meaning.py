"""What the values of masks mean: resolved from declared classes, or inferred from the values that occur."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segnet_nb.datasets.layouts.declared import (
    Declared,
)
from segnet_nb.datasets.layouts.pairs import Pair
from segnet_nb.datasets.layouts.survey import MaskSurvey, survey_masks
from segnet_nb.datasets.layouts.undeclared import inferred
from segnet_nb.datasets.mask_encoding import (
    Color,
    MaskEncoding,
)

LOSSY_MASKS = ("refuse", "nearest")
"""What to do with masks with lossy compression."""

_SAMPLE = 8

_surveys: dict[int, MaskSurvey] = {}


def encoding_of(pairs: Sequence[Pair], declared: Declared | None, *, nearest: bool = False) -> MaskEncoding:
    """The mapping from values to class ids of a dataset; see ``Reading.mask_encoding``.

    Raises:
        FolderError: if it cannot be told.
    """
    if declared is not None:
        return resolved(declared, sampled(pairs, nearest), nearest)
    survey = cached_survey(pairs, nearest)
    if survey.faults:
        raise survey.faults[0]
    return inferred(survey, nearest).encoding(nearest=nearest, palette=survey.first_palette)


def sampled(pairs: Sequence[Pair], nearest: bool) -> MaskSurvey:
    """A survey of a few masks, spread over all."""
    step = max(1, len(pairs) // _SAMPLE)
    return survey_masks(pairs[::step][:_SAMPLE], lossy=nearest)


def cached_survey(pairs: Sequence[Pair], nearest: bool) -> MaskSurvey:
    """The survey of all masks, kept as long as their files stay the same."""
    key = hash(nearest)
    for pair in pairs:  # one by one: there may be many
        key = hash((key, _fingerprint(pair.mask)))
    if key not in _surveys:
        _surveys.clear()
        _surveys[key] = survey_masks(pairs, lossy=nearest, solid=True)
    return _surveys[key]


def _fingerprint(mask: object) -> tuple[object, ...]:
    if not isinstance(mask, Path):
        return (id(mask),)
    try:
        state = mask.stat()
    except OSError:
        return (mask, None)
    return mask, state.st_mtime_ns, state.st_size, state.st_ino


def resolved(declared: Declared, survey: MaskSurvey, nearest: bool = False) -> MaskEncoding:
    """The mapping of declared classes: by number or by colour, as the masks are."""
    return as_masks_are(declared, survey).encoding(nearest=nearest, palette=survey.first_palette)


def as_masks_are(declared: Declared, survey: MaskSurvey) -> Declared:
    """Declared classes with only their numbers or only their colours, as the masks are.

    Where a class has a number and a colour, RGB masks are read by colour; palette images too, if all their
    colours are declared; others by number.
    """
    kinds = {type(value) for value in declared.values}
    if len(kinds) > 1 and survey.kinds:
        known = {value for value in declared.values if isinstance(value, tuple)}
        shown = survey.palette_colors.keys()
        by_color = bool(survey.colors) or bool(shown and shown <= known)
        by_color = by_color or _only_greys_declared(survey, known)
        return declared.only(tuple if by_color else int)
    return declared


def _only_greys_declared(survey: MaskSurvey, known: set[Color]) -> bool:
    """Whether RGB masks without any colour, such as black ones, hold declared colours."""
    return survey.grey_rgb > 0 and {(v, v, v) for v in survey.numbers} <= known
