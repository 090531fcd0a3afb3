"""Synthetic drives: several frames of each street, as similar to each other as frames of a film."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import CAMVID
from segnet_nb.datasets.names import SPLITS
from segnet_nb.datasets.resizing import resize_image
from segnet_nb.datasets.synthetic.scenes import IMAGE_SIZE, draw_scene

_LAST_SHARE = 0.6  # of both sides, which the last frame shows
_VANISHING = 0.45  # height of the point that is approached, as a share of the image


def load_drives(
    drives: int = 6, frames: int = 10, *, image_size: tuple[int, int] | None = None, seed: int = 0
) -> Dataset:
    """Several streets with several frames each, which come closer and closer to the end of the street.

    The streets are none of those of ``load``.

    Args:
        drives: number of streets, at least 1.
        frames: frames of each, at least 1.
        image_size: ``(height, width)`` in pixels, each at least 16. None: 180 x 240.
        seed: 0 or more; another seed generates other streets.

    Returns:
        A ``Dataset`` of ``drives * frames`` images with names such as ``drive0_003``, so that
        ``segnet_nb.datasets.groups`` finds the drives.

    Raises:
        ValueError: if a number is below 1 or the size is invalid.

    Example:
        >>> data = load_drives(2, 3, image_size=(24, 32))
        >>> data.images.shape, data.names[-1]
        ((6, 24, 32, 3), 'drive1_002')
    """
    if min(drives, frames) < 1:
        raise UserError(f"drives and frames must be at least 1, but got {drives} and {frames}.")
    height, width = IMAGE_SIZE if image_size is None else image_size
    images, labels = [], []
    for number in range(drives):
        rng = np.random.default_rng([seed, len(SPLITS), number])  # a stream that no split uses
        image, truth = draw_scene(rng, (2 * height, 2 * width))
        images += [resize_image(frame, (height, width)) for frame in zoomed(image, frames)]
        labels += list(zoomed_labels(truth, frames, (height, width)))
    return Dataset(
        images=np.stack(images),
        labels=np.stack(labels),
        classes=CAMVID,
        names=tuple(f"drive{number}_{frame:03d}" for number in range(drives) for frame in range(frames)),
        source=f"{drives} synthetic drives, seed {seed}",
    )


def zoomed(image: np.ndarray, count: int) -> Generator[np.ndarray, None, None]:
    """An image and ever smaller parts of it around the end of the street, all at the size of the image.

    Args:
        image: uint8 ``(height, width, 3)``.
        count: number of frames; the last shows 0.6 of both sides.

    Example:
        >>> [frame.shape for frame in zoomed(np.zeros((24, 32, 3), np.uint8), 2)]
        [(24, 32, 3), (24, 32, 3)]
    """
    picture = Image.fromarray(image)
    for box in _boxes(picture.height, picture.width, count):
        yield np.asarray(picture.resize(picture.size, Image.Resampling.BILINEAR, box))


def zoomed_labels(labels: np.ndarray, count: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """The labels of the frames of ``zoomed``, by nearest neighbour.

    Args:
        labels: uint8 ``(height, width)``.
        count: number of frames.
        size: ``(height, width)`` of the returned labels in pixels.

    Example:
        >>> [part.tolist() for part in zoomed_labels(np.array([[0, 1], [2, 3]], np.uint8), 1, (2, 2))]
        [[[0, 1], [2, 3]]]
    """
    picture = Image.fromarray(labels)
    for box in _boxes(picture.height, picture.width, count):
        yield np.asarray(picture.resize((size[1], size[0]), Image.Resampling.NEAREST, box))


def _boxes(height: int, width: int, count: int) -> Iterator[tuple[float, float, float, float]]:
    """Left, top, right and bottom of the part that each frame shows."""
    for share in np.linspace(1.0, _LAST_SHARE, count):
        left, top = width * (1 - share) / 2, height * (1 - share) * _VANISHING
        yield left, top, left + width * share, top + height * share
