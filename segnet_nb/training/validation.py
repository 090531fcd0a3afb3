"""Validation scores of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segnet_nb import metrics
from segnet_nb.datasets.base import LabelledImages, batches

if TYPE_CHECKING:
    import keras

_AT_A_TIME = 16  # images; a multiple of the batch size of ``predict``

SCORES = ("global_accuracy", "class_average", "mean_iou")


def validate(model: keras.Model, data: LabelledImages) -> dict[str, float]:
    """Global accuracy, class average and mean IoU of a network's predictions, each in 0..1.

    Args:
        model: the network.
        data: the validation images and their ground truth.
    """
    from segnet_nb.inference.prediction import predict

    count, void = data.classes.num_classes, data.classes.void_id
    matrix = np.zeros((count, count), np.int64)
    for images, labels in batches(data, _AT_A_TIME):
        matrix += metrics.confusion_matrix(labels, predict(model, images), count, void)
    scores = metrics.scores(matrix)
    return {name: float(getattr(scores, name)) for name in SCORES}
