"""Class ids as colours: palettes, overlays, and colour-blind-safe colours."""

from __future__ import annotations

import numpy as np

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb.datasets.classes import ClassList

# Chosen by maximising the minimum distance (CIE 1976, four types of colour vision): 30.7, while the minimum
# of CamVid's published palette is 6.1. In the order of CamVid's classes.
_SAFE = (
    *((30, 150, 180), (120, 0, 0), (255, 210, 0), (90, 30, 60), (180, 120, 255), (210, 235, 180)),
    *((255, 30, 0), (210, 90, 90), (90, 60, 255), (60, 30, 120), (0, 255, 255)),
)


def safe_colors(classes: ClassList) -> ClassList:
    """The same classes with a colour-blind-safe palette.

    Args:
        classes: at most 11 classes.

    Returns:
        A class list with the same names and the same colour of void.

    Raises:
        ValueError: if there are more than 11 classes.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> safe_colors(CAMVID).colors[CAMVID.index("Pole")]
        (255, 210, 0)
    """
    if classes.num_classes > len(_SAFE):
        raise UserError(
            f"the colour-blind-safe palette has {len(_SAFE)} colours, but got {classes.num_classes} classes. "
            "Keep the palette of the dataset."
        )
    return ClassList(classes.names, (*_SAFE[: classes.num_classes], classes.colors[-1]))


def _check_labels(labels: np.ndarray, classes: ClassList) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise UserTypeError(
            f"labels must be integer class ids, but got {labels.dtype} of shape {labels.shape}. Take "
            "argmax(-1) of probabilities first."
        )
    if labels.size and not 0 <= labels.min() <= labels.max() <= classes.void_id:
        raise UserError(
            f"class ids must be in 0..{classes.void_id} (void), but got {labels.min()}..{labels.max()}."
        )
    return labels


def colorize(labels: np.ndarray, classes: ClassList) -> np.ndarray:
    """Map class ids to colours.

    Args:
        labels: integer ids in ``0..num_classes``, any shape; the last id is void.
        classes: class list with the palette.

    Returns:
        uint8 RGB, shape ``(*labels.shape, 3)``.

    Raises:
        TypeError: if the ids are not integers.
        ValueError: if an id is out of range.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> colorize(np.array([[3, 11]]), CAMVID).tolist()
        [[[128, 64, 128], [0, 0, 0]]]
    """
    return classes.palette[_check_labels(labels, classes)]


def overlay(image: np.ndarray, labels: np.ndarray, classes: ClassList, opacity: float = 0.6) -> np.ndarray:
    """Blend the colours of the classes over an image; void pixels are left unchanged.

    Args:
        image: uint8 RGB, shape ``(height, width, 3)``.
        labels: integer ids, shape ``(height, width)``.
        classes: class list with the palette.
        opacity: 0 shows only the image, 1 only the colours.

    Returns:
        uint8 RGB, shape ``(height, width, 3)``.

    Raises:
        ValueError: if the shapes differ or the opacity is out of range.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> image, labels = np.zeros((1, 1, 3), np.uint8), np.array([[3]])
        >>> overlay(image, labels, CAMVID, opacity=0.5).tolist()
        [[[64, 32, 64]]]
    """
    if image.shape != (*labels.shape, 3):
        raise UserError(f"labels of shape {labels.shape} do not match an image of shape {image.shape}.")
    if not 0 <= opacity <= 1:
        raise UserError(f"opacity must be in 0..1, but got {opacity}.")
    first = 256 * _check_labels(labels, classes).astype(np.intp)  # of the class, in the table of a channel
    mixed = np.empty_like(image)
    for channel, table in enumerate(_blends(classes, opacity)):
        mixed[..., channel] = table[first + image[..., channel]]
    return mixed


def _blends(classes: ClassList, opacity: float) -> np.ndarray:
    """Each colour blended with each grey level, shape ``(3, classes * 256)``: fast to look up."""
    alpha = np.where(np.arange(classes.num_classes + 1) == classes.void_id, 0.0, opacity)[:, None, None]
    blends = np.arange(256) * (1 - alpha) + classes.palette[..., None] * alpha
    return np.rint(blends).astype(np.uint8).transpose(1, 0, 2).reshape(3, -1)
