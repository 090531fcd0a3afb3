"""Traces of random feature maps, computed by the slow references without a network."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from segnet_nb.probes.unpooling import StageTrace, UnpoolingTrace
from tests import oracles
from tests.cases import KINDS

MAPS = ("features", "pooled", "indices", "values", "unpooled", "dense")


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def random_trace(height, width, stages, channels, kind, seed):
    """Stage ``n`` has ``channels + n`` channels; its dense feature map has ``channels``."""
    random = np.random.default_rng(seed)
    built = []
    for number in range(1, stages + 1):
        features = KINDS[kind](random, (1, height, width, channels + number)).astype("float32")
        pooled, indices, _ = oracles.pool(features)
        values = random.normal(size=pooled.shape).astype("float32")
        unpooled = oracles.unpool(values, indices, height, width)
        maps = (features, pooled, indices, values, unpooled, unpooled[..., :channels])
        built.append(StageTrace(number=number, **dict(zip(MAPS, (array[0] for array in maps), strict=True))))
        height, width = pooled.shape[1:3]
    size = built[0].size
    return UnpoolingTrace(picture(*size, seed), tuple(built), np.ones((*size, 2), "float32"))


random_traces = st.builds(
    random_trace,
    st.integers(1, 19),
    st.integers(1, 19),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 10**6),
)
