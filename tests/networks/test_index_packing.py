"""Indices at two bits: by hand, there and back, and against NumPy's own bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from segnet_nb.networks.index_packing import pack_indices, unpack_indices

INDICES = hnp.arrays(
    np.uint8, hnp.array_shapes(max_dims=4, min_side=0, max_side=7), elements=st.integers(0, 3)
)


@given(INDICES)
def test_there_and_back(indices):
    packed = pack_indices(indices)
    assert packed.dtype == np.uint8 and packed.nbytes == (2 * indices.size + 7) // 8
    np.testing.assert_array_equal(unpack_indices(packed, indices.shape), indices)


@given(INDICES)
def test_the_bits_are_numpys(indices):
    low, high = indices.ravel() & 1, indices.ravel() >> 1
    bits = np.stack([low, high], axis=1).ravel()
    np.testing.assert_array_equal(pack_indices(indices), np.packbits(bits, bitorder="little"))


def test_the_papers_example():
    # 64 maps of 180 x 240: 64 * 90 * 120 windows of two bits are 172,800 bytes, 0.17 MB.
    indices = np.random.default_rng(0).integers(0, 4, (90, 120, 64), dtype=np.uint8)
    assert pack_indices(indices).nbytes == 172_800


def test_positions_and_other_numbers_are_refused():
    with pytest.raises(ValueError, match=r"in 0\.\.3, but got 0\.\.4\. Pass offsets within windows"):
        pack_indices(np.array([0, 4]))
    with pytest.raises(ValueError, match=r"in 0\.\.3, but got -1\.\.2"):
        pack_indices(np.array([-1, 2]))
    with pytest.raises(ValueError, match="integers, but got an array of float32"):
        pack_indices(np.zeros(4, "float32"))


@pytest.mark.parametrize(
    ("packed", "got"),
    [(np.zeros(2, np.uint8), r"\(2,\) of uint8"), (np.zeros(1, np.int64), r"\(1,\) of int64")],
)
def test_bytes_that_do_not_fit_are_refused(packed, got):
    with pytest.raises(ValueError, match=rf"4 indices of shape \(2, 2\) are 1 bytes of uint8, but got {got}"):
        unpack_indices(packed, (2, 2))
