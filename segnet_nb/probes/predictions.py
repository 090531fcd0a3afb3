"""Predictions of a network for a dataset, compact enough to store and to send to a browser."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb._shared.framework import keras
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.prediction import predict_probabilities
from segnet_nb.metrics.confusion import confusion_matrix, scores

TOP = 3


@dataclass(frozen=True, eq=False)
class Predictions:
    """The most probable classes of every pixel, and the ground truth where there is one.

    Attributes:
        images: uint8 in 0..255, RGB, shape ``(count, height, width, 3)``.
        labels: uint8 class ids, void last, shape ``(count, height, width)``; None: there are no labels, so
            nothing says what is right.
        classes: names and colours of the ids.
        names: one short name per image.
        top_classes: uint8 ids, most probable first, shape ``(count, height, width, top)``; ``top`` is 3, or
            the number of classes if that is smaller.
        top_probabilities: their probabilities in 0..1, float16, same shape.

    Raises:
        ValueError: if the shapes are inconsistent.
    """

    images: np.ndarray
    labels: np.ndarray | None
    classes: ClassList
    names: tuple[str, ...]
    top_classes: np.ndarray
    top_probabilities: np.ndarray

    def __post_init__(self) -> None:
        top = min(TOP, self.classes.num_classes)
        shape = self.images.shape[:3] if self.labels is None else self.labels.shape
        expected = (*shape, top)
        if self.top_classes.shape != expected or self.top_probabilities.shape != expected:
            of_what = "images" if self.labels is None else "labels"
            raise UserError(
                f"top_classes and top_probabilities must have shape {expected} for {of_what} of shape "
                f"{shape} and {self.classes.num_classes} classes, but got "
                f"{self.top_classes.shape} and {self.top_probabilities.shape}."
            )
        check_images(self.images, self.top_classes[..., 0], self.names)
        for array in (self.top_classes, self.top_probabilities):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:3]
        images = (
            f"{len(self)} image{'' if len(self) == 1 else 's'}{'' if self.has_labels else ' without labels'}"
        )
        return f"Predictions({images}, {height}x{width}, {self.classes.num_classes} classes)"

    @property
    def predicted_labels(self) -> np.ndarray:
        """The most probable class of every pixel, uint8, shape ``(count, height, width)``."""
        return self.top_classes[..., 0]

    @property
    def has_labels(self) -> bool:
        """Whether the truth is known; if not, there are no scores."""
        return self.labels is not None

    @functools.cached_property
    def mean_certainties(self) -> np.ndarray:
        """Mean probability of the predicted class in each image, float64 in 0..1, shape ``(count,)``."""
        return self.top_probabilities[..., 0].astype(np.float64).mean((1, 2))

    @functools.cached_property
    def matrices(self) -> np.ndarray:
        """Confusion matrix of each image, int64, shape ``(count, num_classes, num_classes)``; rows: truth.

        Raises:
            ValueError: if there are no labels.
        """
        classes = self.classes
        if self.labels is None:
            raise UserError(
                "these images have no labels, so there are no scores. Read mean_certainties, or predict for "
                "a dataset with labels."
            )
        return np.stack(
            [
                confusion_matrix(truth, predicted, classes.num_classes, classes.void_id)
                for truth, predicted in zip(self.labels, self.predicted_labels, strict=True)
            ]
        )

    @functools.cached_property
    def mean_ious(self) -> np.ndarray:
        """Mean IoU of each image over the classes present in it, float64, shape ``(count,)``.

        Raises:
            ValueError: if there are no labels.
        """
        return np.array([scores(matrix, absent="ignore").mean_iou for matrix in self.matrices])


def check_images(images: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> None:
    """Raise unless there is one RGB image and one name for each label map.

    Raises:
        ValueError: if the shapes or the number of names differ.
    """
    if images.shape != (*labels.shape, 3) or len(names) != len(images):
        raise UserError(
            f"images must have shape {(*labels.shape, 3)} to match the labels, with one name each, but got "
            f"images of shape {images.shape} and {len(names)} names."
        )


def check_num_classes(model: keras.Model, classes: ClassList) -> None:
    """Raise unless a network has as many outputs as there are classes.

    Raises:
        ValueError: if the numbers differ.
    """
    found = model.output_shape[-1]
    if found != classes.num_classes:
        raise UserError(
            f"the network has {found} output classes, but the data has {classes.num_classes}: "
            f"{', '.join(classes.names)}. Pass a network trained on these classes."
        )


def probe_predictions(
    model: keras.Model,
    data: Dataset | np.ndarray,
    *,
    classes: ClassList | None = None,
    batch_size: int = 4,
) -> Predictions:
    """Predict the three most probable classes of every pixel.

    Args:
        model: a network of this package, with as many classes as the data.
        data: images and labels; or images without labels, uint8 RGB ``(count, height, width, 3)``, or one
            image ``(height, width, 3)``.
        classes: names and colours of the ids, for images without labels.
        batch_size: images per batch.

    Returns:
        The images, their labels (None if there are none), and the predictions.

    Raises:
        TypeError: if ``classes`` is missing for images without labels, or given for a dataset.
        ValueError: if there are no images, they do not match the network, or the numbers of classes differ.

    Example:
        >>> from segnet_nb import datasets
        >>> from segnet_nb.networks.model import segnet_basic
        >>> data = datasets.load("synthetic", "val", image_size=(32, 48), count=2)
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> probe_predictions(model, data)
        Predictions(2 images, 32x48, 11 classes)
        >>> probe_predictions(model, data.images[0], classes=data.classes)
        Predictions(1 image without labels, 32x48, 11 classes)
    """
    if isinstance(data, np.ndarray):
        images, labels, names = _without_labels(data, classes)
    elif classes is not None:
        raise UserTypeError("a dataset has classes of its own: leave out classes, or pass its images alone.")
    else:
        images, labels, names, classes = data.images, data.labels, data.names, data.classes
    assert classes is not None
    check_num_classes(model, classes)
    if not len(images):
        raise UserError("the dataset contains no images. Load it with a count of at least 1.")
    top = min(TOP, classes.num_classes)
    best, probabilities = [], []
    for start in range(0, len(images), batch_size):
        batch = predict_probabilities(model, images[start : start + batch_size], batch_size=batch_size)
        order = np.argsort(-batch, axis=-1, kind="stable")[..., :top]
        probabilities.append(np.take_along_axis(batch, order, -1).astype(np.float16))
        best.append(order.astype(np.uint8))
    return Predictions(images, labels, classes, names, np.concatenate(best), np.concatenate(probabilities))


def _without_labels(
    images: np.ndarray, classes: ClassList | None
) -> tuple[np.ndarray, None, tuple[str, ...]]:
    if classes is None:
        raise UserTypeError(
            "images without labels need the names of the classes: pass classes=, such as datasets.CAMVID."
        )
    several = images[None] if images.ndim == 3 else images
    if several.ndim != 4 or several.shape[-1] != 3 or several.dtype != np.uint8:
        raise UserError(
            "images must be uint8 of shape (count, height, width, 3) or (height, width, 3), but got "
            f"{images.dtype} of shape {images.shape}."
        )
    return several, None, tuple(f"image {number}" for number in range(len(several)))
