"""What a network says about the images of a dataset, small enough to keep and to send to a browser."""

from __future__ import annotations

import functools
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
    """The likeliest classes of every pixel of some images, beside their ground truth.

    Attributes:
        images: uint8 in 0..255, RGB, shape ``(count, height, width, 3)``.
        labels: uint8 class ids, void last, shape ``(count, height, width)``.
        classes: names and colours of the ids.
        names: one short name per image.
        top_classes: uint8 ids, likeliest first, shape ``(count, height, width, top)``; ``top`` is 3, or the
            number of classes if that is smaller.
        top_probabilities: their probabilities in 0..1, float16, same shape.

    Raises:
        ValueError: if the shapes do not fit together.
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
                f"labels of shape {self.labels.shape} and {self.classes.num_classes} classes need "
                f"{top} classes and probabilities per pixel, {expected}, but {self.top_classes.shape} and "
                f"{self.top_probabilities.shape} came."
            )
        if self.images.shape != (*self.labels.shape, 3) or len(self.names) != len(self.images):
            raise UserError(
                f"{len(self.labels)} labels of shape {self.labels.shape[1:]} need as many RGB images of that "
                f"size and as many names, but images {self.images.shape} and {len(self.names)} names came."
            )
        for array in (self.top_classes, self.top_probabilities):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:3]
        return f"Predictions({len(self)} images, {height}x{width}, {self.classes.num_classes} classes)"

    @property
    def predicted_labels(self) -> np.ndarray:
        """The likeliest class of every pixel, uint8, shape ``(count, height, width)``."""
        return self.top_classes[..., 0]

    @functools.cached_property
    def matrices(self) -> np.ndarray:
        """A confusion matrix per image, int64, shape ``(count, num_classes, num_classes)``; rows: truth."""
        classes = self.classes
        return np.stack(
            [
                confusion_matrix(truth, guess, classes.num_classes, classes.void_id)
                for truth, guess in zip(self.labels, self.predicted_labels, strict=True)
            ]
        )

    @functools.cached_property
    def mean_ious(self) -> np.ndarray:
        """Mean IoU of each image over the classes that are in it, float64, shape ``(count,)``."""
        return np.array([scores(matrix, absent="ignore").mean_iou for matrix in self.matrices])


def probe_predictions(model: keras.Model, data: Dataset, *, batch_size: int = 4) -> Predictions:
    """Ask a network for the three likeliest classes of every pixel.

    Args:
        model: a network of this package, with as many classes as the data.
        data: images and labels.
        batch_size: images at a time.

    Returns:
        The images, their labels, and what the network says.

    Raises:
        ValueError: if there are no images, they do not fit the network, or the numbers of classes differ.

    Example:
        >>> from segnet_nb import datasets
        >>> from segnet_nb.networks.model import segnet_basic
        >>> data = datasets.load("synthetic", "val", image_size=(32, 48), count=2)
        >>> probe_predictions(segnet_basic((None, None, 3), 11, filters=4, kernel_size=3), data)
        Predictions(2 images, 32x48, 11 classes)
    """
    told, known = model.output_shape[-1], data.classes.num_classes
    if told != known:
        raise UserError(
            f"the network tells {told} classes apart, but the data has {known}: "
            f"{', '.join(data.classes.names)}. Pass a network trained on these classes."
        )
    if not len(data):
        raise UserError("the dataset holds no image. Load it with a count of at least 1.")
    classes, shares = [], []
    for start in range(0, len(data), batch_size):
        batch = predict_probabilities(model, data.images[start : start + batch_size], batch_size=batch_size)
        order = np.argsort(-batch, axis=-1, kind="stable")[..., : min(TOP, known)]
        shares.append(np.take_along_axis(batch, order, -1).astype(np.float16))
        classes.append(order.astype(np.uint8))
    return Predictions(
        data.images, data.labels, data.classes, data.names, np.concatenate(classes), np.concatenate(shares)
    )
