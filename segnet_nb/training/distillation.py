"""Distillation: targets that are partly the probabilities of a trained network, the teacher.

Source: Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, arXiv 1503.02531; here at
temperature 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.freed_memory import keep_freed_memory

if TYPE_CHECKING:
    from segnet_nb.inference.pretrained import TrainedNetwork


class Teacher:
    """Makes the targets of a training step from labels and the probabilities of a trained network.

    Args:
        network: the teacher.
        share: of the targets, 0..1, that is the teacher's; the rest are the labels.
        classes: of the labels; the teacher must have the same in the same order.

    Raises:
        ValueError: if the teacher has other classes.
    """

    def __init__(self, network: TrainedNetwork, share: float, classes: ClassList) -> None:
        from segnet_nb.inference.class_mapping import same_classes

        if not same_classes(network.classes, classes, known=network.classes_known):
            raise UserError(
                f"teacher={network.name!r} has the {network.classes.num_classes} classes "
                f"{', '.join(network.classes.names)}, but the data has the {classes.num_classes} classes "
                f"{', '.join(classes.names)}. Name a network that was trained for the classes of the data."
            )
        self._model, self._share, self._classes = network.model, share, classes

    def targets(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The targets of a batch.

        Args:
            images: float32 RGB in 0..255, shape ``(batch, height, width, 3)``.
            labels: class ids, shape ``(batch, height, width)``.

        Returns:
            float32 of shape ``(batch, height, width, num_classes)``: the weighted mean of the one-hot labels
            and the teacher's probabilities, which are averaged over the image and its mirror image. Zeros
            where the label is void, so that the losses ignore these pixels.
        """
        from segnet_nb.inference.prediction import batch_probabilities

        mirrored = batch_probabilities(self._model, images[:, :, ::-1])[:, :, ::-1]
        learned = (batch_probabilities(self._model, images) + mirrored) / 2
        one_hot = labels[..., None] == np.arange(self._classes.num_classes)
        targets = (1 - self._share) * one_hot + self._share * learned
        return np.where(labels[..., None] == self._classes.void_id, 0, targets).astype("float32")


def teacher_network(config: TrainConfig) -> TrainedNetwork | None:
    """Load the teacher of a configuration; None if it has none.

    Raises:
        FileNotFoundError: if ``config.teacher`` is neither a name nor a file or folder.
        ValueError: if it holds no network, or one that cannot take the crops to train on.
    """
    from segnet_nb.inference import pretrained

    if not config.teacher:
        return None
    if config.teacher not in pretrained.available() and not Path(config.teacher).exists():
        raise MissingFileError(
            f"teacher={config.teacher!r} is neither a file or folder nor one of "
            f"{', '.join(pretrained.available())}."
        )
    keep_freed_memory()
    network = pretrained.load_trained(config.teacher)
    _check_size(network, config)
    return network


def _check_size(network: TrainedNetwork, config: TrainConfig) -> None:
    """Raise if a teacher takes images of one size only, and crops have another one."""
    expected = network.model.input_shape[1:3]
    for size in filter(None, (config.image_size, config.final_size)):
        if any(want not in (None, got) for want, got in zip(expected, size, strict=True)):
            shown = " x ".join("any" if side is None else str(side) for side in expected)
            raise UserError(
                f"teacher={network.name!r} takes images of {shown} pixels, but the crops to train on have "
                f"{size[0]} x {size[1]}. Name a network for images of any size, or change image_size."
            )
