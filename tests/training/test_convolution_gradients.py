"""Gradients of convolutions by forward convolutions: against TensorFlow's own kernels, and by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb import model as networks

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own")
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    from segnet_nb.training.speed import applied, convolution_gradients as fast, replaced


def both(layer, image, upstream):
    """Output and gradients of a convolution: TensorFlow's, and ours."""
    found = []
    for change in (False, True):
        if change:
            layer.convolution_op = fast._convolution
        with tf.GradientTape() as tape:
            tape.watch(image)
            output = layer(image)
        found.append((output, *tape.gradient(output, [image, layer.kernel.value], upstream)))
    return found


@settings(max_examples=40, deadline=None)
@given(
    # The kernel's sides, input and output channels.
    st.sampled_from(
        [
            *[(1, 1, 3, 4), (3, 3, 3, 4), (3, 3, 40, 30), (3, 7, 3, 4)],
            *[(5, 5, 3, 4), (7, 7, 3, 4), (5, 7, 3, 4), (5, 7, 4, 3)],
        ]
    ),
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_both_gradients_are_tensorflows(kernel, height, width, batch, seed):
    *sides, ins, outs = kernel
    random = np.random.default_rng(seed)
    image = tf.constant(random.normal(size=(batch, height, width, ins)), "float32")
    upstream = tf.constant(random.normal(size=(batch, height, width, outs)), "float32")
    layer = keras.layers.Conv2D(outs, sides, padding="same")
    layer.build(image.shape)
    theirs, ours = both(layer, image, upstream)
    for expected, found in zip(theirs, ours, strict=True):
        assert expected.shape == found.shape
        # The gradient by the kernel sums over every pixel: rounding grows with its own size.
        np.testing.assert_allclose(expected, found, rtol=1e-4, atol=1e-5 * (1 + np.abs(expected).max()))


@pytest.mark.parametrize("size", [3, 5])
def test_by_hand_on_one_pixel(size):
    # One pixel of value 2: only the centre of the kernel touches it. d output / d centre = 2; with a gradient
    # of 3 from above that is 6, and the pixel's own is 3 times the centre's weight: 3 * 4 and 3 * 12.
    layer = keras.layers.Conv2D(1, size, padding="same", use_bias=False)
    layer.build((1, 1, 1, 1))
    weights = np.arange(size**2, dtype="float32").reshape(size, size, 1, 1)
    layer.set_weights([weights])
    (_, by_image, by_kernel) = both(layer, tf.constant([[[[2.0]]]]), tf.constant([[[[3.0]]]]))[1]
    expected = np.zeros((size, size))
    expected[size // 2, size // 2] = 6
    np.testing.assert_array_equal(np.reshape(by_kernel, (size, size)), expected)
    assert float(np.reshape(by_image, ())) == {3: 3 * 4, 5: 3 * 12}[size]


def changed(model):
    """Names of the layers that compute their gradients our way."""
    return {each.name for each in model.layers if each.__dict__.get("convolution_op") is fast._convolution}


@pytest.mark.parametrize("network", ["basic16", pytest.param("lean", marks=pytest.mark.slow)])
def test_a_network_keeps_its_answers_its_configuration_and_its_gradients(network):
    model = networks.build_network(network, (None, None, 3), 4)
    random = np.random.default_rng(0)
    images = tf.constant(random.uniform(0, 255, (2, 37, 45, 3)), "float32")

    def answers():
        with tf.GradientTape() as tape:
            output = model(images, training=False)
            loss = tf.reduce_mean(output**2)
        return [output, *tape.gradient(loss, [each.value for each in model.trainable_variables])]

    before, config = answers(), model.get_config()
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    plain = {each.name for each in convolutions if each.dilation_rate == (1, 1)}
    with replaced(fast.replacements(model)):
        assert changed(model) == plain
        assert len(plain) >= 9
        for expected, found in zip(before, answers(), strict=True):
            np.testing.assert_allclose(expected, found, rtol=1e-3, atol=1e-4 * np.abs(expected).max() + 1e-7)
        assert model.get_config() == config
    assert not changed(model)


def test_training_uses_them():
    from tests.training_helpers import tiny_config

    model = networks.build_network("basic16", (None, None, 3), 11)
    with applied(model, tiny_config(), ["convolution_gradients"]):
        assert len(changed(model)) == 9


def test_other_layers_are_left_alone():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            keras.layers.Conv2D(2, 3, strides=2, padding="same", name="strided"),
            keras.layers.Conv2D(2, 3, padding="valid", name="valid"),
            keras.layers.Conv2D(2, 2, padding="same", name="even"),
            keras.layers.Conv2D(2, 3, padding="same", groups=2, name="grouped"),
            keras.layers.Conv2D(2, 3, padding="same", dilation_rate=2, name="dilated"),
        ]
    )
    assert fast.replacements(model) == []
