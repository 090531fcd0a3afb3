"""The last linear layers trained as one: against the layers one by one, by hand, and what stays as it was."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb import model as networks
from segnet_nb.networks.catalogue import DECODERS
from segnet_nb.training.speed import applied, linear_end, replaced

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="gradients by TensorFlow")
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf


def end_alone(kernel_size, channels, hidden, classes):
    """A network that is its end: features in, logits out."""
    layers = [
        keras.layers.Conv2D(hidden, kernel_size, padding="same", use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3),
        keras.layers.Conv2D(classes, 1),
        keras.layers.Activation("linear"),
    ]
    inputs = x = keras.Input((None, None, channels))
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def layer_by_layer(model, features):
    """The definition: all channels everywhere, mean and variance of those at the centres of the windows."""
    convolution, normalization, classifier = model.layers[-4:-1]
    maps = tf.nn.conv2d(features, tf.convert_to_tensor(convolution.kernel), 1, "SAME")
    picked = maps
    for axis, side in ((1, convolution.kernel_size[0]), (2, convolution.kernel_size[1])):
        length = features.shape[axis]
        first = (length % side) // 2 + side // 2
        picked = tf.gather(picked, range(first, first + length // side * side, side), axis=axis)
    mean = tf.reduce_mean(picked, (0, 1, 2))
    variance = tf.reduce_mean((picked - mean) ** 2, (0, 1, 2))
    scaled = (maps - mean) / tf.sqrt(variance + normalization.epsilon)
    normalized = tf.convert_to_tensor(normalization.gamma) * scaled + normalization.beta
    return tf.nn.conv2d(normalized, tf.convert_to_tensor(classifier.kernel), 1, "SAME") + classifier.bias


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([(3, 3), (5, 5), (3, 7)]),
    st.integers(16, 30),
    st.integers(16, 30),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_output_and_gradients_are_those_of_the_layers_one_by_one(kernel_size, height, width, batch, seed):
    random = np.random.default_rng(seed)
    model = end_alone(kernel_size, channels=3, hidden=6, classes=4)
    model.set_weights([random.uniform(0.3, 1.5, each.shape) for each in model.get_weights()])
    features = tf.constant(random.normal(size=(batch, height, width, 3)), "float32")
    upstream = tf.constant(random.normal(size=(batch, height, width, 4)), "float32")
    (replacement,) = linear_end.replacements(model)
    weights = [each.value for each in model.trainable_variables]
    found = []
    for run in (lambda x: layer_by_layer(model, x), lambda x: model(x, training=True)):
        with replaced([replacement]), tf.GradientTape() as tape:
            tape.watch(features)
            output = run(features)
        found.append([output, *tape.gradient(output, [features, *weights], upstream)])
    assert len(found[0]) == 7
    for expected, ours in zip(*found, strict=True):
        scale = 1 + np.abs(expected).max()
        np.testing.assert_allclose(expected / scale, ours / scale, rtol=0, atol=3e-5)


def test_by_hand():
    # A kernel of 3 x 3 that is 1 in the middle lets features through. Windows of 3 x 3 on 17 x 17 pixels:
    # five each way, from pixel 1 on, their middles at 2, 5, 8, 11, 14. There stand 5 x 5 values: 24 ones and
    # a 26. Mean 50 / 25 = 2; variance (24 * 1 + 24^2) / 25 = 24. With epsilon 1 the root is 5.
    model = end_alone(3, channels=1, hidden=1, classes=2)
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 1] = 1
    # Normalised: 10 (x - 2) / 5 + 3 = 2 x - 1. Classes: 2 x - 1 + 100, and -(2 x - 1).
    one = np.ones(1)
    # Gamma, beta, moving mean, moving variance.
    norm = [10 * one, 3 * one, 0 * one, one]
    model.set_weights([kernel, *norm, np.array([[[[1.0, -1.0]]]]), np.array([100.0, 0.0])])
    model.layers[-3].epsilon = 1.0
    features = np.full((1, 17, 17, 1), 7.0, "float32")
    features[0, 2::3, 2::3] = 1
    features[0, 5, 8] = 26
    with replaced(linear_end.replacements(model)):
        found = np.asarray(model(features, training=True))
    np.testing.assert_allclose(found[0, 5, 8], [2 * 26 - 1 + 100, -(2 * 26 - 1)], rtol=1e-5)
    np.testing.assert_allclose(found[0, 0, 0], [2 * 7 - 1 + 100, -(2 * 7 - 1)], rtol=1e-5)
    # The moving statistics, momentum 0.9: 0.9 * 0 + 0.1 * 2 and 0.9 * 1 + 0.1 * 24.
    normalization = model.layers[-3]
    np.testing.assert_allclose(normalization.moving_mean, [0.2], rtol=1e-5)
    np.testing.assert_allclose(normalization.moving_variance, [3.3], rtol=1e-5)


def test_all_four_positions_of_a_window_are_sampled_equally():
    # After pooling ties of zeros, most values are put back at the first place. A sample of every other pixel
    # would see only those, or none.
    features = np.zeros((1, 180, 240, 1), "float32")
    features[:, ::2, ::2] = 1
    kernel = np.zeros((7, 7, 1, 1), "float32")
    kernel[3, 3] = 1
    found = np.asarray(linear_end._sample(features, keras.ops.convert_to_tensor(kernel)))
    assert found.shape == (25 * 34, 1)
    assert abs(found.mean() - 1 / 4) < 0.02


def test_a_sample_estimates_the_statistics_of_all_pixels():
    model = networks.build_network("basic16", (None, None, 3), 11)
    rng = np.random.default_rng(0)
    images = keras.ops.image.resize(rng.uniform(0, 255, (4, 12, 16, 3)).astype("float32"), (180, 240))
    keras.utils.set_random_seed(0)
    whole = np.asarray(model(images, training=True))
    (replacement,) = linear_end.replacements(model)
    with replaced([replacement]):
        sampled = np.asarray(model(images, training=True))
    assert np.corrcoef(whole.ravel(), sampled.ravel())[0, 1] > 0.99
    assert np.abs(sampled - whole).mean() < 0.15 * whole.std()
    assert not np.array_equal(sampled, whole)


def test_prediction_the_configuration_and_the_file_stay(tmp_path):
    model = networks.build_network("basic16", (None, None, 3), 4)
    images = np.random.default_rng(0).uniform(0, 255, (2, 37, 45, 3)).astype("float32")
    before, config = model(images, training=False), model.get_config()
    names = [each.path for each in model.weights]
    (replacement,) = linear_end.replacements(model)
    with replaced([replacement]):
        np.testing.assert_array_equal(before, model(images, training=False))
        np.testing.assert_array_equal(before, model(images))
        assert model.get_config() == config
        assert [each.path for each in model.weights] == names
        model.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(before, again(images, training=False))
    assert "call" not in vars(again)


@pytest.mark.parametrize("decoder", [name for name, info in DECODERS.items() if info.linear_end])
def test_the_decoders_with_a_linear_end(decoder):
    model = networks.build_network("basic16", (None, None, 3), 4, decoder=decoder)
    ((owner, name, _),) = linear_end.replacements(model)
    assert (owner, name) == (model, "call")


@pytest.mark.parametrize("decoder", ["bilinear", "encoder_addition", "single_channel", "fcn_no_reduction"])
def test_the_decoders_without_a_linear_end(decoder):
    model = networks.build_network("basic16", (None, None, 3), 4, decoder=decoder)
    assert linear_end.replacements(model) == []


@pytest.mark.parametrize("name", ["overview", "small", "lean", "vgg16"])
def test_networks_with_a_nonlinear_end_are_left_alone(name):
    model = networks.build_network(name, (None, None, 3), 4)
    assert linear_end.replacements(model) == []


@pytest.mark.parametrize("asked", [True, False])
def test_training_uses_it_if_the_configuration_asks_for_it(asked):
    from segnet_nb.training.optimization import compile_model
    from tests.training_helpers import tiny_config, tiny_data

    model = networks.build_network("basic16", (None, None, 3), 11)
    config = tiny_config(network="basic16", sampled_statistics=asked)
    compile_model(model, config, tiny_data(), steps=1)
    images = np.random.default_rng(0).uniform(0, 255, (2, 24, 32, 3)).astype("float32")
    before = [np.array(each) for each in model.trainable_weights[-6:]]
    moving = [np.array(each) for each in model.layers[-3].non_trainable_weights]
    with applied(model, config):
        assert ("call" in vars(model)) == asked
        assert np.isfinite(model.train_on_batch(images, np.zeros((2, 24, 32), "int32")))
    # Every one of the three layers learns, and the statistics move.
    for old, new in zip(before, model.trainable_weights[-6:], strict=True):
        assert not np.array_equal(old, new)
    for old, new in zip(moving, model.layers[-3].non_trainable_weights, strict=True):
        assert not np.array_equal(old, new)
