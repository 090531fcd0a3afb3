"""Validation scores of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segnet_nb import metrics
from segnet_nb.datasets.base import Dataset

if TYPE_CHECKING:
    import keras

SCORES = ("global_accuracy", "class_average", "mean_iou")


def validate(model: keras.Model, data: Dataset) -> dict[str, float]:
    """Global accuracy, class average and mean IoU of a network's predictions, each in 0..1.

    Args:
        model: the network.
        data: the validation images and their ground truth.
    """
    from segnet_nb.inference.prediction import predict

    predictions = predict(model, data.images)
    matrix = metrics.confusion_matrix(
        data.labels, predictions, data.classes.num_classes, data.classes.void_id
    )
    scores = metrics.scores(matrix)
    return {name: float(getattr(scores, name)) for name in SCORES}
