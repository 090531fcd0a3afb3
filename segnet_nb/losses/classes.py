"""Losses for semantic segmentation as ``keras.losses.Loss`` classes.

``categorical_cross_entropy``, ``dice_loss`` and ``cross_entropy_dice`` are pure functions, defined in
``segnet_nb.losses.functions``; the classes are passed to ``compile`` and stored in ``.keras`` files.
Class weights against class imbalance are computed in ``segnet_nb.losses.class_weights``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from segnet_nb._shared.framework import keras
from segnet_nb.losses.base import SegmentationLoss
from segnet_nb.losses.class_weights import (
    PUBLISHED_CLASS_WEIGHTS,
    class_frequencies,
    inverse_log_weights,
    median_frequency_weights,
)
from segnet_nb.losses.functions import (
    Absent,
    Pooling,
    categorical_cross_entropy,
    checked_epsilon,
    checked_option,
    checked_weights,
    cross_entropy_dice,
    cross_entropy_per_image,
    dice_loss,
    dice_per_group,
)

__all__ = [
    "PUBLISHED_CLASS_WEIGHTS",
    "CategoricalCrossEntropy",
    "CrossEntropyDice",
    "DiceLoss",
    "categorical_cross_entropy",
    "class_frequencies",
    "cross_entropy_dice",
    "dice_loss",
    "inverse_log_weights",
    "median_frequency_weights",
]

Tensor = Any


@keras.saving.register_keras_serializable(package="segnet_nb")
class CategoricalCrossEntropy(SegmentationLoss):
    """``categorical_cross_entropy`` for ``compile``.

    The sum is divided by the number of non-void pixels of the batch, as in FILES. A ``sample_weight``,
    one number per image, multiplies the sums of the images, but not the divisor.

    Args:
        from_logits: whether the model ends without softmax.
        class_weights: one weight per class, or None.
        void_id: id of unlabelled pixels, or None.
        epsilon: added to probabilities before the logarithm.
        name: name of the loss.
        reduction: as in Keras; ``"none"`` returns one value per image, whose mean is the loss.

    Raises:
        ValueError: if weights or epsilon are invalid, or, when called, shapes do not match.

    Example:
        >>> loss = CategoricalCrossEntropy(void_id=11)
        >>> labels = np.array([[[1, 11]]])
        >>> round(float(loss(labels, np.array([[[[0.75, 0.25], [0.5, 0.5]]]]))), 4)
        1.3863
    """

    def __init__(
        self,
        from_logits: bool = False,
        class_weights: Sequence[float] | np.ndarray | None = None,
        void_id: int | None = None,
        epsilon: float = 1e-7,
        name: str = "categorical_cross_entropy",
        reduction: str = "sum_over_batch_size",
    ) -> None:
        super().__init__(from_logits, void_id, name, reduction)
        self.class_weights = checked_weights(class_weights)
        self.epsilon = checked_epsilon(epsilon)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Contribution of each image to the loss, shape ``(batch,)``."""
        return cross_entropy_per_image(
            y_true, y_pred, self.from_logits, self.class_weights, self.void_id, self.epsilon
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        return {**config, "class_weights": self.class_weights, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="segnet_nb")
class DiceLoss(SegmentationLoss):
    """``dice_loss`` for ``compile``.

    Args:
        from_logits: whether the model ends without softmax.
        void_id: id of unlabelled pixels, or None.
        pooling: ``"batch"`` or ``"image"``; only the latter supports ``sample_weight``.
        absent: ``"count"`` or ``"ignore"``, for classes without a labelled pixel.
        epsilon: above 0, avoids 0 / 0.
        name: name of the loss.
        reduction: as in Keras; ``"none"`` returns one value per image, or one for the batch.

    Raises:
        ValueError: if an option is unknown, or, when called, shapes do not match.

    Example:
        >>> labels = np.array([[[0, 1]]])
        >>> round(float(DiceLoss()(labels, np.array([[[[1.0, 0.0], [0.5, 0.5]]]]))), 4)
        0.2667
    """

    def __init__(
        self,
        from_logits: bool = False,
        void_id: int | None = None,
        pooling: Pooling = "batch",
        absent: Absent = "count",
        epsilon: float = 1e-6,
        name: str = "dice_loss",
        reduction: str = "sum_over_batch_size",
    ) -> None:
        super().__init__(from_logits, void_id, name, reduction)
        self.pooling = checked_option("pooling", pooling, ("batch", "image"))
        self.absent = checked_option("absent", absent, ("count", "ignore"))
        self.epsilon = checked_epsilon(epsilon)
        self._weighs_images = pooling == "image"

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Dice losses, shape ``(1,)`` or ``(batch,)``."""
        return dice_per_group(
            y_true,
            y_pred,
            self.from_logits,
            self.void_id,
            self.pooling,
            self.absent,
            self.epsilon,
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"pooling": self.pooling, "absent": self.absent, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="segnet_nb")
class CrossEntropyDice(SegmentationLoss):
    """``cross_entropy_dice`` for ``compile``: a weighted sum of the two losses.

    Args:
        cross_entropy_weight: factor of the cross-entropy.
        dice_weight: factor of the Dice loss.
        from_logits: whether the model ends without softmax.
        class_weights: one weight per class for the cross-entropy, or None.
        void_id: id of unlabelled pixels, or None.
        pooling: see ``DiceLoss``.
        absent: see ``DiceLoss``.
        cross_entropy_epsilon: see ``CategoricalCrossEntropy``.
        dice_epsilon: see ``DiceLoss``.
        name: name of the loss.
        reduction: as in Keras.

    Raises:
        ValueError: if an option is unknown, or, when called, shapes do not match.

    Example:
        >>> loss = CrossEntropyDice(dice_weight=3.0)
        >>> labels = np.array([[[0, 1]]])
        >>> round(float(loss(labels, np.array([[[[1.0, 0.0], [0.5, 0.5]]]]))), 4)
        1.1466
    """

    def __init__(
        self,
        cross_entropy_weight: float = 1.0,
        dice_weight: float = 1.0,
        from_logits: bool = False,
        class_weights: Sequence[float] | np.ndarray | None = None,
        void_id: int | None = None,
        pooling: Pooling = "batch",
        absent: Absent = "count",
        cross_entropy_epsilon: float = 1e-7,
        dice_epsilon: float = 1e-6,
        name: str = "cross_entropy_dice",
        reduction: str = "sum_over_batch_size",
    ) -> None:
        super().__init__(from_logits, void_id, name, reduction)
        self.cross_entropy_weight = float(cross_entropy_weight)
        self.dice_weight = float(dice_weight)
        self.class_weights = checked_weights(class_weights)
        self.pooling = checked_option("pooling", pooling, ("batch", "image"))
        self.absent = checked_option("absent", absent, ("count", "ignore"))
        self.cross_entropy_epsilon = checked_epsilon(cross_entropy_epsilon)
        self.dice_epsilon = checked_epsilon(dice_epsilon)
        self._weighs_images = pooling == "image"

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The weighted sum, shape ``(batch,)``."""
        entropy = cross_entropy_per_image(
            y_true,
            y_pred,
            self.from_logits,
            self.class_weights,
            self.void_id,
            self.cross_entropy_epsilon,
        )
        dice = dice_per_group(
            y_true,
            y_pred,
            self.from_logits,
            self.void_id,
            self.pooling,
            self.absent,
            self.dice_epsilon,
        )
        return self.cross_entropy_weight * entropy + self.dice_weight * dice

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {
            "cross_entropy_weight": self.cross_entropy_weight,
            "dice_weight": self.dice_weight,
            "class_weights": self.class_weights,
            "pooling": self.pooling,
            "absent": self.absent,
            "cross_entropy_epsilon": self.cross_entropy_epsilon,
            "dice_epsilon": self.dice_epsilon,
        }
        return {**super().get_config(), **own}
