"""Losses that rank the pixels: cross-entropy over the hard ones, and the Lovász-Softmax loss.

Pure functions, as in ``segnet_nb.losses.functions``. Each step sorts the pixels, and for the Lovász-Softmax
loss those of each class, which on a CPU takes as long as a small network.

Sources: WU = Wu, Shen, van den Hengel 2016, arXiv 1605.06885; BERMAN = Berman, Triki, Blaschko 2018,
arXiv 1705.08790.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import ops
from segnet_nb._shared.targets import check_array_ids, one_hot_targets
from segnet_nb.losses.functions import (
    Pooling,
    checked_option,
    log_likelihoods,
    nan_if,
    weighted_targets,
)

Tensor = Any


def checked_share(name: str, share: float) -> float:
    """``share``, if it is above 0 and at most 1."""
    if not 0 < share <= 1:
        raise UserError(f"{name} must be above 0 and at most 1, but got {share}.")
    return float(share)


def hard_pixel_cross_entropy(
    labels: Tensor,
    predictions: Tensor,
    *,
    from_logits: bool = False,
    class_weights: Sequence[float] | np.ndarray | None = None,
    void_id: int | None = None,
    threshold: float = 0.7,
    min_share: float = 0.0625,
    epsilon: float = 1e-7,
) -> Tensor:
    """Cross-entropy over the hard pixels of a batch (online hard example mining; WU, online bootstrapping).

    A pixel is hard if the probability of its class is below ``threshold``. If fewer than ``min_share`` of
    the labelled pixels are, that share with the lowest probabilities counts as hard, and pixels equal to the
    last of them. Class weights multiply the losses of the hard pixels, but do not decide which are hard.

    The sum is divided by the number of hard pixels. The loss of a batch without labelled pixels is 0.

    Args:
        labels: ids or one-hot, as for ``categorical_cross_entropy``.
        predictions: probabilities in 0..1 or logits, shape ``(batch, height, width, classes)``.
        from_logits: whether ``predictions`` are logits.
        class_weights: one weight per class; None: equal weights.
        void_id: id of unlabelled pixels, or None if there are none.
        threshold: a probability, above 0 and at most 1; 1 takes all pixels but the perfect ones.
        min_share: share of the labelled pixels, above 0 and at most 1.
        epsilon: added to probabilities before the logarithm.

    Returns:
        The loss, a float32 scalar.

    Raises:
        ValueError: if shapes, ids, weights or shares are invalid.

    Example:
        Of three pixels one has less than 0.7: -log(0.25). Of two easy ones the half is kept: -log(0.8).

        >>> labels = np.array([[[0, 0, 0]]])
        >>> probabilities = np.array([[[[0.75, 0.25], [0.25, 0.75], [0.9, 0.1]]]])
        >>> round(float(hard_pixel_cross_entropy(labels, probabilities)), 4)
        1.3863
        >>> easy = np.array([[[[0.8, 0.2], [0.9, 0.1]]]])
        >>> round(float(hard_pixel_cross_entropy(labels[..., :2], easy, min_share=0.5)), 4)
        0.2231
    """
    limit = -math.log(checked_share("threshold", threshold))
    share = checked_share("min_share", min_share)
    targets, logarithms, valid, invalid = log_likelihoods(labels, predictions, from_logits, void_id, epsilon)
    losses = -ops.sum(weighted_targets(targets, class_weights) * logarithms, axis=-1)
    # What ranks the pixels: without weights, and without a gradient.
    plain = ops.stop_gradient(-ops.sum(targets * logarithms, axis=-1))
    labelled = ops.reshape(valid, (-1,))
    # Void pixels come last.
    ranked = ops.reshape(plain, (-1,)) * labelled - (1.0 - labelled)
    kept = ops.cast(ops.ceil(ops.sum(labelled) * share), "int32")
    descending = -ops.sort(-ranked)
    last_kept = ops.take(descending, ops.maximum(kept - 1, 0), axis=0)
    # Below the threshold in probability is above it in loss.
    hard = ops.logical_or(ranked > limit, ranked >= last_kept)
    hard = ops.cast(hard, "float32") * labelled
    total = ops.sum(ops.reshape(losses, (-1,)) * hard)
    return nan_if(invalid, total / ops.maximum(ops.sum(hard), 1.0))


def lovasz_softmax(
    labels: Tensor,
    predictions: Tensor,
    *,
    from_logits: bool = False,
    void_id: int | None = None,
    pooling: Pooling = "batch",
) -> Tensor:
    """Lovász-Softmax loss: a surrogate of 1 - IoU, averaged over the classes that are present (BERMAN).

    Per class the error of a pixel is ``1 - p`` where it has the class and ``p`` elsewhere. With the errors in
    descending order, ``e_1 >= e_2 >= ...``, the loss is ``sum_i e_i (J_i - J_(i-1))``, where ``J_i`` is
    1 - IoU if the first ``i`` pixels were wrong and the others right. If all errors are 0 or 1 it is 1 - IoU.

    Args:
        labels: ids or one-hot, as for ``categorical_cross_entropy``.
        predictions: probabilities in 0..1 or logits, shape ``(batch, height, width, classes)``.
        from_logits: whether ``predictions`` are logits.
        void_id: id of unlabelled pixels, or None if there are none.
        pooling: ``"batch"`` ranks the pixels of all images together, ``"image"`` those of each image.

    Returns:
        The loss, a float32 scalar in 0..1; 0 for a batch without labelled pixels.

    Raises:
        ValueError: if shapes, ids or the option are invalid.

    Example:
        Class 0 has the errors 0.4, of its own pixel, and 0.3: J is 1 and 1, so 0.4 * 1 + 0.3 * 0 = 0.4.
        Class 1 has 0.4 and 0.3, of its own: J is 1/2 and 1, so 0.4 * 0.5 + 0.3 * 0.5 = 0.35.

        >>> labels = np.array([[[0, 1]]])
        >>> probabilities = np.array([[[[0.6, 0.4], [0.3, 0.7]]]])
        >>> round(float(lovasz_softmax(labels, probabilities)), 4)
        0.375
    """
    return ops.mean(lovasz_per_group(labels, predictions, from_logits, void_id, pooling))


def lovasz_per_group(
    labels: Tensor, predictions: Tensor, from_logits: bool, void_id: int | None, pooling: str
) -> Tensor:
    """Lovász-Softmax losses, shape ``(1,)`` pooled over the batch or ``(batch,)`` per image."""
    checked_option("pooling", pooling, ("batch", "image"))
    check_array_ids(labels, predictions, void_id)
    targets, valid, invalid = one_hot_targets(labels, predictions, void_id)
    predictions = ops.cast(predictions, "float32")
    if from_logits:
        predictions = ops.softmax(predictions, axis=-1)
    # A void pixel has no error, so it comes last, where it changes nothing.
    errors = ops.abs(targets - predictions) * ops.expand_dims(valid, -1)
    groups, classes = 1 if pooling == "batch" else ops.shape(predictions)[0], predictions.shape[-1]

    def rows(values: Tensor) -> Tensor:
        return ops.transpose(ops.reshape(values, (groups, -1, classes)), (0, 2, 1))

    errors, truth = rows(errors), rows(targets)
    order = ops.argsort(-ops.stop_gradient(errors), axis=-1)
    errors, truth = ops.take_along_axis(errors, order, axis=-1), ops.take_along_axis(truth, order, axis=-1)
    size = ops.sum(truth, axis=-1, keepdims=True)
    missed, false = ops.cumsum(truth, axis=-1), ops.cumsum(1.0 - truth, axis=-1)
    jaccard = 1.0 - (size - missed) / ops.maximum(size + false, 1.0)
    steps = ops.concatenate([jaccard[..., :1], jaccard[..., 1:] - jaccard[..., :-1]], axis=-1)
    losses = ops.sum(errors * ops.stop_gradient(steps), axis=-1)
    present = ops.cast(size[..., 0] > 0, "float32")
    count = ops.maximum(ops.sum(present, axis=-1), 1.0)
    return nan_if(invalid, ops.sum(losses * present, axis=-1) / count)
