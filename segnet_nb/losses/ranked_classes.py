"""Losses that rank the pixels, as ``keras.losses.Loss`` classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from segnet_nb._shared.framework import keras
from segnet_nb.losses.base import SegmentationLoss
from segnet_nb.losses.functions import (
    Pooling,
    checked_epsilon,
    checked_option,
    checked_weights,
    cross_entropy_per_image,
)
from segnet_nb.losses.ranked import checked_share, hard_pixel_cross_entropy, lovasz_per_group

Tensor = Any


@keras.saving.register_keras_serializable(package="segnet_nb")
class HardPixelCrossEntropy(SegmentationLoss):
    """``hard_pixel_cross_entropy`` for ``compile``.

    Args:
        from_logits: whether the model ends without softmax.
        class_weights: one weight per class, or None.
        void_id: id of unlabelled pixels, or None.
        threshold: probability of its class below which a pixel is hard.
        min_share: share of the labelled pixels that are hard at least.
        epsilon: added to probabilities before the logarithm.
        name: name of the loss.
        reduction: as in Keras; there is one value for the batch.

    Raises:
        ValueError: if an argument is invalid, or, when called, shapes do not match.

    Example:
        >>> labels = np.array([[[0, 0]]])
        >>> loss = HardPixelCrossEntropy()
        >>> round(float(loss(labels, np.array([[[[0.25, 0.75], [0.9, 0.1]]]]))), 4)
        1.3863
    """

    _weighs_images = False
    _weighing = "Use CategoricalCrossEntropy, or leave images out."

    def __init__(
        self,
        from_logits: bool = False,
        class_weights: Sequence[float] | np.ndarray | None = None,
        void_id: int | None = None,
        threshold: float = 0.7,
        min_share: float = 0.0625,
        epsilon: float = 1e-7,
        name: str = "hard_pixel_cross_entropy",
        reduction: str = "sum_over_batch_size",
    ) -> None:
        super().__init__(from_logits, void_id, name, reduction)
        self.class_weights = checked_weights(class_weights)
        self.threshold = checked_share("threshold", threshold)
        self.min_share = checked_share("min_share", min_share)
        self.epsilon = checked_epsilon(epsilon)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of the batch, shape ``(1,)``."""
        loss = hard_pixel_cross_entropy(
            y_true,
            y_pred,
            from_logits=self.from_logits,
            class_weights=self.class_weights,
            void_id=self.void_id,
            threshold=self.threshold,
            min_share=self.min_share,
            epsilon=self.epsilon,
        )
        return keras.ops.reshape(loss, (1,))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"threshold": self.threshold, "min_share": self.min_share, "epsilon": self.epsilon}
        return {**super().get_config(), "class_weights": self.class_weights, **own}


@keras.saving.register_keras_serializable(package="segnet_nb")
class LovaszSoftmax(SegmentationLoss):
    """``lovasz_softmax`` for ``compile``, alone or with the cross-entropy, which it refines.

    Args:
        cross_entropy_weight: factor of the cross-entropy that is added; 0: none.
        from_logits: whether the model ends without softmax.
        class_weights: one weight per class for the cross-entropy, or None.
        void_id: id of unlabelled pixels, or None.
        pooling: ``"batch"`` or ``"image"``; only the latter supports ``sample_weight``.
        epsilon: added to probabilities before the logarithm.
        name: name of the loss.
        reduction: as in Keras.

    Raises:
        ValueError: if an argument is invalid, or, when called, shapes do not match.

    Example:
        >>> labels = np.array([[[0, 1]]])
        >>> probabilities = np.array([[[[0.6, 0.4], [0.3, 0.7]]]])
        >>> round(float(LovaszSoftmax()(labels, probabilities)), 4)
        0.375
    """

    def __init__(
        self,
        cross_entropy_weight: float = 0.0,
        from_logits: bool = False,
        class_weights: Sequence[float] | np.ndarray | None = None,
        void_id: int | None = None,
        pooling: Pooling = "batch",
        epsilon: float = 1e-7,
        name: str = "lovasz_softmax",
        reduction: str = "sum_over_batch_size",
    ) -> None:
        super().__init__(from_logits, void_id, name, reduction)
        self.cross_entropy_weight = float(cross_entropy_weight)
        self.class_weights = checked_weights(class_weights)
        self.pooling = checked_option("pooling", pooling, ("batch", "image"))
        self.epsilon = checked_epsilon(epsilon)
        self._weighs_images = pooling == "image"

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The losses, shape ``(1,)`` or ``(batch,)``."""
        loss = lovasz_per_group(y_true, y_pred, self.from_logits, self.void_id, self.pooling)
        if not self.cross_entropy_weight:
            return loss
        entropy = cross_entropy_per_image(
            y_true, y_pred, self.from_logits, self.class_weights, self.void_id, self.epsilon
        )
        return loss + self.cross_entropy_weight * entropy

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"pooling": self.pooling, "epsilon": self.epsilon, "class_weights": self.class_weights}
        return {**super().get_config(), "cross_entropy_weight": self.cross_entropy_weight, **own}
