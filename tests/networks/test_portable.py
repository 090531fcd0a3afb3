"""Operations for exported files give what the layers give."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb.networks import layers, subpixel
from segnet_nb.networks.replacing import replaced, replacement

if keras.backend.backend() != "tensorflow":
    pytest.skip("files are made from TensorFlow's graph", allow_module_level=True)

import tensorflow as tf

from segnet_nb.networks import portable_pooling
from segnet_nb.networks.portable_convolutions import DirectConvolution, direct

kl = keras.layers


def there_and_back(x, size):
    values, offsets = portable_pooling.max_pool_with_indices(x)
    return values, offsets, portable_pooling.max_unpool(values - 1, offsets, size)


# Traced once, since the sizes are known only when it runs.
@tf.function(input_signature=[tf.TensorSpec((None, None, None, 2))])
def of_unknown_size(x):
    return there_and_back(x, tuple(tf.shape(x)[axis] for axis in (1, 2)))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 7), st.integers(1, 7), st.sampled_from((0, 1, 3)), st.integers(0, 99))
def test_pooling_and_unpooling_bit_by_bit(height, width, decimals, seed):
    # Rounded values tie, which is where the first has to win.
    x = np.random.default_rng(seed).normal(size=(2, height, width, 2)).round(decimals).astype("float32")
    x = tf.constant(x)
    values, indices = layers.max_pool_with_indices(x)
    expected = values, indices, layers.max_unpool(values - 1, indices, (height, width))
    for found in (there_and_back(x, (height, width)), of_unknown_size(x)):
        for each, want in zip(found, expected, strict=True):
            np.testing.assert_array_equal(each.numpy(), want.numpy())


def test_unpooling_takes_indices_of_any_dtype():
    values = tf.reshape(tf.range(1.0, 9.0), (1, 2, 4, 1))
    for dtype in ("uint8", "int32", "float32"):
        indices = tf.cast(tf.reshape([0, 1, 2, 3] * 2, (1, 2, 4, 1)), dtype)
        found = portable_pooling.max_unpool(values, indices, None)[0, :2, :, 0]
        assert found.numpy().tolist() == [[1, 0, 0, 2, 0, 0, 0, 0], [0, 0, 0, 0, 3, 0, 0, 4]]


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
def test_depth_to_space(dtype):
    x = tf.cast(np.random.default_rng(0).integers(0, 99, (2, 3, 5, 12)), dtype)
    np.testing.assert_array_equal(portable_pooling.depth_to_space(x), subpixel.depth_to_space(x))


def test_layers_use_what_replaces_their_functions():
    x = np.random.default_rng(0).normal(size=(1, 4, 6, 2)).astype("float32")
    pool, unpool = layers.MaxPoolingWithIndices2D(), layers.MaxUnpooling2D()
    with portable_pooling.portable():
        values, offsets = pool(x)
        assert offsets.dtype == tf.float32
        inside = unpool([values, offsets])
        # Training has gradients of its own.
        assert pool(x, training=True)[1].dtype == tf.uint8
    values, indices = pool(x)
    assert indices.dtype == tf.uint8
    np.testing.assert_array_equal(inside, unpool([values, indices]))
    with pytest.raises(TypeError, match="must be uint8"):
        unpool([values, tf.cast(indices, "float32")])


def test_the_outer_block_counts():
    with replaced(len=max):
        with replaced(len=min, abs=round):
            assert (replacement(len), replacement(abs)) == (max, round)
        assert (replacement(len), replacement(abs)) == (max, abs)
    assert replacement(len) is len


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("options", [{}, {"use_bias": False, "activation": "relu"}, {"kernel_size": (1, 3)}])
def test_dilated_convolutions(padding, options):
    keras.utils.set_random_seed(0)
    image = keras.Input((None, None, 3))
    options = {"kernel_size": 3, "bias_initializer": "ones", **options}
    x = kl.Conv2D(4, dilation_rate=(3, 2), padding=padding, **options)(image)
    model = keras.Model(image, kl.Conv2D(2, 1)(x))
    found = direct(model)
    assert [type(layer) for layer in found.layers[1:]] == [DirectConvolution, kl.Conv2D]
    images = np.random.default_rng(0).normal(size=(2, 11, 14, 3)).astype("float32")
    np.testing.assert_allclose(found(images), model(images), atol=1e-5)
    operations = {
        op.type
        for op in tf.function(found)
        .get_concrete_function(tf.TensorSpec((1, 11, 14, 3)))
        .graph.get_operations()
    }
    assert "Conv2D" in operations and "SpaceToBatchND" not in operations
    # The weights are the same, not copies.
    model.set_weights([0 * value for value in model.get_weights()])
    assert not found(images).numpy().any()


def test_networks_without_dilation_stay_as_they_are():
    image = keras.Input((None, None, 3))
    model = keras.Model(image, kl.Conv2D(2, 1)(image))
    assert direct(model) is model
