"""Batch normalisation in one pass: against Keras's own, and by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb import model as networks

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own")
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    from segnet_nb.training.speed import applied, fused_normalization as fused, replaced


def network(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers])


def trained(model, images, upstream):
    """Output and gradients of a training pass, and the moving statistics after it."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = model(images, training=True)
    weights = [each.value for each in model.trainable_variables]
    gradients = tape.gradient(output, [images, *weights], upstream)
    return [output, *gradients, *(each.numpy() for each in model.non_trainable_variables)]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 9), st.integers(2, 9), st.integers(1, 5), st.integers(0, 99))
def test_it_trains_as_kerass_does(batch, height, width, channels, seed):
    random = np.random.default_rng(seed)
    shape = (batch, height, width, channels)
    images = tf.constant(random.normal(3, 2, shape), "float32")
    upstream = tf.constant(random.normal(size=shape), "float32")
    found = []
    for change in (False, True):
        layer = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-2)
        model = network(shape[1:], layer)
        layer.set_weights(np.random.default_rng(seed).uniform(0.5, 2, (4, channels)))
        with replaced(fused.replacements(model) if change else []):
            found.append(trained(model, images, upstream))
    assert len(found[0]) == 6
    for expected, ours in zip(*found, strict=True):
        np.testing.assert_allclose(expected, ours, rtol=1e-3, atol=1e-4 * (1 + np.abs(expected).max()))


def test_the_moving_statistics_by_hand():
    # Values 1, 3, 5, 7: mean 4, variance (9 + 1 + 1 + 9) / 4 = 5. From mean 0 and variance 1 with momentum
    # 0.9: 0.9 * 0 + 0.1 * 4 = 0.4 and 0.9 * 1 + 0.1 * 5 = 1.4.
    layer = keras.layers.BatchNormalization(momentum=0.9)
    model = network((2, 2, 1), layer)
    with replaced(fused.replacements(model)):
        model(np.reshape([1.0, 3.0, 5.0, 7.0], (1, 2, 2, 1)).astype("float32"), training=True)
    np.testing.assert_allclose(layer.moving_mean, [0.4], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, [1.4], rtol=1e-6)


def test_inference_a_frozen_layer_the_configuration_and_the_file_stay(tmp_path):
    model = networks.build_network("basic16", (None, None, 3), 4)
    images = np.random.default_rng(0).uniform(0, 255, (2, 37, 45, 3)).astype("float32")
    before, config = model(images, training=False), model.get_config()
    with replaced(fused.replacements(model)):
        np.testing.assert_array_equal(before, model(images, training=False))
        assert model.get_config() == config
        model.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras")
        np.testing.assert_array_equal(before, again(images, training=False))
        weights = model.get_weights()
        model.trainable = False
        model(images, training=True)
    for kept, now in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_training_uses_it():
    from tests.training_helpers import tiny_config

    model = networks.build_network("basic16", (None, None, 3), 11)
    with applied(model, tiny_config()):
        assert sum("call" in vars(layer) for layer in model.layers) == 8


def test_other_layers_are_left_alone():
    others = [
        keras.layers.BatchNormalization(axis=1),
        keras.layers.BatchNormalization(center=False),
        keras.layers.BatchNormalization(scale=False),
        keras.layers.BatchNormalization(dtype="mixed_bfloat16"),
        keras.layers.GroupNormalization(1),
    ]
    assert fused.replacements(network((8, 8, 2), *others)) == []


def test_vectors_are_normalized_by_keras():
    layer = keras.layers.BatchNormalization(momentum=0.5)
    model = network((1,), layer)
    # Values 0 and 2: mean 1, variance 1; halves of (0, 1) and (1, 1).
    with replaced(fused.replacements(model)):
        model(np.array([[0.0], [2.0]], "float32"), training=True)
    np.testing.assert_allclose([layer.moving_mean[0], layer.moving_variance[0]], [0.5, 1.0])
