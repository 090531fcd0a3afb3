"""The formulas behind ``segnet_nb.losses``: the cross-entropy of SegNet, the Dice loss, and their sum.

Pure functions of labels and predictions that return a scalar. Labels are ids or one-hot
(distinguished by shape), void pixels are ignored, and the loss is computed in float32 whatever the precision
of the model. Only ``keras.ops`` is used.

An id that is neither a class nor void raises an error if the labels are a NumPy array; inside a compiled
training step, which cannot raise, it makes the loss NaN.

Sources: PAPER = arXiv 1511.00561; FILES = github.com/alexgkendall/SegNet-Tutorial.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import ops
from segnet_nb._shared.targets import check_array_ids, one_hot_targets

Tensor = Any
Pooling = Literal["batch", "image"]
Absent = Literal["count", "ignore"]
Option = TypeVar("Option", bound=str)


def nan_if(invalid: Tensor, loss: Tensor) -> Tensor:
    """The loss, or NaN if an id was invalid: a compiled step cannot raise."""
    return ops.where(invalid, ops.full_like(loss, float("nan")), loss)


def checked_epsilon(epsilon: float) -> float:
    """``epsilon``, if it is above 0."""
    if not epsilon > 0:
        raise UserError(f"epsilon must be above 0, but got {epsilon}. Try 1e-7.")
    return float(epsilon)


def checked_option(name: str, value: Option, options: tuple[str, ...]) -> Option:
    """``value``, if it is one of the options."""
    if value not in options:
        raise UserError(f"{name} must be one of {', '.join(map(repr, options))}, but got {value!r}.")
    return value


def checked_weights(weights: Sequence[float] | np.ndarray | None) -> tuple[float, ...] | None:
    """Class weights as plain floats, if they are finite and not negative."""
    if weights is None:
        return None
    array = np.asarray(weights, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all() or (array < 0).any():
        raise UserError(
            f"class_weights must be one finite number >= 0 per class, but got {weights!r}. "
            "median_frequency_weights(labels) computes such weights."
        )
    return tuple(array.tolist())


def _sum_per_image(values: Tensor) -> Tensor:
    axes = tuple(range(1, len(values.shape)))
    # No axes means "none" to some backends and "all" to others.
    return ops.sum(values, axis=axes) if axes else values


def log_likelihoods(
    labels: Tensor, predictions: Tensor, from_logits: bool, void_id: int | None, epsilon: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One-hot targets, logarithms of probabilities, 1 where not void, and whether an id was invalid."""
    check_array_ids(labels, predictions, void_id)
    targets, valid, invalid = one_hot_targets(labels, predictions, void_id)
    predictions = ops.cast(predictions, "float32")
    if from_logits:
        return targets, ops.log_softmax(predictions, axis=-1), valid, invalid
    return targets, ops.log(predictions + checked_epsilon(epsilon)), valid, invalid


def weighted_targets(targets: Tensor, class_weights: Sequence[float] | np.ndarray | None) -> Tensor:
    """One-hot targets, each class multiplied by its weight."""
    weights = checked_weights(class_weights)
    if weights is None:
        return targets
    if len(weights) != targets.shape[-1]:
        raise UserError(
            f"class_weights must have one weight per class, {targets.shape[-1]}, but got "
            f"{len(weights)}. Give them in the order of the ids, without void."
        )
    return targets * ops.convert_to_tensor(weights, dtype="float32")


def cross_entropy_per_image(
    labels: Tensor,
    predictions: Tensor,
    from_logits: bool,
    class_weights: Sequence[float] | np.ndarray | None,
    void_id: int | None,
    epsilon: float,
) -> Tensor:
    """Contribution of each image to the loss, shape ``(batch,)``; their mean is the loss."""
    targets, logarithms, valid, invalid = log_likelihoods(labels, predictions, from_logits, void_id, epsilon)
    totals = _sum_per_image(-ops.sum(weighted_targets(targets, class_weights) * logarithms, axis=-1))
    # sum / count over the batch, written as a mean over images so that images can be weighted.
    mean_count = ops.mean(_sum_per_image(valid))
    return nan_if(invalid, totals / ops.where(mean_count > 0, mean_count, 1.0))


def categorical_cross_entropy(
    labels: Tensor,
    predictions: Tensor,
    *,
    from_logits: bool = False,
    class_weights: Sequence[float] | np.ndarray | None = None,
    void_id: int | None = None,
    epsilon: float = 1e-7,
) -> Tensor:
    """Weighted cross-entropy over the labelled pixels.

    From probabilities ``-sum_c w_c y_c log(p_c + epsilon)`` per pixel: the epsilon is added instead of
    used for clipping, so that the gradient is finite and not zero at ``p = 0``; the minimum of the loss is
    about ``-epsilon``. From logits with a numerically stable ``log_softmax``, without epsilon.

    The sum over pixels is divided by the NUMBER of non-void pixels of the batch, not by the sum of
    their weights (FILES, the models' softmax loss; PyTorch's weighted mean divides by the weights).
    The loss of a batch without labelled pixels is 0.

    Args:
        labels: ids of shape ``(batch, height, width)`` or ``(batch, height, width, 1)``, or one-hot
            of shape ``(batch, height, width, classes)`` where a void pixel is a row of zeros.
        predictions: probabilities in 0..1 or logits, shape ``(batch, height, width, classes)``.
        from_logits: whether ``predictions`` are logits.
        class_weights: one weight per class, see ``PUBLISHED_CLASS_WEIGHTS`` and
            ``median_frequency_weights``; None: equal weights.
        void_id: id of unlabelled pixels, or None if there are none.
        epsilon: added to probabilities before the logarithm.

    Returns:
        The loss, a float32 scalar.

    Raises:
        ValueError: if shapes, ids or the number of weights do not match.

    Example:
        Two pixels, the second one void: the loss is -log(0.25).

        >>> labels = np.array([[[1, 11]]])
        >>> probabilities = np.array([[[[0.75, 0.25], [0.5, 0.5]]]])
        >>> round(float(categorical_cross_entropy(labels, probabilities, void_id=11)), 4)
        1.3863
    """
    return ops.mean(
        cross_entropy_per_image(labels, predictions, from_logits, class_weights, void_id, epsilon)
    )


def dice_per_group(
    labels: Tensor,
    predictions: Tensor,
    from_logits: bool,
    void_id: int | None,
    pooling: str,
    absent: str,
    epsilon: float,
) -> Tensor:
    """Dice losses, shape ``(1,)`` pooled over the batch or ``(batch,)`` per image."""
    checked_option("pooling", pooling, ("batch", "image"))
    checked_option("absent", absent, ("count", "ignore"))
    epsilon = checked_epsilon(epsilon)
    check_array_ids(labels, predictions, void_id)
    targets, valid, invalid = one_hot_targets(labels, predictions, void_id)
    predictions = ops.cast(predictions, "float32")
    if from_logits:
        predictions = ops.softmax(predictions, axis=-1)
    predictions = predictions * ops.expand_dims(valid, -1)
    last = len(predictions.shape) - 1
    axes = tuple(range(0 if pooling == "batch" else 1, last))

    def pooled(values: Tensor) -> Tensor:
        sums = ops.sum(values, axis=axes)
        return ops.expand_dims(sums, 0) if pooling == "batch" else sums

    true_pixels = pooled(targets)
    overlap, sizes = pooled(predictions * targets), pooled(predictions) + true_pixels
    losses = 1.0 - (2.0 * overlap + epsilon) / (sizes + epsilon)
    if absent == "count":
        return nan_if(invalid, ops.mean(losses, axis=-1))
    present = ops.cast(true_pixels > 0, "float32")
    num_present = ops.maximum(ops.sum(present, axis=-1), 1.0)
    return nan_if(invalid, ops.sum(losses * present, axis=-1) / num_present)


def dice_loss(
    labels: Tensor,
    predictions: Tensor,
    *,
    from_logits: bool = False,
    void_id: int | None = None,
    pooling: Pooling = "batch",
    absent: Absent = "count",
    epsilon: float = 1e-6,
) -> Tensor:
    """Soft Dice loss, averaged over classes.

    Per class ``1 - (2 sum(p y) + epsilon) / (sum(p) + sum(y) + epsilon)``, with sums over
    the non-void pixels of the batch or of each image. (Milletari et al. 2016, arXiv
    1606.04797, use squares in the denominator; this is the form without squares.)

    The loss of a class that is absent from the labels is ``1 - epsilon / (sum(p) + epsilon)``: 0 if it is not
    predicted at all, nearly 1 otherwise. ``absent="ignore"`` excludes such classes from
    the mean, which matters most per image. The loss of a batch without labelled pixels is 0 either way.

    Args:
        labels: ids or one-hot, as for ``categorical_cross_entropy``.
        predictions: probabilities in 0..1 or logits, shape ``(batch, height, width, classes)``.
        from_logits: whether ``predictions`` are logits.
        void_id: id of unlabelled pixels, or None if there are none.
        pooling: ``"batch"`` sums over all images before the division, ``"image"`` divides for each
            image and averages.
        absent: ``"count"`` or ``"ignore"``, for classes without a labelled pixel.
        epsilon: above 0, avoids 0 / 0.

    Returns:
        The loss, a float32 scalar in 0..1.

    Raises:
        ValueError: if shapes, ids or options are invalid.

    Example:
        Class 0: 1 - 2 * 1 / (1.5 + 1) = 0.2; class 1: 1 - 2 * 0.5 / (0.5 + 1) = 1/3.

        >>> labels = np.array([[[0, 1]]])
        >>> probabilities = np.array([[[[1.0, 0.0], [0.5, 0.5]]]])
        >>> round(float(dice_loss(labels, probabilities)), 4)
        0.2667
    """
    return ops.mean(dice_per_group(labels, predictions, from_logits, void_id, pooling, absent, epsilon))


def cross_entropy_dice(
    labels: Tensor,
    predictions: Tensor,
    *,
    cross_entropy_weight: float = 1.0,
    dice_weight: float = 1.0,
    from_logits: bool = False,
    class_weights: Sequence[float] | np.ndarray | None = None,
    void_id: int | None = None,
    pooling: Pooling = "batch",
    absent: Absent = "count",
    cross_entropy_epsilon: float = 1e-7,
    dice_epsilon: float = 1e-6,
) -> Tensor:
    """``cross_entropy_weight * categorical_cross_entropy + dice_weight * dice_loss``.

    Args:
        labels: ids or one-hot, as for ``categorical_cross_entropy``.
        predictions: probabilities or logits, shape ``(batch, height, width, classes)``.
        cross_entropy_weight: factor of the cross-entropy.
        dice_weight: factor of the Dice loss.
        from_logits: whether ``predictions`` are logits.
        class_weights: weights of the cross-entropy; the Dice loss weights all classes equally.
        void_id: id of unlabelled pixels, or None if there are none.
        pooling: see ``dice_loss``.
        absent: see ``dice_loss``.
        cross_entropy_epsilon: see ``categorical_cross_entropy``.
        dice_epsilon: see ``dice_loss``.

    Returns:
        The loss, a float32 scalar.

    Raises:
        ValueError: if shapes, ids or options are invalid.

    Example:
        >>> labels = np.array([[[0, 1]]])
        >>> probabilities = np.array([[[[1.0, 0.0], [0.5, 0.5]]]])
        >>> round(float(cross_entropy_dice(labels, probabilities, dice_weight=3.0)), 4)
        1.1466
    """
    entropy = categorical_cross_entropy(
        labels,
        predictions,
        from_logits=from_logits,
        class_weights=class_weights,
        void_id=void_id,
        epsilon=cross_entropy_epsilon,
    )
    dice = dice_loss(
        labels,
        predictions,
        from_logits=from_logits,
        void_id=void_id,
        pooling=pooling,
        absent=absent,
        epsilon=dice_epsilon,
    )
    return cross_entropy_weight * entropy + dice_weight * dice
