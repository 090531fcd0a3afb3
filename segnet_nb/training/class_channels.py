"""Weights of a network for other classes: the channels that belong to classes are moved by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def moved(
    theirs: Sequence[np.ndarray],
    ours: Sequence[np.ndarray],
    other: Sequence[tuple[int, ...]],
    ids: Sequence[int | None],
    num_classes: int,
) -> list[np.ndarray] | None:
    """Trained weights for a network of the same kind with other classes.

    Args:
        theirs: trained weights.
        ours: initial weights of the network with the new classes.
        other: shapes of the weights of that network with one more class; they tell the axes of classes.
        ids: for each class of the trained network, its number among the new classes; None: dropped.
        num_classes: number of new classes.

    Returns:
        Weights of the shapes of ``ours``, in which a new class keeps its initial weights; None if the
        networks differ in more than their classes.

    Example:
        >>> bias, new = [np.array([1.0, 2.0])], [np.array([7.0, 8.0, 9.0])]
        >>> moved(bias, new, [(4,)], (2, None), 3)[0].tolist()
        [7.0, 8.0, 1.0]
    """
    if len(theirs) != len(ours):
        return None
    found = []
    for trained, initial, shape in zip(theirs, ours, other, strict=True):
        if trained.ndim != initial.ndim:
            return None
        axes = [axis for axis, length in enumerate(initial.shape) if length != shape[axis]]
        value = trained
        for axis in axes:
            # Several channels per class (of the pixels of a block) have the class last.
            groups = initial.shape[axis] // num_classes
            if value.shape[axis] != groups * len(ids):
                return None
            value = _along(value, initial, axis, groups, ids)
        if value.shape != initial.shape:
            return None
        found.append(value)
    return found


def _along(
    value: np.ndarray, initial: np.ndarray, axis: int, groups: int, ids: Sequence[int | None]
) -> np.ndarray:
    """One axis of classes moved; further axes of classes still have their old length."""
    source = np.moveaxis(value, axis, 0).reshape(groups, len(ids), -1)
    shape = [initial.shape[axis], *np.delete(value.shape, axis)]
    base = np.moveaxis(initial, axis, 0)
    fits = base.shape[1:] == tuple(shape[1:])
    target = (base.copy() if fits else np.zeros(shape, value.dtype)).reshape(groups, -1, source.shape[-1])
    for number, new in enumerate(ids):
        if new is not None:
            target[:, new] = source[:, number]
    return np.moveaxis(target.reshape(shape), 0, axis)
