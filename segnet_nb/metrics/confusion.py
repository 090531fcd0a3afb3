"""The confusion matrix and its scores: global accuracy, class average and mean IoU. NumPy only.

``confusion_matrix`` counts pixels, ``scores`` computes the scores from the counts. The metrics for
``compile`` are in ``segnet_nb.metrics.streaming``, the boundary F1 score in ``segnet_nb.metrics.boundaries``.

Sources: PAPER = arXiv 1511.00561; FILES = github.com/alexgkendall/SegNet-Tutorial, here
``Scripts/compute_test_results.m``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segnet_nb._shared.class_ids import check_id_range, integer_ids, same_shape
from segnet_nb._shared.errors import UserError

__all__ = ["Scores", "confusion_matrix", "scores"]

# Large enough to be fast, small enough that the temporary int64 copy stays small.
_BLOCK = 1 << 20


def confusion_matrix(
    labels: np.ndarray,
    predictions: np.ndarray,
    num_classes: int = 11,
    void_id: int | None = 11,
) -> np.ndarray:
    """Count the pixels of each pair of true and predicted class.

    Pixels whose ground truth is void are ignored, whatever is predicted there (FILES). The matrices of
    several batches add up to the matrix of all of them.

    Args:
        labels: ground truth, integer ids of any shape, for example ``(images, height, width)``.
        predictions: predicted ids, integers of the same shape, in ``0 .. num_classes - 1`` wherever
            the ground truth is not void.
        num_classes: number of classes, without void.
        void_id: id of unlabelled pixels, or None.

    Returns:
        int64, shape ``(num_classes, num_classes)``: rows are ground truth, columns predictions.

    Raises:
        ValueError: if the arrays are not integer ids of the same shape, or contain other ids.

    Example:
        >>> confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 2, void_id=2).tolist()
        [[1, 1], [0, 1]]
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    same_shape(labels, predictions)
    labels = integer_ids(labels, "labels").reshape(-1)
    predictions = integer_ids(predictions, "predictions").reshape(-1)
    counts = np.zeros(num_classes * num_classes, dtype=np.int64)
    for start in range(0, labels.size, _BLOCK):
        truth, predicted = labels[start : start + _BLOCK], predictions[start : start + _BLOCK]
        check_id_range(truth, "labels", num_classes, void_id)
        if void_id is not None:
            known = truth != void_id
            truth, predicted = truth[known], predicted[known]
        check_id_range(predicted, "predictions", num_classes, None)
        cells = truth.astype(np.intp) * num_classes + predicted.astype(np.intp)
        counts += np.bincount(cells, minlength=num_classes * num_classes)
    return counts.reshape(num_classes, num_classes)


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of one confusion matrix, all in 0..1.

    Attributes:
        global_accuracy: fraction of correctly predicted pixels, G in the tables of PAPER.
        class_average: mean of ``class_accuracy``, C in the tables of PAPER.
        mean_iou: mean of ``class_iou``.
        class_accuracy: correct pixels of a class / its pixels (recall), shape ``(num_classes,)``.
        class_iou: intersection over union, shape ``(num_classes,)``.
        support: ground-truth pixels of each class, int64, shape ``(num_classes,)``.
        absent: treatment of classes without a ground-truth pixel: ``"zero"`` (they score 0 and
            count in both means) or ``"ignore"`` (they are NaN and excluded from the means).
    """

    global_accuracy: float
    class_average: float
    mean_iou: float
    class_accuracy: np.ndarray
    class_iou: np.ndarray
    support: np.ndarray
    absent: Literal["zero", "ignore"]

    def __str__(self) -> str:
        return (
            f"global accuracy {100 * self.global_accuracy:.1f} %, "
            f"class average {100 * self.class_average:.1f} %, mean IoU {100 * self.mean_iou:.1f} %"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON; NaN becomes None.

        Example:
            >>> scores(np.array([[3, 1], [0, 0]]), absent="ignore").to_dict()["class_iou"]
            [0.75, None]
        """

        def plain(values: np.ndarray) -> list[float | None]:
            return [None if np.isnan(value) else float(value) for value in values]

        return {
            "global_accuracy": self.global_accuracy,
            "class_average": self.class_average,
            "mean_iou": self.mean_iou,
            "class_accuracy": plain(self.class_accuracy),
            "class_iou": plain(self.class_iou),
            "support": self.support.tolist(),
            "absent": self.absent,
        }

    def table(self, names: Sequence[str] | None = None) -> str:
        """The scores as a text table: one line per class, then the means, in percent.

        Args:
            names: one name per class; None: numbered names.

        Returns:
            Lines of text.

        Raises:
            ValueError: if the number of names differs from the number of classes.

        Example:
            >>> print(scores(np.array([[3, 1], [2, 4]])).table(["Sky", "Road"]))
            class        pixels  accuracy    IoU
            Sky               4      75.0   50.0
            Road              6      66.7   57.1
            mean             10      70.8   53.6
            global accuracy 70.0
        """
        names = [f"class {index}" for index in range(len(self.support))] if names is None else names
        if len(names) != len(self.support):
            raise UserError(
                f"names must have one entry per class without void, {len(self.support)}, but got "
                f"{len(names)}."
            )
        width = max(10, *map(len, names))
        lines = [f"{'class':<{width}} {'pixels':>8}  {'accuracy':>8}  {'IoU':>5}"]
        rows = [*zip(self.support, self.class_accuracy, self.class_iou, strict=True)]
        rows.append((self.support.sum(), self.class_average, self.mean_iou))
        for name, (pixels, accuracy, iou) in zip([*names, "mean"], rows, strict=True):
            shown = ["-" if np.isnan(value) else f"{100 * value:.1f}" for value in (accuracy, iou)]
            lines.append(f"{name:<{width}} {pixels:>8}  {shown[0]:>8}  {shown[1]:>5}")
        lines.append(f"global accuracy {100 * self.global_accuracy:.1f}")
        if gone := [name for name, pixels in zip(names, self.support, strict=True) if not pixels]:
            how = "left out of the means" if self.absent == "ignore" else "0 in the means"
            lines.append(f"without a pixel in the ground truth, {how}: {', '.join(gone)}")
        return "\n".join(lines)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part / whole``, and 0 where ``whole`` is 0."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), 0.0)


def scores(matrix: np.ndarray, absent: Literal["zero", "ignore"] = "zero") -> Scores:
    """Global accuracy, class average and mean IoU of a confusion matrix.

    With the conventions of FILES (``compute_test_results.m``): one matrix for the whole dataset,
    not a mean over images; IoU is ``TP / (row + column - TP)``; a class without a ground-truth
    pixel scores 0 and still counts in both means. This can only lower the scores; state it if you
    report scores with ``absent="ignore"``. All scores of an empty matrix are 0.

    Args:
        matrix: counts, shape ``(num_classes, num_classes)``, rows ground truth.
        absent: ``"zero"`` or ``"ignore"``, for classes without a ground-truth pixel.

    Returns:
        The scores.

    Raises:
        ValueError: if the matrix is not square or ``absent`` is unknown.

    Example:
        >>> result = scores(np.array([[3, 1], [2, 4]]))
        >>> result.class_iou.tolist() == [3 / 6, 4 / 7]
        True
        >>> print(result)
        global accuracy 70.0 %, class average 70.8 %, mean IoU 53.6 %
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise UserError(
            f"matrix must be square, but got shape {matrix.shape}. "
            "Compute it with confusion_matrix(labels, predictions)."
        )
    if absent not in ("zero", "ignore"):
        raise UserError(f"absent must be 'zero' or 'ignore', but got {absent!r}.")
    hits, rows, columns = np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    accuracy, iou = _ratio(hits, rows), _ratio(hits, rows + columns - hits)
    counted = rows > 0 if absent == "ignore" else np.ones(len(rows), dtype=bool)
    none_counted = not counted.any()
    per_class = [np.where(counted, values, np.nan) for values in (accuracy, iou)]
    support = rows.astype(np.int64)
    for values in (*per_class, support):
        values.setflags(write=False)
    return Scores(
        global_accuracy=float(_ratio(hits.sum(), matrix.sum())),
        class_average=0.0 if none_counted else float(accuracy[counted].mean()),
        mean_iou=0.0 if none_counted else float(iou[counted].mean()),
        class_accuracy=per_class[0],
        class_iou=per_class[1],
        support=support,
        absent=absent,
    )
