"""Labels of any accepted form, converted to the form that losses and streaming metrics use."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from segnet_nb._shared.class_ids import check_id_range
from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import ops

Tensor = Any


def label_form(labels: Tensor, predictions: Tensor) -> Literal["ids", "ids_channel", "one_hot"]:
    """Distinguish class ids from one-hot labels by their shape.

    Args:
        labels: shape ``(batch, height, width)``, ``(batch, height, width, 1)`` or, one-hot,
            ``(batch, height, width, classes)``.
        predictions: shape ``(batch, height, width, classes)``.

    Returns:
        ``"ids"``, ``"ids_channel"`` (ids with a last axis of length 1) or ``"one_hot"``.

    Raises:
        ValueError: if the labels match none of them.

    Example:
        >>> label_form(np.zeros((1, 4, 4)), np.zeros((1, 4, 4, 3)))
        'ids'
    """
    given, expected = tuple(labels.shape), tuple(predictions.shape)
    form: Literal["ids", "ids_channel", "one_hot"] | None = None
    classes = expected[-1] if expected else None
    if len(expected) < 2 or classes is None or classes < 2:
        raise UserError(
            f"predictions of shape {expected} have no last axis of known length 2 or more with "
            "one score per class. Pass (batch, height, width, classes)."
        )
    if len(given) == len(expected) - 1:
        form = "ids"
    elif len(given) == len(expected) and given[-1] == 1:
        form = "ids_channel"
    elif len(given) == len(expected) and given[-1] == classes:
        form = "one_hot"
    sides = given if form == "ids" else given[:-1]
    fits = all(None in pair or pair[0] == pair[1] for pair in zip(sides, expected[:-1], strict=False))
    if form is None or not fits:
        raise UserError(
            f"labels of shape {given} do not fit predictions of shape {expected}. Pass class "
            f"ids of shape {expected[:-1]} or {(*expected[:-1], 1)}, or one-hot of {expected}."
        )
    return form


def check_array_ids(labels: Tensor, predictions: Tensor, void_id: int | None) -> None:
    """Raise on ids that are neither class nor void, if the labels are a NumPy array.

    Tensors are not checked, since they may be symbolic or on a device.

    Raises:
        ValueError: with the invalid ids.

    Example:
        >>> check_array_ids(np.array([0, 2]), np.zeros((2, 3)), void_id=None)
    """
    if isinstance(labels, np.ndarray) and label_form(labels, predictions) != "one_hot":
        check_id_range(labels, "labels", predictions.shape[-1], void_id)


def class_ids(labels: Tensor, predictions: Tensor, void_id: int | None) -> tuple[Tensor, Tensor]:
    """Ids and the mask of the pixels that are not void.

    Args:
        labels: ids or one-hot labels, see ``label_form``; a one-hot row of zeros is void.
        predictions: scores whose last axis is the classes.
        void_id: id of pixels without a class, or None.

    Returns:
        ``(ids, valid)``: int32 and bool, both of the shape of ``predictions`` without its last axis.

    Example:
        >>> ids, valid = class_ids(np.array([1, 3]), np.zeros((2, 3)), void_id=3)
        >>> [bool(pixel) for pixel in valid]
        [True, False]
    """
    form = label_form(labels, predictions)
    labels = ops.convert_to_tensor(labels)
    if form == "one_hot":
        valid = ops.any(ops.not_equal(labels, ops.zeros_like(labels)), axis=-1)
        # argmax has no kernel for bool and some integer types.
        ids = ops.cast(ops.argmax(ops.cast(labels, "float32"), axis=-1), "int32")
    else:
        labels = ops.squeeze(labels, axis=-1) if form == "ids_channel" else labels
        ids = ops.cast(labels, "int32")
        valid = ops.ones_like(ids, dtype="bool")
    if void_id is not None:
        valid = ops.logical_and(valid, ops.not_equal(ids, void_id))
    return ids, valid


def one_hot_targets(
    labels: Tensor, predictions: Tensor, void_id: int | None
) -> tuple[Tensor, Tensor, Tensor]:
    """One-hot targets, all zeros where void, the mask of valid pixels, and whether an id was invalid.

    Ids are compared with every class instead of passed to a one-hot op: a void id may be outside the
    classes, where such ops differ between backends.

    Args:
        labels: ids or one-hot labels, see ``label_form``; soft labels stay unchanged.
        predictions: scores whose last axis is the classes.
        void_id: id of pixels without a class, or None.

    Returns:
        ``(targets, valid, invalid_ids)``: float32 of the shape of ``predictions``; float32 0 or 1, of that
        shape without the last axis; and a bool scalar, True if an id was neither class nor void.

    Example:
        >>> targets, valid, invalid_ids = one_hot_targets(np.array([1, 3]), np.zeros((2, 3)), void_id=3)
        >>> [[int(value) for value in row] for row in targets], bool(invalid_ids)
        ([[0, 1, 0], [0, 0, 0]], False)
    """
    num_classes = predictions.shape[-1]
    ids, valid = class_ids(labels, predictions, void_id)
    mask: Any = ops.cast(valid, "float32")
    if label_form(labels, predictions) == "one_hot":
        targets: Any = ops.cast(labels, "float32")
        invalid_ids = ops.convert_to_tensor(False)
    else:
        classes = ops.arange(num_classes, dtype="int32")
        targets = ops.cast(ops.equal(ops.expand_dims(ids, -1), classes), "float32")
        outside = ops.logical_or(ops.less(ids, 0), ops.greater_equal(ids, num_classes))
        invalid_ids = ops.any(ops.logical_and(valid, outside))
    return targets * ops.expand_dims(mask, -1), mask, invalid_ids
