"""What a dataset is: the protocol that all consumers use, and the dataset in memory."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.resizing import resize_image, resize_labels


class LabelledImages(Protocol):
    """Images with labels, in memory (``Dataset``) or decoded on the fly (``StreamedDataset``).

    Training, evaluation and the doctor use nothing else, and give the same numbers with both.
    """

    @property
    def classes(self) -> ClassList:
        """Names and colours of the ids."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """One short name per image."""
        ...

    @property
    def source(self) -> str:
        """One line that describes where the data comes from."""
        ...

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width of the images; None if they may differ."""
        ...

    @property
    def labels(self) -> Iterable[np.ndarray]:
        """The labels of each image, uint8 ``(height, width)``."""
        ...

    def __len__(self) -> int: ...

    def pair(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """One image, uint8 ``(height, width, 3)``, and its labels, uint8 ``(height, width)``."""
        ...

    def pairs(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All images and labels in order."""
        ...

    def subset(self, numbers: Iterable[int], note: str = "") -> LabelledImages:
        """The images with these numbers, in this order; ``note`` is added to ``source``."""
        ...

    def resized(self, size: tuple[int, int]) -> LabelledImages:
        """The images at another height and width."""
        ...


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

    def pair(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """One image, uint8 ``(height, width, 3)``, and its labels, uint8 ``(height, width)``."""
        return self.images[number], self.labels[number]

    def pairs(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All images and labels in order."""
        return zip(self.images, self.labels, strict=True)

    def subset(self, numbers: Iterable[int], note: str = "") -> Dataset:
        """The images with these numbers, in this order.

        Args:
            numbers: from 0.
            note: what to add to ``source``.
        """
        chosen = np.array(list(numbers), int)
        return replace(
            self,
            images=self.images[chosen],
            labels=self.labels[chosen],
            names=tuple(self.names[number] for number in chosen),
            source=with_note(self.source, note),
        )

    def select(self, chosen: np.ndarray | slice) -> Dataset:
        """Some of the images, by a slice, their numbers, or one boolean per image.

        Example:
            >>> from segnet_nb.datasets.classes import CAMVID
            >>> blank = np.zeros((3, 16, 16, 3), np.uint8)
            >>> data = Dataset(blank, blank[..., 0], CAMVID, ("a", "b", "c"))
            >>> data.select(slice(None, None, 2)).names, data.select(np.array([False, True, False])).names
            (('a', 'c'), ('b',))
        """
        return self.subset(np.arange(len(self))[chosen].tolist())

    def resized(self, size: tuple[int, int]) -> Dataset:
        """The images at another height and width, see ``segnet_nb.datasets.resizing``."""
        images = np.empty((len(self), *size, 3), np.uint8)
        labels = np.empty((len(self), *size), np.uint8)
        for number, (image, ids) in enumerate(self.pairs()):
            images[number], labels[number] = resize_image(image, size), resize_labels(ids, size)
        return replace(self, images=images, labels=labels)

    def __repr__(self) -> str:
        height, width = self.image_size
        return (
            f"Dataset({len(self)} images, {height}x{width}, {self.classes.num_classes} classes"
            f"{', ' + self.source if self.source else ''})"
        )


def batches(data: LabelledImages, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Images and labels in order, several at a time; the images of a batch have one size.

    Args:
        data: the dataset.
        size: images per batch, at least 1.

    Yields:
        Images, uint8 ``(batch, height, width, 3)``, and labels, uint8 ``(batch, height, width)``.

    Raises:
        ValueError: if ``size`` is below 1.

    Example:
        >>> from segnet_nb import datasets
        >>> data = datasets.load("synthetic", "val", image_size=(48, 64), count=3)
        >>> [images.shape for images, _ in batches(data, 2)]
        [(2, 48, 64, 3), (1, 48, 64, 3)]
    """
    if size < 1:
        raise UserError(f"batch_size must be at least 1, but got {size}.")
    waiting: list[tuple[np.ndarray, np.ndarray]] = []
    for pair in data.pairs():
        if waiting and (len(waiting) == size or pair[0].shape != waiting[0][0].shape):
            yield _stacked(waiting)
            waiting = []
        waiting.append(pair)
    if waiting:
        yield _stacked(waiting)


def _stacked(pairs: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([image for image, _ in pairs]), np.stack([labels for _, labels in pairs])


def with_note(source: str, note: str) -> str:
    """The description of a dataset with an addition.

    Example:
        >>> with_note("CamVid train split", "without 0006R0")
        'CamVid train split, without 0006R0'
    """
    return ", ".join(part for part in (source, note) if part)


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
