"""Datasets that are decoded on the fly, so that they need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import Dataset, with_note
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.mask_encoding import FolderError
from segnet_nb.datasets.pair_cache import PairCache
from segnet_nb.datasets.prefetch import in_order, worker_count
from segnet_nb.datasets.resizing import resize_image, resize_labels

IN_MEMORY_LIMIT = 256 * 2**20
"""Datasets of more bytes than this are streamed unless ``in_memory=True``; a pixel takes four."""


@dataclass(frozen=True)
class StreamedDataset:
    """Images and labels that are decoded, checked and resized whenever they are used.

    It has what ``Dataset`` has, and the same pixels. ``images`` and ``labels`` are sequences that decode on
    access: ``data.images[3]``, ``data.labels[:4]`` and loops work; an array of all images is
    ``data.in_memory().images``. It is also a random-access source, ``len(data)`` and ``data[number]``, as
    PyTorch's ``DataLoader`` and Grain take it.

    Attributes:
        read: from an item to its image, uint8 ``(height, width, 3)``, and class ids, uint8
            ``(height, width)``; called in any thread.
        items: what ``read`` takes, one per image.
        classes: names and colours of the ids.
        names: one short name per image.
        source: one line that describes where the data comes from.
        sizes: heights and widths that each image is resized to, one after the other.
        files: from an item to the files it is read from, for the cache.
        cache: where decoded images are kept; None: nowhere.
        workers: number of threads that decode ahead; None: one per core, at most 8.

    Raises:
        ValueError: if the number of names is not that of the items, or ``workers`` is below 1.

    Example:
        >>> from segnet_nb import datasets
        >>> data = datasets.load("synthetic", "val", image_size=(48, 64), count=2, in_memory=False)
        >>> data
        StreamedDataset(2 images, 48x64, 11 classes, synthetic road scenes, val, seed 0)
        >>> data.images[1].shape, [labels.shape for labels in data.labels]
        ((48, 64, 3), [(48, 64), (48, 64)])
    """

    read: Callable[[Any], tuple[np.ndarray, np.ndarray]]
    items: Sequence[Any]
    classes: ClassList
    names: tuple[str, ...]
    source: str = ""
    sizes: tuple[tuple[int, int], ...] = ()
    files: Callable[[Any], Sequence[Path]] | None = None
    cache: PairCache | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        worker_count(self.workers)
        if len(self.names) != len(self.items):
            raise UserError(
                f"names must have one entry per image, {len(self.items)}, but got {len(self.names)}."
            )

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        return self.pair(number)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return self.pairs()

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width of the images in pixels; None if they keep their own sizes."""
        return self.sizes[-1] if self.sizes else None

    @property
    def images(self) -> Column:
        """The images, each uint8 ``(height, width, 3)``, decoded on access."""
        return Column(self, 0)

    @property
    def labels(self) -> Column:
        """The class ids, each uint8 ``(height, width)``, decoded on access."""
        return Column(self, 1)

    def pair(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """One image, uint8 ``(height, width, 3)``, and its labels, uint8 ``(height, width)``.

        Raises:
            ValueError: if a file is invalid.
        """
        item = self.items[number]
        if self.cache is None or self.files is None:
            return self._decoded(item, number)
        place = self.cache.place(self.files(item), self.sizes)
        found = self.cache.load(place)
        if found is None:
            found = self._decoded(item, number)
            self.cache.store(place, *found)
        return found

    def _decoded(self, item: Any, number: int) -> tuple[np.ndarray, np.ndarray]:
        image, labels = self.read(item)
        # Before resizing, which could skip the pixel.
        if labels.size and labels.max() > self.classes.void_id:
            raise UserError(
                f"the labels of {self.names[number]} contain the id {labels.max()}, but ids must be in 0.."
                f"{self.classes.void_id} (void). Map other ids to {self.classes.void_id}."
            )
        for size in self.sizes:
            image, labels = resize_image(image, size), resize_labels(labels, size)
        return image, labels

    def pairs(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All images and labels in order, decoded by threads some images ahead."""
        return in_order(self.pair, range(len(self)), workers=self.workers)

    def subset(self, numbers: Iterable[int], note: str = "") -> StreamedDataset:
        """The images with these numbers, in this order; nothing is decoded.

        Args:
            numbers: from 0.
            note: what to add to ``source``.
        """
        chosen = list(numbers)
        return replace(
            self,
            items=[self.items[number] for number in chosen],
            names=tuple(self.names[number] for number in chosen),
            source=with_note(self.source, note),
        )

    def select(self, chosen: np.ndarray | slice) -> StreamedDataset:
        """Some of the images, by a slice, their numbers, or one boolean per image; nothing is decoded."""
        return self.subset(np.arange(len(self))[chosen].tolist())

    def resized(self, size: tuple[int, int]) -> StreamedDataset:
        """The images at another height and width; nothing is decoded."""
        return replace(self, sizes=(*self.sizes, (int(size[0]), int(size[1]))))

    def in_memory(self) -> Dataset:
        """All images as arrays.

        Raises:
            ValueError: if a file is invalid, or the images have different sizes.
        """
        if not len(self):
            raise UserError("there are no images to load. Choose at least one.")
        height, width = self.pair(0)[1].shape
        images = np.empty((len(self), height, width, 3), np.uint8)
        labels = np.empty((len(self), height, width), np.uint8)
        for number, (image, ids) in enumerate(self.pairs()):
            if ids.shape != (height, width):
                raise FolderError(
                    f"{self.names[number]} is {ids.shape[0]} x {ids.shape[1]} pixels, but {self.names[0]} is "
                    f"{height} x {width}. Pass image_size=(height, width) to resize all images to one size."
                )
            images[number], labels[number] = image, ids
        return Dataset(images, labels, self.classes, self.names, self.source)

    def __repr__(self) -> str:
        size = "{}x{}".format(*self.image_size) if self.image_size else "sizes as stored"
        described = ", ".join(filter(None, (f"{self.classes.num_classes} classes", self.source)))
        return f"StreamedDataset({len(self)} images, {size}, {described})"


@dataclass(frozen=True)
class Column(Sequence[np.ndarray]):
    """The images or the labels of a streamed dataset, decoded on access.

    Example:
        >>> from segnet_nb import datasets
        >>> data = datasets.load("synthetic", "val", image_size=(48, 64), count=3, in_memory=False)
        >>> data.labels[:2].shape, data.labels[[2]].shape
        ((2, 48, 64), (1, 48, 64))
    """

    data: StreamedDataset
    part: int

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, key: Any) -> np.ndarray:
        chosen = np.arange(len(self))[key]
        if not chosen.ndim:
            return self.data.pair(int(chosen))[self.part]
        return np.stack([pair[self.part] for pair in self.data.subset(chosen.tolist()).pairs()])

    def __iter__(self) -> Iterator[np.ndarray]:
        for pair in self.data.pairs():
            yield pair[self.part]

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise UserError(
            f"these {len(self)} images are streamed and may not fit into memory. Use some of them, such as "
            "[:10], load the dataset with in_memory=True, or call its in_memory()."
        )


def provide(data: StreamedDataset, in_memory: bool | None) -> Dataset | StreamedDataset:
    """The dataset in memory or streamed, as requested or, with None, by its size.

    Args:
        data: the dataset; with None its first image is decoded and stands for the size of all.
        in_memory: True: as arrays; False: streamed; None: as arrays up to ``IN_MEMORY_LIMIT``.
    """
    if in_memory is None:
        height, width = data.pair(0)[1].shape
        in_memory = len(data) * height * width * 4 <= IN_MEMORY_LIMIT
    return data.in_memory() if in_memory else data
