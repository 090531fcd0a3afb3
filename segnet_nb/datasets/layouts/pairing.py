"""Match images with masks by name: equal, or equal but for what marks a mask, such as ``_mask``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from segnet_nb.datasets.layouts.pairs import File
from segnet_nb.datasets.layouts.tree import is_image, stem_of
from segnet_nb.datasets.layouts.words import IMAGE_ENDS, IMAGE_PREFIXES, MASK_PREFIXES, MASK_SUFFIXES
from segnet_nb.datasets.mask_encoding import FolderError

Rule = Callable[[str], str | None]


@dataclass(frozen=True)
class Matched:
    """Images and masks that belong together.

    Attributes:
        pairs: stem of the image -> its path and that of its mask, sorted.
        without_mask: images that no mask belongs to.
        without_image: masks that no image belongs to.
        extra: masks of images that have another one.
        rule: what marks the masks, such as ``"_mask"``; empty if the names are equal.
    """

    pairs: dict[str, tuple[File, File]]
    without_mask: tuple[File, ...]
    without_image: tuple[File, ...]
    extra: tuple[File, ...]
    rule: str


def by_stem(paths: Iterable[File]) -> dict[str, File]:
    """Files by their names without ending.

    Raises:
        FolderError: if two have the same.
    """
    found: dict[str, File] = {}
    for path in paths:
        stem = stem_of(path.name)
        if stem in found:
            raise FolderError(
                f"{found[stem].name} and {path.name} in {path.folder} have the same name. Rename one."
            )
        found[stem] = path
    return found


def match(images: Mapping[str, File], masks: Mapping[str, File]) -> Matched:
    """Match images and masks by their stems.

    The rule that matches most images is used first, equal names before any other; others follow while images
    remain.

    Example:
        >>> from pathlib import Path
        >>> found = match({"a": File(Path("i"), "a.jpg")}, {"a_mask": File(Path("m"), "a_mask.gif")})
        >>> list(found.pairs), found.rule
        (['a'], '_mask')
    """
    pairs: dict[str, tuple[File, File]] = {}
    free, rule = dict(masks), ""
    while left := images if not pairs else {s: path for s, path in images.items() if s not in pairs}:
        name, chosen = _best(left, free)
        if not chosen:
            break
        rule = rule or name
        for stem, mask in chosen.items():
            pairs[stem] = images[stem], free.pop(mask)
    extra = {mask for mask in free if _belongs(mask, pairs)}
    return Matched(
        dict(sorted(pairs.items())),
        tuple(path for stem, path in images.items() if stem not in pairs),
        tuple(path for stem, path in free.items() if stem not in extra),
        tuple(path for stem, path in free.items() if stem in extra),
        rule,
    )


def rules() -> list[tuple[str, Rule]]:
    """Names of rules, and functions from the stem of a mask to that of its image (None: not by this rule)."""
    found: list[tuple[str, Rule]] = [("", lambda stem: stem), ("a second ending", _without_ending)]
    found += [(end, partial(_without_end, end)) for end in MASK_SUFFIXES]
    found += [(start, partial(_without_start, start)) for start in MASK_PREFIXES]
    return found


def _without_ending(stem: str) -> str | None:
    """The stem of ``a.jpg.png`` without ``.jpg`` too."""
    return stem_of(stem) if is_image(stem) else None


def _without_end(end: str, stem: str) -> str | None:
    return stem[: -len(end)] if stem.casefold().endswith(end.casefold()) and len(stem) > len(end) else None


def _without_start(start: str, stem: str) -> str | None:
    return stem[len(start) :] if stem.casefold().startswith(start.casefold()) and stem != start else None


def _best(images: Mapping[str, File], masks: Mapping[str, File]) -> tuple[str, dict[str, str]]:
    """The rule that matches most images, and the stem of the mask of each image it matches."""
    best: tuple[str, dict[str, str]] = "", {}
    # Looser names only if none of the rules matches all images as they are called.
    for keys in (lambda: {stem: stem for stem in images}, lambda: _image_keys(images)):
        known = keys()
        for name, rule in rules():
            chosen = _matched(rule, known, masks)
            if len(chosen) > len(best[1]):
                best = name, chosen
            if len(best[1]) == len(images):
                return best
    return best


def _matched(rule: Rule, images: Mapping[str, str], masks: Mapping[str, File]) -> dict[str, str]:
    """The stem of the mask of each image that a rule matches."""
    chosen: dict[str, str] = {}
    for mask in masks:
        key = rule(mask)
        image = None if key is None else images.get(key) or images.get(key.casefold())
        if image is not None and image not in chosen:
            chosen[image] = mask
    return chosen


def _image_keys(images: Mapping[str, File]) -> dict[str, str]:
    """Stems of images by what a mask may be called after; what is ambiguous is left out."""
    keys = {stem: stem for stem in images}
    for shortened in (str.casefold, _image_name):
        found: dict[str, list[str]] = {}
        for stem in images:
            found.setdefault(shortened(stem), []).append(stem)
        for key, stems in found.items():
            if len(stems) == 1:
                keys.setdefault(key, stems[0])
    return keys


def _image_name(stem: str) -> str:
    """A stem without what marks an image."""
    for end in IMAGE_ENDS:
        if found := _without_end(end, stem):
            return found
    for start in IMAGE_PREFIXES:
        if found := _without_start(start, stem):
            return found
    return stem


def _belongs(mask: str, pairs: Mapping[str, object]) -> bool:
    return any(key is not None and key in pairs for _, rule in rules() for key in [rule(mask)])


def refuse_unpaired(matched: Matched, images: int, masks: int) -> None:
    """Raise if an image has no mask, or a mask no image.

    Args:
        matched: what was matched.
        images: number of images.
        masks: number of masks.

    Raises:
        FolderError: naming the first.
    """
    for lone, own, what, other in (
        (matched.without_mask, images, "image", "mask"),
        (matched.without_image, masks, "mask", "image"),
    ):
        if lone:
            raise FolderError(
                f"{len(lone)} of {own} {what}s have no {other}, the first is {min(lone).path}. Both "
                "must "
                "have "
                "the same name (masks may end in _mask, _label and the like); or list the names to use in "
                "train.txt and val.txt."
            )
