"""Predictions of a network for a dataset, compact enough to store and to send to a browser."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.prediction import predict_probabilities
from segnet_nb.metrics.confusion import confusion_matrix, scores

TOP = 3


@dataclass(frozen=True, eq=False)
class Predictions:
    """The most probable classes of every pixel, and the ground truth.

    Attributes:
        images: uint8 in 0..255, RGB, shape ``(count, height, width, 3)``.
        labels: uint8 class ids, void last, shape ``(count, height, width)``.
        classes: names and colours of the ids.
        names: one short name per image.
        top_classes: uint8 ids, most probable first, shape ``(count, height, width, top)``; ``top`` is 3, or
            the number of classes if that is smaller.
        top_probabilities: their probabilities in 0..1, float16, same shape.

    Raises:
        ValueError: if the shapes are inconsistent.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: ClassList
    names: tuple[str, ...]
    top_classes: np.ndarray
    top_probabilities: np.ndarray

    def __post_init__(self) -> None:
        top = min(TOP, self.classes.num_classes)
        expected = (*self.labels.shape, top)
        if self.top_classes.shape != expected or self.top_probabilities.shape != expected:
            raise UserError(
                f"top_classes and top_probabilities must have shape {expected} for labels of shape "
                f"{self.labels.shape} and {self.classes.num_classes} classes, but got "
                f"{self.top_classes.shape} and {self.top_probabilities.shape}."
            )
        check_images(self.images, self.labels, self.names)
        for array in (self.top_classes, self.top_probabilities):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:3]
        return f"Predictions({len(self)} images, {height}x{width}, {self.classes.num_classes} classes)"

    @property
    def predicted_labels(self) -> np.ndarray:
        """The most probable class of every pixel, uint8, shape ``(count, height, width)``."""
        return self.top_classes[..., 0]

    @functools.cached_property
    def matrices(self) -> np.ndarray:
        """Confusion matrix of each image, int64, shape ``(count, num_classes, num_classes)``; rows: truth."""
        classes = self.classes
        return np.stack(
            [
                confusion_matrix(truth, predicted, classes.num_classes, classes.void_id)
                for truth, predicted in zip(self.labels, self.predicted_labels, strict=True)
            ]
        )

    @functools.cached_property
    def mean_ious(self) -> np.ndarray:
        """Mean IoU of each image over the classes present in it, float64, shape ``(count,)``."""
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


def probe_predictions(model: keras.Model, data: Dataset, *, batch_size: int = 4) -> Predictions:
    """Predict the three most probable classes of every pixel.

    Args:
        model: a network of this package, with as many classes as the data.
        data: images and labels.
        batch_size: images per batch.

    Returns:
        The images, their labels, and the predictions.

    Raises:
        ValueError: if there are no images, they do not match the network, or the numbers of classes differ.

    Example:
        >>> from segnet_nb import datasets
        >>> from segnet_nb.networks.model import segnet_basic
        >>> data = datasets.load("synthetic", "val", image_size=(32, 48), count=2)
        >>> probe_predictions(segnet_basic((None, None, 3), 11, filters=4, kernel_size=3), data)
        Predictions(2 images, 32x48, 11 classes)
    """
    check_num_classes(model, data.classes)
    if not len(data):
        raise UserError("the dataset contains no images. Load it with a count of at least 1.")
    top = min(TOP, data.classes.num_classes)
    classes, probabilities = [], []
    for start in range(0, len(data), batch_size):
        batch = predict_probabilities(model, data.images[start : start + batch_size], batch_size=batch_size)
        order = np.argsort(-batch, axis=-1, kind="stable")[..., :top]
        probabilities.append(np.take_along_axis(batch, order, -1).astype(np.float16))
        classes.append(order.astype(np.uint8))
    return Predictions(
        data.images,
        data.labels,
        data.classes,
        data.names,
        np.concatenate(classes),
        np.concatenate(probabilities),
    )
