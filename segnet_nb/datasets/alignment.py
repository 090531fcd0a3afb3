"""Masks that do not belong to their image, found by edges.

The boundaries of a mask should coincide with edges of its image. The boundaries of a mask that is mirrored or
belongs to another image lie elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from segnet_nb.datasets.resizing import resize_image, resize_labels

# Thresholds in ranks of gradients, 0..1. For all but two of CamVid's 367 training masks, flipping improves
# the alignment by at most 0.072 and another image by at most 0.088; for masks flipped on purpose, undoing the
# flip improves it by 0.11 to 0.18 in the median.
_FLIP_GAIN, _SWAP_GAIN = 0.075, 0.09
_ROWS = 90

COMPARED_WITH_ALL = 400
"""Up to this many images, each mask is compared with all images of its split."""

_BLOCK = 100  # images; beyond, a mask is compared with those of its block, the one before and the next

_TURNS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "flipped horizontally": lambda masks: masks[:, :, ::-1],
    "flipped vertically": lambda masks: masks[:, ::-1],
    "rotated by 180 degrees": lambda masks: masks[:, ::-1, ::-1],
}


@dataclass(frozen=True)
class Misalignment:
    """A mask that matches its image badly.

    Attributes:
        name: name of the mask.
        other: name of the image that it matches better; empty if it matches its own better when turned.
        turn: how it matches better, such as ``"flipped horizontally"``; empty if it matches another image.
    """

    name: str
    other: str = ""
    turn: str = ""


class Alignments:
    """Compares the masks of a split with images while these are read one by one.

    Up to ``COMPARED_WITH_ALL`` images every mask is compared with every image. With more, only with the 100
    to 200 images before and after it, so that memory and time per image are bounded; files that were swapped
    are usually neighbours.

    Args:
        count: number of images that will be added.

    Example:
        >>> from segnet_nb import datasets
        >>> data = datasets.load("synthetic", "train", image_size=(90, 120), count=3)
        >>> seen = Alignments(len(data))
        >>> for name, (image, labels) in zip(data.names, data.pairs()):
        ...     seen.add(name, image, labels[:, ::-1], data.classes.void_id)
        >>> {each.turn for each in seen.finish()}
        {'flipped horizontally'}
    """

    def __init__(self, count: int) -> None:
        self._block_size = count if count <= COMPARED_WITH_ALL else _BLOCK
        self._size: tuple[int, int] | None = None
        self._names: list[str] = []
        self._ranks: list[np.ndarray] = []
        self._boundaries: list[np.ndarray] = []
        self._previous: _Block | None = None
        self._found: list[Misalignment] = []

    def add(self, name: str, image: np.ndarray, labels: np.ndarray, void_id: int) -> None:
        """Add an image, uint8 ``(height, width, 3)``, and its class ids, uint8 ``(height, width)``."""
        if self._size is None:
            self._size = coarse_size(*labels.shape)
        self._names.append(name)
        self._ranks.append(_gradient_ranks(resize_image(image, self._size)))
        self._boundaries.append(_boundaries(resize_labels(labels, self._size), void_id))
        if len(self._names) == self._block_size:
            self._close_block()

    def finish(self) -> list[Misalignment]:
        """What was found, in order, after all images were added."""
        if self._names:
            self._close_block()
        if self._previous is not None:
            self._found += self._previous.found()
            self._previous = None
        return self._found

    def _close_block(self) -> None:
        block = _Block(self._names, np.array(self._ranks), np.array(self._boundaries))
        self._names, self._ranks, self._boundaries = [], [], []
        if self._previous is not None:
            block.compare(self._previous)
            self._previous.compare(block)
            self._found += self._previous.found()
        self._previous = block


class _Block:
    """Some consecutive images: gradient ranks and boundaries, ``(count, rows, columns)``."""

    def __init__(self, names: list[str], ranks: np.ndarray, boundaries: np.ndarray) -> None:
        self.names, self._boundaries = names, boundaries
        self.ranks = ranks.reshape(len(names), -1)
        self._sizes = np.maximum(boundaries.reshape(len(names), -1).sum(1), 1).astype(np.float32)[:, None]
        self._own = self._with_own(boundaries)
        self._best, self._best_name = self._own.copy(), list(names)
        self.compare(self)

    def _with_own(self, masks: np.ndarray) -> np.ndarray:
        """How well each mask matches its own image: the mean rank under its boundaries."""
        return np.einsum("ij,ij->i", masks.reshape(len(masks), -1) / self._sizes, self.ranks)

    def compare(self, other: _Block) -> None:
        """Compare the masks with the images of a block."""
        masks = self._boundaries.reshape(len(self.names), -1) / self._sizes
        found = masks @ other.ranks.T
        places = found.argmax(1)
        for number, place in enumerate(places):
            if found[number, place] > self._best[number]:
                self._best[number], self._best_name[number] = found[number, place], other.names[place]

    def found(self) -> Iterator[Misalignment]:
        """The masks that match another image, or match their own when turned, clearly better."""
        turned = {name: self._with_own(turn(self._boundaries)) for name, turn in _TURNS.items()}
        for number, name in enumerate(self.names):
            way = max(turned, key=lambda each: turned[each][number])
            gain, other = turned[way][number] - self._own[number], self._best[number] - self._own[number]
            if other > max(_SWAP_GAIN, gain):
                yield Misalignment(name, other=self._best_name[number])
            elif gain > _FLIP_GAIN:
                yield Misalignment(name, turn=way)


def coarse_size(height: int, width: int) -> tuple[int, int]:
    """The height and width, about 90 rows, at which edges are compared.

    Example:
        >>> coarse_size(360, 480), coarse_size(50, 60)
        ((90, 120), (50, 60))
    """
    factor = max(1, round(height / _ROWS))
    return max(1, height // factor), max(1, width // factor)


def _gradient_ranks(image: np.ndarray) -> np.ndarray:
    """Rank 0..1 of each pixel by the largest brightness gradient among itself and its neighbours."""
    size = image.shape[:2]
    grey = image @ np.array([0.299, 0.587, 0.114])
    magnitude = np.hypot(*np.gradient(grey)) if min(size) > 1 else grey * 0
    # With a tolerance of one pixel, since annotators draw boundaries by hand.
    padded = np.pad(magnitude, 1, mode="edge")
    largest = np.max([padded[i : i + size[0], j : j + size[1]] for i in range(3) for j in range(3)], axis=0)
    ranks = largest.ravel().argsort().argsort().reshape(size) / largest.size
    return ranks.astype(np.float32)


def _boundaries(labels: np.ndarray, void_id: int) -> np.ndarray:
    """Pixels on both sides of a boundary between two classes other than void, bool."""
    boundary = np.zeros(labels.shape, bool)
    known = labels != void_id
    for axis in (0, 1):
        a, b = np.moveaxis(labels, axis, 0)[1:], np.moveaxis(labels, axis, 0)[:-1]
        both = np.moveaxis(known, axis, 0)[1:] & np.moveaxis(known, axis, 0)[:-1]
        change = (a != b) & both
        view = np.moveaxis(boundary, axis, 0)
        view[1:] |= change
        view[:-1] |= change
    return boundary
