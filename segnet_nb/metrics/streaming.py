"""Streaming metrics for ``compile(metrics=[...])``, each computed from one confusion matrix.

They follow the conventions of ``segnet_nb.metrics.confusion.scores``: one matrix over all batches,
void ignored, classes without a ground-truth pixel counted as 0 by default. Only
``keras.ops`` is used.

Source: FILES = github.com/alexgkendall/SegNet-Tutorial, ``Scripts/compute_test_results.m``.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras, ops
from segnet_nb._shared.targets import check_array_ids, class_ids

Tensor = Any

# A float32 counter stops at 2**24, which is the 97th 360 x 480 image; an int32 (the default integer of
# JAX) overflows at 2**31, within one epoch of Cityscapes. Two integers, the second counting
# carries of the first, count exactly up to 2**61 on every backend.
_CARRY = 1 << 30


class ConfusionMatrixMetric(keras.metrics.Metric):
    """Accumulates a confusion matrix over batches; subclasses compute a score from it.

    Labels are ids of shape ``(batch, height, width)`` or ``(batch, height, width, 1)``, or one-hot
    with rows of zeros for void; predictions are probabilities or logits (the argmax is used),
    shape ``(batch, height, width, num_classes)``. A label that is neither a class nor void
    raises an error if the labels are a NumPy array, and makes the result NaN in a compiled step, which
    cannot raise.

    Args:
        num_classes: number of classes, without void.
        void_id: id of unlabelled pixels, or None.
        absent: ``"zero"`` or ``"ignore"``, for classes without a ground-truth pixel.
        name: name of the metric; None: the default of the class.
        dtype: dtype of the result; counts are integers.

    Raises:
        ValueError: if ``absent`` is unknown, or, when updated, shapes do not match or a
            ``sample_weight`` is given.
    """

    _default_name: str | None = None

    def __init__(
        self,
        num_classes: int = 11,
        void_id: int | None = 11,
        absent: Literal["zero", "ignore"] = "zero",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=self._default_name if name is None else name, dtype=dtype)
        if absent not in ("zero", "ignore"):
            raise UserError(f"absent must be 'zero' or 'ignore', but got {absent!r}.")
        self.num_classes = int(num_classes)
        self.void_id = None if void_id is None else int(void_id)
        self.absent = absent
        # The cells of the matrix row by row, then one for invalid labels.
        cells = (self.num_classes**2 + 1,)
        self._low = self.add_variable(cells, "zeros", dtype="int", name="counts")
        self._high = self.add_variable(cells, "zeros", dtype="int", name="carries")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        """Add the pixels of a batch.

        Args:
            y_true: labels, see the class.
            y_pred: scores, classes last.
            sample_weight: must be None; pixels are counted, not weighted.

        Raises:
            ValueError: if shapes do not match or a ``sample_weight`` is given.
        """
        if sample_weight is not None:
            raise UserError(
                f"{self.name} counts pixels and does not support sample_weight. Pass it to "
                "compile(metrics=...), not weighted_metrics; label pixels to ignore as void."
            )
        if y_pred.shape[-1] != self.num_classes:
            raise UserError(
                f"{self.name} has {self.num_classes} classes, but got predictions of shape "
                f"{tuple(y_pred.shape)}. Set num_classes={y_pred.shape[-1]}."
            )
        check_array_ids(y_true, y_pred, self.void_id)
        dtype = self._low.dtype
        cells = self.num_classes**2
        ids, valid = class_ids(y_true, y_pred, self.void_id)
        predicted = ops.cast(ops.argmax(y_pred, axis=-1), "int32")
        invalid = ops.logical_or(ops.less(ids, 0), ops.greater_equal(ids, self.num_classes))
        indices = ops.where(invalid, cells, ids * self.num_classes + predicted)
        # Void pixels add 0 to an existing cell; integers are exact on every backend.
        indices = ops.reshape(ops.where(valid, indices, 0), (-1, 1))
        ones = ops.reshape(ops.cast(valid, dtype), (-1,))
        low = ops.scatter_update(ops.convert_to_tensor(self._low), indices, ones, reduction="add")
        carries = low // _CARRY
        self._high.assign(self._high + carries)
        self._low.assign(low - carries * _CARRY)

    def confusion_matrix(self) -> np.ndarray:
        """The exact counts so far, int64, rows ground truth; not available in compiled code."""
        low, high = (ops.convert_to_numpy(part).astype(np.int64) for part in (self._low, self._high))
        return (low + high * _CARRY)[:-1].reshape(self.num_classes, self.num_classes)

    def result(self) -> Tensor:
        """The score of all batches so far, a float scalar in 0..1."""
        counts = ops.cast(self._low, "float32") + ops.cast(self._high, "float32") * float(_CARRY)
        matrix = ops.reshape(counts[:-1], (self.num_classes, self.num_classes))
        hits, rows, columns = ops.diagonal(matrix), ops.sum(matrix, axis=1), ops.sum(matrix, axis=0)
        value = self.score(hits, rows, columns)
        value = ops.where(counts[-1] > 0, ops.full_like(value, float("nan")), value)
        return ops.cast(value, self.dtype)

    def score(self, hits: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """The score from float32 counts per class: correct, true and predicted pixels."""
        raise NotImplementedError("use MeanIoU, GlobalAccuracy or ClassAverage")

    def _mean_over_classes(self, values: Tensor, rows: Tensor) -> Tensor:
        if self.absent == "zero":
            return ops.mean(values)
        present = ops.cast(rows > 0, values.dtype)
        return ops.divide_no_nan(ops.sum(values * present), ops.sum(present))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"num_classes": self.num_classes, "void_id": self.void_id, "absent": self.absent}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="segnet_nb")
class MeanIoU(ConfusionMatrixMetric):
    """Mean over classes of ``TP / (row + column - TP)``; arguments as for ``ConfusionMatrixMetric``.

    Unlike ``keras.metrics.MeanIoU`` it takes scores instead of ids, ignores void, and counts
    absent classes as 0 by default, as in FILES.

    Example:
        IoU 1/2 for class 0 and 1/2 for class 1; the last pixel is void.

        >>> metric = MeanIoU(num_classes=2, void_id=2)
        >>> scores = np.eye(2)[[0, 1, 1, 0]].reshape(1, 1, 4, 2)
        >>> metric.update_state(np.array([[[0, 0, 1, 2]]]), scores)
        >>> float(metric.result())
        0.5
    """

    _default_name = "mean_iou"

    def score(self, hits: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Mean intersection over union."""
        return self._mean_over_classes(ops.divide_no_nan(hits, rows + columns - hits), rows)


@keras.saving.register_keras_serializable(package="segnet_nb")
class ClassAverage(ConfusionMatrixMetric):
    """Mean over classes of the fraction of correct pixels (mean recall), C in the tables of PAPER.

    Arguments as for ``ConfusionMatrixMetric``. PAPER = arXiv 1511.00561.

    Example:
        >>> metric = ClassAverage(num_classes=2, void_id=2)
        >>> scores = np.eye(2)[[0, 1, 1, 0]].reshape(1, 1, 4, 2)
        >>> metric.update_state(np.array([[[0, 0, 1, 2]]]), scores)
        >>> float(metric.result())
        0.75
    """

    _default_name = "class_average"

    def score(self, hits: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Mean of the row-normalised diagonal."""
        return self._mean_over_classes(ops.divide_no_nan(hits, rows), rows)


@keras.saving.register_keras_serializable(package="segnet_nb")
class GlobalAccuracy(ConfusionMatrixMetric):
    """Fraction of correctly predicted non-void pixels, G in the tables of PAPER.

    Arguments as for ``ConfusionMatrixMetric``, without ``absent``. PAPER = arXiv 1511.00561.

    Example:
        >>> metric = GlobalAccuracy(num_classes=2, void_id=2)
        >>> scores = np.eye(2)[[0, 1, 1, 1, 0]].reshape(1, 1, 5, 2)
        >>> metric.update_state(np.array([[[0, 0, 1, 1, 2]]]), scores)
        >>> float(metric.result())
        0.75
    """

    def __init__(
        self,
        num_classes: int = 11,
        void_id: int | None = 11,
        name: str = "global_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(num_classes, void_id, "zero", name, dtype)

    def score(self, hits: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Trace divided by sum."""
        return ops.divide_no_nan(ops.sum(hits), ops.sum(rows))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["absent"]
        return config
