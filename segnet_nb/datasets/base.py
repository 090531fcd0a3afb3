"""The dataset class that every loader returns: plain arrays, validated once."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList


@dataclass(frozen=True)
class Dataset:
    """Images and their labels in memory.

    Attributes:
        images: uint8 in 0..255, RGB, shape ``(count, height, width, 3)``.
        labels: uint8 class ids, shape ``(count, height, width)``; ``classes.void_id`` marks unlabelled
            pixels.
        classes: names and colours of the ids.
        names: one short name per image (the stem of its file name, or ``scene_0007``).
        source: one line that describes where the data comes from.

    Raises:
        ValueError: if shapes, dtypes or ids are inconsistent.

    Example:
        >>> import numpy as np
        >>> from segnet_nb.datasets.classes import CAMVID
        >>> data = Dataset(
        ...     images=np.zeros((2, 16, 16, 3), np.uint8),
        ...     labels=np.full((2, 16, 16), 11, np.uint8),
        ...     classes=CAMVID,
        ...     names=("a", "b"),
        ... )
        >>> len(data), data.image_size
        (2, (16, 16))
    """

    images: np.ndarray
    labels: np.ndarray
    classes: ClassList
    names: tuple[str, ...]
    source: str = ""

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8:
            raise UserError(
                "images must be uint8 of shape (count, height, width, 3), but got "
                f"{images.dtype} of shape {images.shape}."
            )
        if labels.shape != images.shape[:3] or labels.dtype != np.uint8:
            raise UserError(
                f"labels must be uint8 of shape {images.shape[:3]} to match the images, but got "
                f"{labels.dtype} of shape {labels.shape}."
            )
        if len(self.names) != len(images):
            raise UserError(f"names must have one entry per image, {len(images)}, but got {len(self.names)}.")
        if labels.size and labels.max() > self.classes.void_id:
            raise UserError(
                f"labels contain the id {labels.max()}, but ids must be in 0.."
                f"{self.classes.void_id} (void). Map other ids to {self.classes.void_id}."
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the images in pixels."""
        return self.images.shape[1], self.images.shape[2]

    def select(self, chosen: np.ndarray | slice) -> Dataset:
        """Some of the images with their labels and names.

        Args:
            chosen: a slice, numbers of images, or one boolean per image.

        Example:
            >>> from segnet_nb.datasets.classes import CAMVID
            >>> blank = np.zeros((3, 16, 16, 3), np.uint8)
            >>> data = Dataset(blank, blank[..., 0], CAMVID, ("a", "b", "c"))
            >>> data.select(slice(None, None, 2)).names, data.select(np.array([False, True, False])).names
            (('a', 'c'), ('b',))
        """
        names = tuple(np.array(self.names, object)[chosen])
        return replace(self, images=self.images[chosen], labels=self.labels[chosen], names=names)

    def __repr__(self) -> str:
        height, width = self.image_size
        return (
            f"Dataset({len(self)} images, {height}x{width}, {self.classes.num_classes} classes"
            f"{', ' + self.source if self.source else ''})"
        )


def check_count(count: int | None) -> None:
    """Raise unless a number of images is None or at least 1.

    Raises:
        ValueError: if it is below 1.

    Example:
        >>> check_count(None)
    """
    if count is not None and operator.index(count) < 1:
        raise UserError(f"count must be at least 1, or None for all, but got {count}.")


def take_first(pairs: Sequence[Any], count: int | None, what: str) -> Sequence[Any]:
    """The first ``count`` pairs of an image and its labels; None: all.

    Raises:
        ValueError: if ``count`` is above the number of pairs in ``what``.

    Example:
        >>> take_first("abc", 2, "the train split")
        'ab'
    """
    if count is not None and count > len(pairs):
        raise UserError(f"count must be at most {len(pairs)}, the size of {what}, but got {count}.")
    return pairs[:count]
