"""Pooling indices at two bits each, four per byte.

PAPER = arXiv 1511.00561, section 3: "storing only the max-pooling indices ... can be done using 2 bits for
each 2 x 2 pooling window".
"""

from __future__ import annotations

import numpy as np

from segnet_nb._shared.errors import UserError


def pack_indices(indices: np.ndarray) -> np.ndarray:
    """Four window offsets in each byte, the first in the lowest bits.

    Args:
        indices: integers in 0..3 of any shape, as from ``MaxPoolingWithIndices2D``.

    Returns:
        uint8, shape ``(ceil(indices.size / 4),)``; unused places are 0.

    Raises:
        ValueError: if a value is not in 0..3 or not an integer.

    Example:
        >>> pack_indices(np.array([3, 0, 1, 2, 1])).tolist()  # 3 + 0 * 4 + 1 * 16 + 2 * 64, then 1
        [147, 1]
    """
    indices = np.asarray(indices)
    if not np.issubdtype(indices.dtype, np.integer):
        raise UserError(f"indices must be integers, but got an array of {indices.dtype}.")
    if indices.size and not (indices.min() >= 0 and indices.max() <= 3):
        raise UserError(
            f"indices must be in 0..3, but got {indices.min()}..{indices.max()}. Pass offsets within "
            "windows, not positions in the map."
        )
    flat = np.zeros(-(-indices.size // 4) * 4, np.uint8)
    flat[: indices.size] = indices.ravel()
    a, b, c, d = flat.reshape(-1, 4).T
    return a | b << 2 | c << 4 | d << 6


def unpack_indices(packed: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The inverse of ``pack_indices``.

    Args:
        packed: uint8, shape ``(bytes,)``.
        shape: of the indices.

    Returns:
        uint8 offsets in 0..3 of that shape.

    Raises:
        ValueError: if the number of bytes does not fit the number of indices.

    Example:
        >>> unpack_indices(np.array([147, 1], np.uint8), (5,)).tolist()
        [3, 0, 1, 2, 1]
    """
    packed = np.asarray(packed)
    count = int(np.prod(shape))
    if packed.dtype != np.uint8 or packed.shape != (-(-count // 4),):
        raise UserError(
            f"{count} indices of shape {tuple(shape)} are {-(-count // 4)} bytes of uint8, but got "
            f"{packed.shape} of {packed.dtype}."
        )
    return (packed[:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).ravel()[:count].reshape(shape)
