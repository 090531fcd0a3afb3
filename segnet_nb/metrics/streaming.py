"""Streaming metrics for ``compile(metrics=[...])``, on one confusion matrix each.

They follow the conventions of ``segnet_nb.metrics.confusion.scores``: one matrix pooled over all batches,
void left out, classes without a ground-truth pixel counted as 0 unless told otherwise. Only
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

# A float32 sum of ones stops at 2**24, which is the 97th 360 x 480 image; an int32 (all that JAX
# has by default) overflows at 2**31, within one pass over Cityscapes. Two whole numbers, the second
# counting carries of the first, hold 2**61 on every backend, exactly.
_CARRY = 1 << 30


class ConfusionMatrixMetric(keras.metrics.Metric):
    """Counts true against predicted classes, batch by batch; subclasses turn counts into a figure.

    Labels are ids of shape ``(batch, height, width)`` or ``(batch, height, width, 1)``, or one-hot
    with rows of zeros for void; predictions are probabilities or logits (the largest wins either
    way), shape ``(batch, height, width, num_classes)``. A label that is neither class nor void
    raises where labels are a NumPy array, and makes the result NaN in a compiled step, which cannot
    raise.

    Args:
        num_classes: number of classes, void not counted.
        void_id: id of pixels without a class, or None.
        absent: ``"zero"`` or ``"ignore"``, for classes without a ground-truth pixel.
        name: name of the metric.
        dtype: dtype of the result; counts are whole numbers.

    Raises:
        ValueError: if ``absent`` is unknown, or, when updated, shapes do not fit or a
            ``sample_weight`` comes.
    """

    def __init__(
        self,
        num_classes: int = 11,
        void_id: int | None = 11,
        absent: Literal["zero", "ignore"] = "zero",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if absent not in ("zero", "ignore"):
            raise UserError(f"absent must be 'zero' or 'ignore', not {absent!r}.")
        self.num_classes = int(num_classes)
        self.void_id = None if void_id is None else int(void_id)
        self.absent = absent
        # The cells of the matrix row by row, then one for labels that should not be there.
        cells = (self.num_classes**2 + 1,)
        self._low = self.add_variable(cells, "zeros", dtype="int", name="counts")
        self._high = self.add_variable(cells, "zeros", dtype="int", name="carries")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        """Add the pixels of a batch.

        Args:
            y_true: labels, see the class.
            y_pred: scores whose last axis is the classes.
            sample_weight: must be None; pixels are counted, not weighed.

        Raises:
            ValueError: if shapes do not fit or a ``sample_weight`` comes.
        """
        if sample_weight is not None:
            raise UserError(
                f"{self.name} counts pixels and takes no sample_weight. Pass it to "
                "compile(metrics=...), not weighted_metrics; mark pixels to leave out as void."
            )
        if y_pred.shape[-1] != self.num_classes:
            raise UserError(
                f"{self.name} counts {self.num_classes} classes, but predictions of shape "
                f"{tuple(y_pred.shape)} came. Set num_classes={y_pred.shape[-1]}."
            )
        check_array_ids(y_true, y_pred, self.void_id)
        dtype = self._low.dtype
        cells = self.num_classes**2
        ids, valid = class_ids(y_true, y_pred, self.void_id)
        guesses = ops.cast(ops.argmax(y_pred, axis=-1), "int32")
        strange = ops.logical_or(ops.less(ids, 0), ops.greater_equal(ids, self.num_classes))
        places = ops.where(strange, cells, ids * self.num_classes + guesses)
        # Void pixels add 0 to a cell that exists; whole numbers keep every backend exact.
        places = ops.reshape(ops.where(valid, places, 0), (-1, 1))
        ones = ops.reshape(ops.cast(valid, dtype), (-1,))
        low = ops.scatter_update(ops.convert_to_tensor(self._low), places, ones, reduction="add")
        carries = low // _CARRY
        self._high.assign(self._high + carries)
        self._low.assign(low - carries * _CARRY)

    def confusion_matrix(self) -> np.ndarray:
        """The exact counts so far, int64, rows ground truth, outside compiled code only."""
        low, high = (ops.convert_to_numpy(part).astype(np.int64) for part in (self._low, self._high))
        return (low + high * _CARRY)[:-1].reshape(self.num_classes, self.num_classes)

    def result(self) -> Tensor:
        """The figure of all batches so far, a float scalar in 0..1."""
        counts = ops.cast(self._low, "float32") + ops.cast(self._high, "float32") * float(_CARRY)
        matrix = ops.reshape(counts[:-1], (self.num_classes, self.num_classes))
        hits, rows, columns = ops.diagonal(matrix), ops.sum(matrix, axis=1), ops.sum(matrix, axis=0)
        value = self.score(hits, rows, columns)
        value = ops.where(counts[-1] > 0, ops.full_like(value, float("nan")), value)
        return ops.cast(value, self.dtype)

    def score(self, hits: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """The figure, from float32 counts per class: right, true and predicted pixels."""
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
    """Mean over classes of ``TP / (row + column - TP)``; arguments as ``ConfusionMatrixMetric``.

    Unlike ``keras.metrics.MeanIoU`` it takes scores instead of ids, leaves void out, and counts
    absent classes as 0 by default, as FILES do.

    Example:
        IoU 1/2 for class 0 and 1/2 for class 1; the last pixel is void.

        >>> metric = MeanIoU(num_classes=2, void_id=2)
        >>> scores = np.eye(2)[[0, 1, 1, 0]].reshape(1, 1, 4, 2)
        >>> metric.update_state(np.array([[[0, 0, 1, 2]]]), scores)
        >>> float(metric.result())
        0.5
    """

    def __init__(
        self,
        num_classes: int = 11,
        void_id: int | None = 11,
        absent: Literal["zero", "ignore"] = "zero",
        name: str = "mean_iou",
        dtype: Any = None,
    ) -> None:
        super().__init__(num_classes, void_id, absent, name, dtype)

    def score(self, hits: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Mean intersection over union."""
        return self._mean_over_classes(ops.divide_no_nan(hits, rows + columns - hits), rows)


@keras.saving.register_keras_serializable(package="segnet_nb")
class ClassAverage(ConfusionMatrixMetric):
    """Mean over classes of the share of its pixels predicted right, C in PAPER's tables.

    Arguments as ``ConfusionMatrixMetric``. PAPER = arXiv 1511.00561.

    Example:
        >>> metric = ClassAverage(num_classes=2, void_id=2)
        >>> scores = np.eye(2)[[0, 1, 1, 0]].reshape(1, 1, 4, 2)
        >>> metric.update_state(np.array([[[0, 0, 1, 2]]]), scores)
        >>> float(metric.result())
        0.75
    """

    def __init__(
        self,
        num_classes: int = 11,
        void_id: int | None = 11,
        absent: Literal["zero", "ignore"] = "zero",
        name: str = "class_average",
        dtype: Any = None,
    ) -> None:
        super().__init__(num_classes, void_id, absent, name, dtype)

    def score(self, hits: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        """Mean of the row-normalised diagonal."""
        return self._mean_over_classes(ops.divide_no_nan(hits, rows), rows)


@keras.saving.register_keras_serializable(package="segnet_nb")
class GlobalAccuracy(ConfusionMatrixMetric):
    """Share of non-void pixels predicted right, G in PAPER's tables; no classes to be absent.

    Arguments as ``ConfusionMatrixMetric``, less ``absent``. PAPER = arXiv 1511.00561.

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
        """Trace over sum."""
        return ops.divide_no_nan(ops.sum(hits), ops.sum(rows))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["absent"]
        return config
