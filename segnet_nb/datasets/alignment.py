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

_AT_A_TIME = 32  # images in full precision

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


@dataclass(frozen=True)
class Edges:
    """The edges of an image and of its mask at a low resolution, small enough to keep.

    Attributes:
        size: height and width.
        ranks: gradient rank of each pixel of the image, uint16, 65535 for the strongest, ``(pixels,)``.
        bits: boundaries of the mask, one bit per pixel.
    """

    size: tuple[int, int]
    ranks: np.ndarray
    bits: np.ndarray

    @classmethod
    def of(cls, image: np.ndarray, labels: np.ndarray, void_id: int, size: tuple[int, int]) -> Edges:
        """Find the edges.

        Args:
            image: uint8 ``(height, width, 3)``.
            labels: uint8 class ids ``(height, width)``.
            void_id: id of unlabelled pixels, whose boundaries do not count.
            size: height and width to resize both to, see ``coarse_size``.
        """
        ranks = np.rint(65535 * _gradient_ranks(resize_image(image, size))).astype(np.uint16)
        return cls(size, ranks.ravel(), np.packbits(_boundaries(resize_labels(labels, size), void_id)))


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
        ...     seen.add(name, Edges.of(image, labels[:, ::-1], data.classes.void_id, (90, 120)))
        >>> {each.turn for each in seen.finish()}
        {'flipped horizontally'}
    """

    def __init__(self, count: int) -> None:
        self._block_size = count if count <= COMPARED_WITH_ALL else _BLOCK
        self._previous: _Block | None = None
        self._block: _Block | None = None
        self._found: list[Misalignment] = []

    def add(self, name: str, edges: Edges) -> None:
        """Add an image and its mask, by their edges, of one size for all."""
        if self._block is None:
            self._block = _Block(self._block_size, edges.size)
        self._block.add(name, edges)
        if len(self._block.names) == self._block_size:
            self._close_block(self._block)

    def finish(self) -> list[Misalignment]:
        """What was found, in order, after all images were added."""
        if self._block is not None:
            self._close_block(self._block)
        if self._previous is not None:
            self._found += self._previous.found()
            self._previous = None
        return self._found

    def _close_block(self, block: _Block) -> None:
        self._block = None
        block.compare(block)
        if self._previous is not None:
            block.compare(self._previous)
            self._previous.compare(block)
            self._found += self._previous.found()
        self._previous = block


class _Block:
    """The edges of consecutive images.

    Args:
        count: number of images that will be added at most.
        size: height and width of the edges.
    """

    def __init__(self, count: int, size: tuple[int, int]) -> None:
        pixels = size[0] * size[1]
        self.names: list[str] = []
        self._size = size
        self._ranks = np.empty((count, pixels), np.uint16)
        self._bits = np.empty((count, -(-pixels // 8)), np.uint8)
        self._best, self._best_name = np.full(count, -1.0, np.float32), [""] * count

    def add(self, name: str, edges: Edges) -> None:
        """Add an image."""
        self._ranks[len(self.names)] = edges.ranks
        self._bits[len(self.names)] = edges.bits
        self.names.append(name)

    def parts(self) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """A few images at a time: which they are, ranks 0..1 ``(count, pixels)``, and boundaries, bool."""
        pixels = self._size[0] * self._size[1]
        for start in range(0, len(self.names), _AT_A_TIME):
            part = slice(start, min(start + _AT_A_TIME, len(self.names)))
            masks = np.unpackbits(self._bits[part], axis=1, count=pixels).astype(bool)
            yield part, self._ranks[part] / np.float32(65535), masks.reshape(-1, *self._size)

    def compare(self, other: _Block) -> None:
        """Compare the masks with the images of a block; its own image is among them in its own block."""
        for part, _, boundaries in self.parts():
            masks = _means(boundaries)
            for images, ranks, _ in other.parts():
                found = masks @ ranks.T
                for number, row in enumerate(found, start=part.start):
                    if row.max() > self._best[number]:
                        self._best[number] = row.max()
                        self._best_name[number] = other.names[images.start + int(row.argmax())]

    def found(self) -> Iterator[Misalignment]:
        """The masks that match another image, or match their own when turned, clearly better."""
        for part, ranks, boundaries in self.parts():
            own = _own_alignment(boundaries, ranks)
            turned = {way: _own_alignment(turn(boundaries), ranks) for way, turn in _TURNS.items()}
            for number in range(part.start, part.stop):
                at = number - part.start
                way = max(turned, key=lambda each, at=at: turned[each][at])
                gain, other = turned[way][at] - own[at], self._best[number] - own[at]
                if other > max(_SWAP_GAIN, gain):
                    yield Misalignment(self.names[number], other=self._best_name[number])
                elif gain > _FLIP_GAIN:
                    yield Misalignment(self.names[number], turn=way)


def _means(boundaries: np.ndarray) -> np.ndarray:
    """Weights, float32 ``(count, pixels)``, whose product with ranks is their mean under the boundaries."""
    flat = boundaries.reshape(len(boundaries), -1).astype(np.float32)
    return flat / np.maximum(flat.sum(1, keepdims=True), 1)


def _own_alignment(boundaries: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """How well each mask matches its own image: the mean rank under its boundaries, ``(count,)``."""
    return np.einsum("ij,ij->i", _means(boundaries), ranks)


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
    return largest.ravel().argsort().argsort().reshape(size) / largest.size


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
