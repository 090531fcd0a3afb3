"""Interventions on pooling indices before unpooling, and unpooling itself. NumPy only.

All arrays are of one image: values ``(height, width, channels)``, indices uint8 of the same shape,
``2 * dy + dx`` inside their 2 x 2 window. A feature map with an odd side has partial windows at its lower or
right edge, where ``dy`` or ``dx`` can only be 0.
"""

from __future__ import annotations

import numpy as np

INTERVENTIONS = ("true", "zeros", "shuffled", "random", "other", "nearest", "bilinear")
"""Replacements for the true indices of a stage; described in ``AblationBench.run``."""

WITHOUT_INDICES = frozenset({"zeros", "nearest", "bilinear"})
"""Interventions that need nothing from the encoder: no index has to be stored."""


def clamp_to_map(indices: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Indices clamped to the feature map where a window is partial, so that no value is lost.

    Args:
        indices: uint8 offsets in 0..3, shape ``(height, width, channels)``.
        size: height and width of the unpooled feature map, each twice that of the indices or one less.

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
    """A random permutation of the indices of each channel.

    Complete windows are permuted among each other, and so are the partial windows of each edge. Hence the
    frequency of each index per channel is preserved, also for odd sizes, and no index lies outside the map.

    Args:
        indices: uint8 offsets in 0..3, shape ``(height, width, channels)``.
        size: height and width of the unpooled feature map.
        rng: random number generator.

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
    """Replace a share of the indices by random ones, uniform over the positions of their window.

    For the same state of ``rng``, a larger share replaces the same indices as a smaller one, with the same
    values, and more.

    Args:
        indices: uint8 offsets in 0..3, shape ``(height, width, channels)``.
        size: height and width of the unpooled feature map.
        share: probability in 0..1 that an index is replaced; a quarter of the new ones equal the old ones.
        rng: random number generator.

    Example:
        >>> indices = np.zeros((8, 8, 1), np.uint8)
        >>> int(np.count_nonzero(randomize(indices, (16, 16), 1.0, np.random.default_rng(0)))) > 32
        True
    """
    chosen = rng.random(indices.shape, dtype=np.float32) < share
    drawn = rng.integers(0, 4, indices.shape, dtype=np.uint8)
    return clamp_to_map(np.where(chosen, drawn, indices), size)


def unpool(values: np.ndarray, indices: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Each value at the position of its index, zeros elsewhere: ``MaxUnpooling2D`` for one image.

    Example:
        >>> values, indices = np.full((1, 1, 1), 7.0), np.full((1, 1, 1), 2, np.uint8)
        >>> unpool(values, indices, (2, 2))[:, :, 0].tolist()
        [[0.0, 0.0], [7.0, 0.0]]
    """
    height, width, channels = values.shape
    full = np.empty((height, 2, width, 2, channels), values.dtype)
    for offset in range(4):
        # A product instead of a selection: one pass without branches, since values are finite.
        np.multiply(values, indices == offset, out=full[:, offset // 2, :, offset % 2])
    return full.reshape(2 * height, 2 * width, channels)[: size[0], : size[1]]


def upsample_nearest(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Nearest-neighbour upsampling: each value at all positions of its window.

    Example:
        >>> upsample_nearest(np.array([[[1], [2]]]), (2, 3))[:, :, 0].tolist()
        [[1, 1, 2], [1, 1, 2]]
    """
    return values.repeat(2, axis=0).repeat(2, axis=1)[: size[0], : size[1]]


def upsample_bilinear(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear upsampling by two with half-pixel centres, like ``keras.ops.image.resize``.

    New pixels are a quarter of an old pixel from the nearest old centre: 3/4 of it and 1/4 of the next. For
    an odd size the last row or column is cropped, so that the windows keep their positions.

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
