"""What all loss classes share."""

from __future__ import annotations

from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb._shared.targets import check_array_ids

Tensor = Any


class SegmentationLoss(keras.losses.Loss):
    """Base class of the losses: computes in float32, ignores void, and accepts weights per image only."""

    _weighs_images = True
    # What to do instead where it does not.
    _weighing = "Use pooling='image'."

    def __init__(self, from_logits: bool, void_id: int | None, name: str, reduction: str) -> None:
        # Fixed to float32, so that ids and sums stay exact under mixed precision.
        super().__init__(name=name, reduction=reduction, dtype="float32")
        self.from_logits = bool(from_logits)
        self.void_id = None if void_id is None else int(void_id)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        """The loss of a batch, after its labels were checked where they can be."""
        check_array_ids(y_true, y_pred, self.void_id)
        if sample_weight is not None:
            shape = tuple(np.shape(sample_weight))
            if not self._weighs_images:
                raise UserError(
                    f"sample_weight weights images, but this {type(self).__name__} computes one loss for the "
                    f"batch. {self._weighing}"
                )
            if any(side not in (1, None) for side in shape[1:]):
                raise UserError(
                    f"sample_weight must be one weight per image, but got shape {shape}. Weight "
                    "classes with class_weights, and label pixels to ignore as void."
                )
            sample_weight = keras.ops.reshape(sample_weight, (-1,))
        return super().__call__(y_true, y_pred, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        return {**config, "from_logits": self.from_logits, "void_id": self.void_id}
