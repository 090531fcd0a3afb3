"""Shared by the tests of layers and networks: random feature maps and conversions."""

from __future__ import annotations

import numpy as np
from hypothesis import settings, strategies as st
from keras import ops

few = settings(max_examples=25, deadline=None, derandomize=True)

# Distributions of the values. After a ReLU whole windows are ties of zeros.
KINDS = {
    "normal": lambda random, shape: random.normal(size=shape),
    "ties": lambda random, shape: random.integers(-1, 2, shape),
    "relu": lambda random, shape: np.maximum(random.normal(-1, 1, shape), 0),
    "negative": lambda random, shape: -1 - random.random(shape),
    "constant": lambda random, shape: np.full(shape, -3.0),
}


def feature_map(shape, kind="normal", seed=0):
    return KINDS[kind](np.random.default_rng(seed), shape).astype("float32")


def arrays(result):
    """A tensor, or a tuple of them, as NumPy arrays."""
    if isinstance(result, tuple | list):
        return tuple(map(arrays, result))
    return ops.convert_to_numpy(result)


def weighted_sum(tensor, weights):
    """A scalar whose gradient by ``tensor`` is ``weights``."""
    return ops.sum(ops.multiply(tensor, ops.convert_to_tensor(weights)))


def feature_maps():
    """Feature maps of one to three images, with even and odd sides, one to three channels, of every kind."""
    shapes = st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7), st.integers(1, 3))
    return st.builds(feature_map, shapes, st.sampled_from(sorted(KINDS)), st.integers(0, 10**6))
