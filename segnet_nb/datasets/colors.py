"""Class ids turned into colours: palettes, overlays, and colours for every kind of colour vision."""

from __future__ import annotations

import numpy as np

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb.datasets.classes import ClassList

# Found by a search for the largest smallest distance (CIE 1976, four kinds of colour vision): 30.7, while the
# closest two of CamVid's published colours are 6.1 apart. In the order of CamVid's classes, void last.
_SAFE = (
    *((30, 150, 180), (120, 0, 0), (255, 210, 0), (90, 30, 60), (180, 120, 255), (210, 235, 180)),
    *((255, 30, 0), (210, 90, 90), (90, 60, 255), (60, 30, 120), (0, 255, 255)),
)


def safe_colors(classes: ClassList) -> ClassList:
    """The same classes in colours that are told apart with every kind of colour vision.

    Args:
        classes: at most 11 classes.

    Returns:
        A class list with the same names; void stays as it was.

    Raises:
        ValueError: if there are more classes than such colours.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> safe_colors(CAMVID).colors[CAMVID.index("Pole")]
        (255, 210, 0)
    """
    if classes.num_classes > len(_SAFE):
        raise UserError(
            f"{len(_SAFE)} colours can be told apart with every colour vision, but there are "
            f"{classes.num_classes} classes. Keep the palette of the dataset."
        )
    return ClassList(classes.names, (*_SAFE[: classes.num_classes], classes.colors[-1]))


def _check_labels(labels: np.ndarray, classes: ClassList) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise UserTypeError(
            f"labels must be whole class ids, but {labels.dtype} of shape {labels.shape} came. Take "
            "argmax(-1) of probabilities first."
        )
    if labels.size and not 0 <= labels.min() <= labels.max() <= classes.void_id:
        raise UserError(
            f"class ids run from 0 to {classes.void_id} (void), but {labels.min()}..{labels.max()} came."
        )
    return labels


def colorize(labels: np.ndarray, classes: ClassList) -> np.ndarray:
    """The colours of class ids.

    Args:
        labels: integer ids in ``0..num_classes``, any shape; the last id is void.
        classes: whose colours.

    Returns:
        uint8 RGB, the shape of ``labels`` with 3 at its end.

    Raises:
        TypeError: if the ids are not whole numbers.
        ValueError: if an id is out of range.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> colorize(np.array([[3, 11]]), CAMVID).tolist()
        [[[128, 64, 128], [0, 0, 0]]]
    """
    return classes.palette[_check_labels(labels, classes)]


def overlay(image: np.ndarray, labels: np.ndarray, classes: ClassList, opacity: float = 0.6) -> np.ndarray:
    """An image with the colours of its classes laid over it; void stays as it is.

    Args:
        image: uint8 RGB, shape ``(height, width, 3)``.
        labels: integer ids, shape ``(height, width)``.
        classes: whose colours.
        opacity: 0 shows the image, 1 the colours.

    Returns:
        uint8 RGB, shape ``(height, width, 3)``.

    Raises:
        ValueError: if shapes or the opacity do not fit.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> image, labels = np.zeros((1, 1, 3), np.uint8), np.array([[3]])
        >>> overlay(image, labels, CAMVID, opacity=0.5).tolist()
        [[[64, 32, 64]]]
    """
    if image.shape != (*labels.shape, 3):
        raise UserError(f"labels of shape {labels.shape} do not lie over an image of shape {image.shape}.")
    if not 0 <= opacity <= 1:
        raise UserError(f"opacity must be in 0..1, but {opacity} came.")
    colors = colorize(labels, classes)
    alpha = np.where(labels == classes.void_id, 0.0, opacity)[..., None]
    return np.rint(image * (1 - alpha) + colors * alpha).astype(np.uint8)
