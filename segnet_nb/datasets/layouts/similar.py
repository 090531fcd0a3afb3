"""Splits that share images: near-duplicates, and frames of one film, told from thumbnails and names."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

_MOST_BITS = 6  # of 56 that may differ
_MOST_APART = 5.0  # mean difference of thumbnails, in grey levels
_MUCH_CLOSER = 0.25  # at most this share of the usual difference
_FLAT = 4.0  # standard deviation below which thumbnails say nothing
_FEWEST_FRAMES = 3
_CLOSER = 0.6  # neighbours of one film, relative to other images
_ROWS = 4
_AT_A_TIME = 256


@dataclass(frozen=True)
class Shared:
    """What two splits share.

    Attributes:
        kind: ``"near-duplicates"`` or ``"film"``.
        splits: the two splits.
        count: number of images of the second split that it concerns.
        example: names of an image of each.
        films: beginnings of the names of frames of one film.
    """

    kind: str
    splits: tuple[str, str]
    count: int
    example: tuple[str, str]
    films: tuple[str, ...] = ()

    def __str__(self) -> str:
        first, second = self.splits
        one, other = self.example
        if self.kind == "film":
            names = ", ".join(self.films[:4]) + (" and more" if len(self.films) > 4 else "")
            return (
                f"{first} and {second} share frames of one film: {self.count} images of {second} have a "
                f"neighbour in {first}, such as {other} and {one} ({names}). Scores on {second} will be too "
                "high; split by film."
            )
        return (
            f"{self.count} images of {second} are near-duplicates of images of {first}, such as {other} and "
            f"{one}. Scores on {second} will be too high; remove them from one split."
        )


def find_shared(names: Mapping[str, Sequence[str]], thumbnails: Mapping[str, np.ndarray]) -> list[Shared]:
    """Compare each two splits.

    Args:
        names: names of the images of each split.
        thumbnails: uint8 grey ``(count, 8, 8)`` of each split, in the same order.
    """
    found = []
    for first, second in combinations(names, 2):
        if not len(names[first]) or not len(names[second]):
            continue
        for compare in (_duplicates, _films):
            found += filter(None, [compare((first, second), names, thumbnails)])
    return found


def _in_parts(function: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
    """What a function makes of some rows at a time: intermediate results take many times their memory."""
    starts = range(0, max(1, len(arrays[0])), _AT_A_TIME)
    return np.concatenate([function(*(each[at : at + _AT_A_TIME] for each in arrays)) for at in starts])


def _hashes(thumbnails: np.ndarray) -> np.ndarray:
    """56 bits per thumbnail, uint64: whether each of 8 x 8 cells is brighter than the one to its left."""

    def some(thumbnails: np.ndarray) -> np.ndarray:
        brighter = thumbnails[:, :, 1:] > thumbnails[:, :, :-1]
        return np.ascontiguousarray(np.packbits(brighter, axis=2)[..., 0]).view(np.uint64)[:, 0]

    return _in_parts(some, thumbnails)


def _spread(thumbnails: np.ndarray) -> np.ndarray:
    """Standard deviation of each thumbnail, ``(count,)``."""
    return _in_parts(lambda some: some.std((1, 2)), thumbnails)


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean difference of thumbnails, in grey levels, ``(count,)``."""
    return _in_parts(lambda one, other: np.abs(one.astype(np.int16) - other).mean((1, 2)), one, other)


def _usual(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How different each of the second thumbnails is from the first ones, in the median, ``(count,)``."""
    others = np.random.default_rng(0).integers(0, len(first), (8, len(second)))
    return np.median([_apart(second, first[chosen]) for chosen in others], axis=0)


def _duplicates(
    splits: tuple[str, str], names: Mapping[str, Sequence[str]], thumbnails: Mapping[str, np.ndarray]
) -> Shared | None:
    first, second = (thumbnails[split] for split in splits)
    telling = np.flatnonzero(_spread(first) > _FLAT)
    own = _hashes(first)[telling]
    # Images of one kind, such as those of a microscope, resemble each other anyway.
    limit = min(_MOST_APART, _MUCH_CLOSER * float(np.median(_usual(first, second))))
    hits: dict[int, int] = {}
    for start in range(0, len(second), _ROWS):
        some = _hashes(second[start : start + _ROWS])
        rows, columns = np.nonzero(np.bitwise_count(some[:, None] ^ own[None]) <= _MOST_BITS)
        close = _apart(second[start + rows], first[telling[columns]]) <= limit
        hits.update(zip((start + rows[close]).tolist(), telling[columns[close]].tolist(), strict=True))
    if not hits:
        return None
    row, column = next(iter(hits.items()))
    return Shared("near-duplicates", splits, len(hits), (names[splits[0]][column], names[splits[1]][row]))


def _frame(name: str) -> tuple[str, int] | None:
    """The film and the number of a frame, from its name."""
    match = re.match(r"^(.*?)(\d+)\D*$", name)
    return (match[1], int(match[2])) if match and len(match[2]) < 19 else None


class _Frames:
    """The numbers of the frames of each film, and their places: arrays, as there may be many."""

    def __init__(self, names: Sequence[str]) -> None:
        found: dict[str, tuple[array[int], array[int]]] = {}
        for place, name in enumerate(names):
            if frame := _frame(name):
                numbers, places = found.setdefault(frame[0], (array("q"), array("q")))
                numbers.append(frame[1])
                places.append(place)
        self._films = {film: _in_order(*both) for film, both in found.items()}

    def __contains__(self, film: str) -> bool:
        return film in self._films

    def nearest(self, film: str, number: int) -> int:
        """The place of the frame of a film whose number is nearest."""
        numbers, places = self._films[film]
        at = int(np.searchsorted(numbers, number))
        around = range(max(0, at - 1), min(at + 1, len(numbers)))
        return int(places[min(around, key=lambda each: abs(int(numbers[each]) - number))])


def _in_order(numbers: array[int], places: array[int]) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(np.array(numbers), kind="stable")
    return np.array(numbers)[order], np.array(places)[order]


def _films(
    splits: tuple[str, str], names: Mapping[str, Sequence[str]], thumbnails: Mapping[str, np.ndarray]
) -> Shared | None:
    """Frames whose neighbour in number, in the other split, is much more alike than other images are."""
    first, second = (thumbnails[split] for split in splits)
    known = _Frames(names[splits[0]])
    rows, near, films = [], [], []
    for place, name in enumerate(names[splits[1]]):
        frame = _frame(name)
        if frame and frame[0] in known:
            rows.append(place)
            near.append(known.nearest(*frame))
            films.append(sys.intern(frame[0]))
    if len(rows) < _FEWEST_FRAMES:
        return None
    close = _apart(second[rows], first[near])
    usual = _usual(first, second[rows])
    alike = close < _CLOSER * np.maximum(usual, _FLAT)
    if alike.mean() < 0.5:
        return None
    chosen = np.flatnonzero(alike)
    best = int(chosen[close[chosen].argmin()])
    example = str(names[splits[0]][near[best]]), str(names[splits[1]][rows[best]])
    seen = dict.fromkeys(films[place].rstrip("_- ") or "numbers" for place in chosen)
    return Shared("film", splits, len(chosen), example, tuple(seen))
