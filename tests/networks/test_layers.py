"""Pooling and unpooling against loops and against hand arithmetic, values and gradients."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from keras import ops

from segnet_nb.networks.layers import (
    MaxPoolingWithIndices2D,
    MaxUnpooling2D,
    flat_indices,
    max_pool_with_indices,
    max_unpool,
)
from tests import oracles
from tests.cases import arrays, feature_map, feature_maps, few, weighted_sum
from tests.gradients import gradient


def one_map(rows, dtype="float32"):
    return np.array(rows, dtype)[None, :, :, None]


# 3 x 5: the last row and the last column are windows cut in half, the corner a quarter.
ODD = one_map([
    [1, 7, 2, 2, 5],
    [7, 0, 2, 2, 6],
    [-4, -3, -9, -8, -1],
])  # fmt: skip


class TestByHand:
    def test_pooling_of_an_odd_map(self):
        values, indices = arrays(max_pool_with_indices(ops.convert_to_tensor(ODD)))
        # 3 x 5 pools to 2 x 3. The first window holds 7 twice, at offsets 1 and 2: the first wins. The
        # second is all 2: offset 0. Of the last row only the upper halves exist: offsets 0 and 1.
        assert values[0, :, :, 0].tolist() == [[7, 2, 6], [-3, -8, -1]]
        assert indices[0, :, :, 0].tolist() == [[1, 0, 2], [1, 1, 0]]

    def test_positions_of_an_odd_map(self):
        _, indices = max_pool_with_indices(ops.convert_to_tensor(ODD))
        # y * 5 + x: 7 at (0, 1), 2 at (0, 2), 6 at (1, 4); -3 at (2, 1), -8 at (2, 3), -1 at (2, 4).
        expected = [[1, 2, 9], [11, 13, 14]]
        positions = arrays(flat_indices(indices, height=3, width=5))
        assert positions[0, :, :, 0].tolist() == expected
        assert positions.dtype == "int32"

    def test_unpooling_to_both_sizes_that_pool_alike(self):
        values = one_map([[3, 4]])
        indices = one_map([[3, 0]], "uint8")
        # Width 2 came from 4 or from 3, height 1 from 2 (a maximum at offset 3 needs both rows).
        even = arrays(max_unpool(values, indices, (2, 4)))
        odd = arrays(max_unpool(values, indices, (2, 3)))
        assert even[0, :, :, 0].tolist() == [[0, 0, 4, 0], [0, 3, 0, 0]]
        assert odd[0, :, :, 0].tolist() == [[0, 0, 4], [0, 3, 0]]
        np.testing.assert_array_equal(arrays(max_unpool(values, indices, None)), even)

    def test_camvid_sizes_there_and_back(self):
        # 360 -> 180 -> 90 -> 45 -> 23 -> 12 rows: 45 and 23 are odd, so 23 must unpool to 45.
        x, sizes = ops.zeros((1, 360, 8, 1)), []
        before = []
        while len(sizes) < 5:
            before.append(x)
            x, indices = MaxPoolingWithIndices2D()(x)
            sizes.append((x, indices))
        assert [values.shape[1] for values, _ in sizes] == [180, 90, 45, 23, 12]
        back = [MaxUnpooling2D()([*pair, like]).shape[1] for pair, like in zip(sizes, before, strict=True)]
        assert back == [360, 180, 90, 45, 23]

    def test_channels_do_not_mix(self):
        x = np.stack([[[1, 2], [3, 4]], [[40, 30], [20, 10]]], axis=-1)[None].astype("float32")
        values, indices = arrays(max_pool_with_indices(ops.convert_to_tensor(x)))
        assert values.ravel().tolist() == [4, 40]
        assert indices.ravel().tolist() == [3, 0]
        restored = arrays(max_unpool(values, indices, None))[0]
        assert restored[..., 0].tolist() == [[0, 0], [0, 4]]
        assert restored[..., 1].tolist() == [[40, 0], [0, 0]]

    def test_every_image_of_a_batch_keeps_its_own_indices(self):
        x = np.zeros((3, 2, 2, 1), "float32")
        x[0, 0, 1], x[1, 1, 0], x[2, 1, 1] = 1, 2, 3
        values, indices = arrays(max_pool_with_indices(ops.convert_to_tensor(x)))
        assert indices.ravel().tolist() == [1, 2, 3]
        np.testing.assert_array_equal(arrays(max_unpool(values, indices, None)), x)

    def test_gradient_of_a_tie_goes_to_the_first(self):
        slope = gradient(lambda x: ops.sum(max_pool_with_indices(x)[0]), np.zeros((1, 2, 4, 1)))
        assert slope[0, :, :, 0].tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]


class TestAgainstLoops:
    @few
    @given(feature_maps())
    def test_pooling(self, x):
        values, indices = arrays(max_pool_with_indices(ops.convert_to_tensor(x)))
        expected_values, expected_offsets, _ = oracles.pool(x)
        np.testing.assert_array_equal(values, expected_values)
        np.testing.assert_array_equal(indices, expected_offsets)
        assert (values.dtype, indices.dtype) == ("float32", "uint8")

    @few
    @given(feature_maps())
    def test_positions(self, x):
        _, indices = max_pool_with_indices(ops.convert_to_tensor(x))
        positions = arrays(flat_indices(indices, *x.shape[1:3]))
        np.testing.assert_array_equal(positions, oracles.pool(x)[2])

    @few
    @given(feature_maps())
    def test_unpooling(self, x):
        _, offsets, _ = oracles.pool(x)
        values = feature_map(offsets.shape, seed=1)
        restored = arrays(max_unpool(ops.convert_to_tensor(values), offsets, x.shape[1:3]))
        np.testing.assert_array_equal(restored, oracles.unpool(values, offsets, *x.shape[1:3]))

    @few
    @given(feature_maps())
    def test_pooling_gradient(self, x):
        expected_values, offsets, _ = oracles.pool(x)
        upstream = feature_map(expected_values.shape, seed=2)
        slope = gradient(lambda t: weighted_sum(max_pool_with_indices(t)[0], upstream), x)
        # Backwards, pooling is unpooling.
        np.testing.assert_array_equal(slope, oracles.unpool(upstream, offsets, *x.shape[1:3]))

    @few
    @given(feature_maps())
    def test_unpooling_gradient(self, x):
        _, offsets, _ = oracles.pool(x)
        upstream = feature_map(x.shape, seed=3)
        slope = gradient(
            lambda t: weighted_sum(max_unpool(t, offsets, x.shape[1:3]), upstream),
            feature_map(offsets.shape, seed=4),
        )
        np.testing.assert_array_equal(slope, oracles.unpool_gradient(offsets, upstream))

    @few
    @given(feature_maps())
    def test_pool_then_unpool_keeps_the_winners_alone(self, x):
        values, indices = max_pool_with_indices(ops.convert_to_tensor(x))
        restored = arrays(max_unpool(values, indices, x.shape[1:3]))
        won = np.zeros(x.shape, bool).reshape(x.shape[0], -1, x.shape[3])
        np.put_along_axis(won, oracles.pool(x)[2].reshape(x.shape[0], -1, x.shape[3]), True, axis=1)
        np.testing.assert_array_equal(restored, np.where(won.reshape(x.shape), x, 0))


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 3), (4, 2), (6, 4), (2, 4)])
def test_flat_indices_refuses_another_size(height, width):
    # What pools to 2 x 2 is 3 or 4 high and 3 or 4 wide.
    with pytest.raises(
        ValueError, match=rf"2 x 2 windows do not come from a feature map of {height} x {width}"
    ):
        flat_indices(np.zeros((1, 2, 2, 1), "uint8"), height, width)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_values_keep_their_dtype(dtype):
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX has float64 only where it is switched on")
    x = ops.cast(ops.convert_to_tensor(feature_map((2, 5, 4, 3), "ties")), dtype)
    values, indices = max_pool_with_indices(x)
    restored = max_unpool(values, indices, (5, 4))
    for tensor in (values, restored):
        assert dtype in str(tensor.dtype)
    expected = oracles.pool(arrays(ops.cast(x, "float32")))
    np.testing.assert_array_equal(arrays(ops.cast(values, "float32")), expected[0])
    np.testing.assert_array_equal(arrays(indices), expected[1])


def test_minus_infinity_is_a_value_like_any_other():
    # A window of minus infinity alone is a tie, also where padding adds more of it: the first wins.
    x = np.full((1, 3, 3, 1), -np.inf, "float32")
    x[0, 0, 1] = -5
    values, indices = arrays(max_pool_with_indices(ops.convert_to_tensor(x)))
    assert values.ravel().tolist() == [-5, -np.inf, -np.inf, -np.inf]
    assert indices.ravel().tolist() == [1, 0, 0, 0]
