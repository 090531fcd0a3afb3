"""Checks of class-id arrays, shared by losses and metrics. NumPy only."""

from __future__ import annotations

import numpy as np

from segnet_nb._shared.errors import UserError


def integer_ids(values: np.ndarray, what: str) -> np.ndarray:
    """``values`` as an array, if it holds integers.

    Args:
        values: class ids, any shape.
        what: name of the array in error messages, ``"labels"`` or ``"predictions"``.

    Returns:
        The array with its dtype unchanged.

    Raises:
        ValueError: if the dtype is not an integer type.

    Example:
        >>> integer_ids([0, 1], "labels").tolist()
        [0, 1]
    """
    ids = np.asarray(values)
    if not np.issubdtype(ids.dtype, np.integer):
        raise UserError(
            f"{what} must be integer class ids, but got {ids.dtype} of shape {ids.shape}. Convert scores per "
            "class with np.argmax(scores, axis=-1), and integers stored as floats with .astype(int)."
        )
    return ids


def check_id_range(ids: np.ndarray, what: str, num_classes: int, void_id: int | None) -> None:
    """Raise if an id is neither a class nor void.

    Args:
        ids: integers, any shape.
        what: name of the array in the error message.
        num_classes: ids ``0 .. num_classes - 1`` are classes.
        void_id: one more accepted id, or None.

    Raises:
        ValueError: with the invalid ids and how to fix them.

    Example:
        >>> check_id_range(np.array([0, 10, 11]), "labels", num_classes=11, void_id=11)
    """
    invalid = (ids < 0) | (ids >= num_classes)
    if void_id is not None:
        invalid &= ids != void_id
    if invalid.any():
        found = np.unique(ids[invalid])[:5].tolist()
        void = "no void" if void_id is None else f"void {void_id}"
        raise UserError(
            f"{what} hold the ids {found}, but only 0..{num_classes - 1} and {void} are valid. Set "
            "num_classes and void_id to match the arrays. If scores have a channel for void, remove it "
            "before the argmax: scores[..., :num_classes]."
        )


def same_shape(labels: np.ndarray, predictions: np.ndarray) -> None:
    """Raise if the two arrays differ in shape, with a hint at the usual reason.

    Raises:
        ValueError: if the shapes differ.

    Example:
        >>> same_shape(np.zeros((2, 2), int), np.zeros((2, 2), int))
    """
    if labels.shape == predictions.shape:
        return
    hint = "Resize the labels (nearest neighbour) or the predictions to the size of the other."
    if predictions.ndim == labels.ndim + 1 and predictions.shape[:-1] == labels.shape:
        hint = "The last axis looks like scores per class: take np.argmax(predictions, axis=-1) first."
    raise UserError(
        f"labels of shape {labels.shape} and predictions of shape {predictions.shape} do not fit: "
        f"both must be class ids of one shape. {hint}"
    )
