"""Depth to space, and the network that ends in it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import segnet_nb as sn
from segnet_nb.networks.subpixel import DepthToSpace2D


def rearranged(x, full_height, full_width):
    """Pixel by pixel, in plain loops."""
    batch, channels = x.shape[0], x.shape[-1]
    result = np.zeros((batch, full_height, full_width, channels // 4), x.dtype)
    for y in range(full_height):
        for z in range(full_width):
            quarter = 2 * (y % 2) + z % 2
            first = quarter * (channels // 4)
            result[:, y, z] = x[:, y // 2, z // 2, first : first + channels // 4]
    return result


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.booleans(), st.booleans(), st.integers(0, 99)
)
def test_equals_the_loops_at_even_and_odd_sizes(height, width, channels, odd_height, odd_width, seed):
    x = np.random.default_rng(seed).normal(size=(2, height, width, 4 * channels)).astype("float32")
    size = 2 * height - odd_height, 2 * width - odd_width
    found = DepthToSpace2D()([x, np.zeros((2, *size, 3), "float32")])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(found), rearranged(x, *size))


def test_equals_the_pixel_shuffle_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is an optional independent reference")
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 8)).astype("float32")
    found = keras.ops.convert_to_numpy(DepthToSpace2D()([x, np.zeros((2, 6, 10, 1), "float32")]))
    # PyTorch keeps the four values of a block beside each other, and channels first.
    shuffled = torch.tensor(x.reshape(2, 3, 5, 4, 2).transpose(0, 4, 3, 1, 2).reshape(2, 8, 3, 5))
    expected = torch.nn.functional.pixel_shuffle(shuffled, 2).numpy().transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(found, expected)


def test_channels_that_cannot_be_divided():
    with pytest.raises(ValueError, match="the channels must be a multiple of 4, but got 6"):
        DepthToSpace2D()([np.zeros((1, 2, 2, 6)), np.zeros((1, 4, 4, 3))])


def test_gradient_is_the_inverse_rearrangement():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the gradient is taken by TensorFlow")
    import tensorflow as tf

    x = tf.random.normal((1, 2, 3, 8), seed=1)
    weights = tf.random.normal((1, 3, 6, 2), seed=2)  # an odd height: the last row of blocks is cut
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(weights * DepthToSpace2D()([x, weights]))
    found = tape.gradient(total, x).numpy()
    for y in range(4):
        for z in range(6):
            quarter = 2 * (y % 2) + z % 2
            expected = weights[0, y, z].numpy() if y < 3 else np.zeros(2)
            np.testing.assert_array_equal(found[0, y // 2, z // 2, 2 * quarter : 2 * quarter + 2], expected)


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (45, 61), (16, 17), (180, 240)])
def test_the_network_preserves_any_size(size):
    model = sn.segnet_realtime((None, None, 3), 5, filters=(4, 8, 8), dilations=(1, 2), output="logits")
    assert model(np.zeros((1, *size, 3), "float32")).shape == (1, *size, 5)


def test_the_network_works_at_half_resolution_and_stays_small():
    model = sn.segnet_realtime((360, 480, 3), 11)
    multiplications = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            height, width = layer.output.shape[1:3]
            assert height <= 180 and width <= 240
            multiplications += int(np.prod(layer.kernel.shape)) * height * width
    assert multiplications < 2e9 and 0.3e6 < model.count_params() < 0.7e6
    pools = [layer for layer in model.layers if isinstance(layer, sn.layers.MaxPoolingWithIndices2D)]
    unpools = [layer for layer in model.layers if isinstance(layer, sn.layers.MaxUnpooling2D)]
    assert len(pools) == len(unpools) == 2
