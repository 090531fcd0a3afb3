"""What may be done to pooling indices before they unpool, and unpooling itself. NumPy only.

All arrays here are of one image: values ``(height, width, channels)``, indices uint8 of the same shape,
``2 * dy + dx`` inside their 2 x 2 window. A map with an odd side has partial windows at its lower or
right edge, where ``dy`` or ``dx`` can only be 0.
"""

from __future__ import annotations

import numpy as np

INTERVENTIONS = ("true", "zeros", "shuffled", "random", "other", "nearest", "bilinear")
"""What can stand in the place of a stage's true indices; ``AblationBench.run`` explains each."""

WITHOUT_INDICES = frozenset({"zeros", "nearest", "bilinear"})
"""Interventions that need nothing of the encoder: no index has to be kept for them."""


def clamp_to_map(indices: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Indices pulled back inside the map where a window is partial, so that no value is lost.

    Args:
        indices: uint8 offsets in 0..3, shape ``(height, width, channels)``.
        size: height and width of the map that is unpooled to, each twice that of the indices or one less.

    Returns:
        A copy of ``indices`` with ``dy = 0`` in a partial last row and ``dx = 0`` in a partial last column.

    Example:
        >>> clamp_to_map(np.full((2, 2, 1), 3, np.uint8), size=(3, 3))[:, :, 0].tolist()
        [[3, 2], [1, 0]]
    """
    clamped = indices.copy()
    if size[0] % 2:
        clamped[-1] &= 1
    if size[1] % 2:
        clamped[:, -1] &= 2
    return clamped


def shuffle(indices: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The same indices in other windows of the same channel.

    Whole windows change places with whole ones and partial ones with partial ones of their edge, so each
    channel keeps how often it holds each index, at odd sizes too, and no index leaves the map.

    Args:
        indices: uint8 offsets in 0..3, shape ``(height, width, channels)``.
        size: height and width of the map that is unpooled to.
        rng: where chance comes from.

    Example:
        >>> indices = np.array([0, 0, 1, 3], np.uint8).reshape(2, 2, 1)
        >>> sorted(shuffle(indices, (4, 4), np.random.default_rng(0)).ravel().tolist())
        [0, 0, 1, 3]
    """
    rows, columns = size[0] // 2, size[1] // 2
    shuffled = indices.copy()
    for part in (
        np.s_[:rows, :columns],
        np.s_[rows:, :columns],
        np.s_[:rows, columns:],
        np.s_[rows:, columns:],
    ):
        flat = indices[part].reshape(-1, indices.shape[2])
        shuffled[part] = rng.permuted(flat, axis=0).reshape(indices[part].shape)
    return shuffled


def randomize(
    indices: np.ndarray, size: tuple[int, int], share: float, rng: np.random.Generator
) -> np.ndarray:
    """A share of the indices replaced by chance, uniform over the places that their window has.

    With one state of ``rng`` a larger share replaces all that a smaller one does, and by the same.

    Args:
        indices: uint8 offsets in 0..3, shape ``(height, width, channels)``.
        size: height and width of the map that is unpooled to.
        share: probability in 0..1 of each index to be replaced; a quarter of the new ones are the old.
        rng: where chance comes from.

    Example:
        >>> indices = np.zeros((8, 8, 1), np.uint8)
        >>> int(np.count_nonzero(randomize(indices, (16, 16), 1.0, np.random.default_rng(0)))) > 32
        True
    """
    chosen = rng.random(indices.shape, dtype=np.float32) < share
    chance = rng.integers(0, 4, indices.shape, dtype=np.uint8)
    return clamp_to_map(np.where(chosen, chance, indices), size)


def unpool(values: np.ndarray, indices: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Each value where its index says, zeros elsewhere: ``MaxUnpooling2D`` for one image.

    Example:
        >>> values, indices = np.full((1, 1, 1), 7.0), np.full((1, 1, 1), 2, np.uint8)
        >>> unpool(values, indices, (2, 2))[:, :, 0].tolist()
        [[0.0, 0.0], [7.0, 0.0]]
    """
    height, width, channels = values.shape
    full = np.empty((height, 2, width, 2, channels), values.dtype)
    for offset in range(4):
        # A product, not a selection: one pass without branches, and values are finite.
        np.multiply(values, indices == offset, out=full[:, offset // 2, :, offset % 2])
    return full.reshape(2 * height, 2 * width, channels)[: size[0], : size[1]]


def upsample_nearest(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Each value in all places of its window.

    Example:
        >>> upsample_nearest(np.array([[[1], [2]]]), (2, 3))[:, :, 0].tolist()
        [[1, 1, 2], [1, 1, 2]]
    """
    return values.repeat(2, axis=0).repeat(2, axis=1)[: size[0], : size[1]]


def upsample_bilinear(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Twice the size with half-pixel centres, as ``keras.ops.image.resize`` does it.

    New pixels lie a quarter of an old one from the nearest old centre: 3/4 of it and 1/4 of the next. At
    an odd size the last row or column is cut off, so that windows keep their places.

    Example:
        >>> upsample_bilinear(np.array([[[0.0], [4.0]]]), (2, 4))[0, :, 0].tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    for axis in (0, 1):
        values = np.moveaxis(values, axis, 0)
        padded = np.concatenate([values[:1], values, values[-1:]])
        near = values * values.dtype.type(0.75)
        pair = np.stack([near + padded[:-2] / 4, near + padded[2:] / 4], axis=1)
        values = np.moveaxis(pair.reshape(2 * len(values), *values.shape[1:]), 0, axis)
    return values[: size[0], : size[1]]
