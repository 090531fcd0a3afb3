"""Class masks as bits of one integer per pixel, so that every operation serves all classes at once. NumPy.

SciPy is imported for one-to-one matching only.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

# Number of bits, thus classes, per integer.
WORD = 64


def class_words(ids: np.ndarray, first: int, count: int) -> np.ndarray:
    """A bit per pixel: bit ``k`` where the id is ``first + k``, no bit for all other ids."""
    dtype = next(kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if _fits(kind, count))
    offsets = ids.astype(np.int64) - first
    inside = (offsets >= 0) & (offsets < count)
    one = np.array(1, dtype=dtype)
    return np.where(inside, one << np.where(inside, offsets, 0).astype(dtype), 0).astype(dtype)


def _fits(dtype: type, count: int) -> bool:
    return np.iinfo(dtype).bits >= count


def boundary_words(words: np.ndarray) -> np.ndarray:
    """Bits of the classes with a boundary at each pixel: present in its 2 x 2 block, but not filling it."""
    padded = np.pad(words, ((0, 1), (0, 1)), mode="edge")
    corners = (padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:])
    held = corners[0] | corners[1] | corners[2] | corners[3]
    filled = corners[0] & corners[1] & corners[2] & corners[3]
    return held & ~filled


def squared_tolerance(shape: tuple[int, int], tolerance: float) -> int:
    """The largest squared distance in pixels, an integer, within the tolerance."""
    # With a margin for rounding, so that a distance of exactly the tolerance is within it.
    return int(tolerance**2 * (shape[0] ** 2 + shape[1] ** 2) + 1e-9)


def dilated(words: np.ndarray, squared_radius: int) -> np.ndarray:
    """Dilation of every bit by a disc, row by row: the disc is narrower in more distant rows."""
    spread, grown, width = words.copy(), np.zeros_like(words), 0
    for dy in range(min(isqrt(squared_radius), len(words) - 1), -1, -1):
        while (width + 1) ** 2 + dy**2 <= squared_radius:
            width += 1
            spread[:, width:] |= words[:, :-width]
            spread[:, :-width] |= words[:, width:]
        grown[dy:] |= spread[: len(spread) - dy]
        grown[: len(spread) - dy] |= spread[dy:]
    return grown


def count_bits(words: np.ndarray, count: int) -> np.ndarray:
    """Number of pixels with each bit."""
    used = words[words != 0]
    return np.array([np.count_nonzero(used & bit) for bit in single_bits(words.dtype, count)])


def single_bits(dtype: np.dtype, count: int) -> np.ndarray:
    """The first ``count`` single bits: 1, 2, 4 and so on."""
    return np.left_shift(np.array(1, dtype), np.arange(count).astype(dtype))


def matched_one_to_one(truth: np.ndarray, predicted: np.ndarray, squared_radius: int) -> int:
    """Number of pairs in a maximum bipartite matching of two boundaries."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching
    from scipy.spatial import KDTree

    if not truth.any() or not predicted.any():
        return 0
    trees = [KDTree(np.argwhere(mask)) for mask in (truth, predicted)]
    radius = np.sqrt(squared_radius) + 1e-6
    pairs = trees[0].sparse_distance_matrix(trees[1], radius, output_type="ndarray")
    shape = (trees[0].n, trees[1].n)
    graph = csr_matrix((np.ones(len(pairs), dtype=bool), (pairs["i"], pairs["j"])), shape=shape)
    return int(np.count_nonzero(maximum_bipartite_matching(graph, perm_type="column") >= 0))
