"""The dataset every loader returns: plain arrays, checked once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList


@dataclass(frozen=True)
class Dataset:
    """Images and their labels in memory.

    Attributes:
        images: uint8 in 0..255, RGB, shape ``(count, height, width, 3)``.
        labels: uint8 class ids, shape ``(count, height, width)``; ``classes.void_id`` where a pixel
            has no class.
        classes: names and colours of the ids.
        names: one short name per image (a file's stem, or ``scene_0007``).
        source: a line for people about where the data came from.

    Raises:
        ValueError: if shapes, dtypes or ids do not fit together.

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
                "images must be uint8 of shape (count, height, width, 3), but came as "
                f"{images.dtype} of shape {images.shape}."
            )
        if labels.shape != images.shape[:3] or labels.dtype != np.uint8:
            raise UserError(
                f"labels must be uint8 of shape {images.shape[:3]} to fit the images, but came as "
                f"{labels.dtype} of shape {labels.shape}."
            )
        if len(self.names) != len(images):
            raise UserError(f"{len(images)} images need as many names, but {len(self.names)} came.")
        if labels.size and labels.max() > self.classes.void_id:
            raise UserError(
                f"labels hold the id {labels.max()}, but ids run from 0 to "
                f"{self.classes.void_id} (void). Map other ids to {self.classes.void_id}."
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the images in pixels."""
        return self.images.shape[1], self.images.shape[2]

    def __repr__(self) -> str:
        height, width = self.image_size
        return (
            f"Dataset({len(self)} images, {height}x{width}, {self.classes.num_classes} classes"
            f"{', ' + self.source if self.source else ''})"
        )
