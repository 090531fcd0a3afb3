"""The last linear layers as one: the same numbers, less work, and the network itself left alone."""

from __future__ import annotations

import gc
import weakref
from functools import cache

import keras
import numpy as np
import pytest
from hypothesis import given, strategies as st

import segnet_nb as sn
from segnet_nb import folding
from segnet_nb.inference.prediction import predict, predict_probabilities
from segnet_nb.networks.decoders import DECODERS
from segnet_nb.networks.folding import folded
from segnet_nb.networks.model import build_network, segnet_basic
from tests.cases import arrays, few

ANY, CLASSES = (None, None, 3), 5
# What is convolved straight to the classes at the end, of each decoder that ends in linear layers: the
# decoder's convolution, and where the encoder's maps are added, the classifier for those.
ENDS = {
    "segnet": ["Conv2D"],
    "encoder_addition": ["Conv2D", "Conv2D"],
    "fcn_no_reduction": ["Conv2DTranspose", "Conv2D"],
    "fcn_no_addition_no_reduction": ["Conv2DTranspose"],
    "transposed": ["Conv2D"],
    "nearest": ["Conv2D"],
    "concatenation": ["Conv2D"],
}


@cache
def network(decoder, kernel_size):
    return segnet_basic(ANY, CLASSES, filters=8, kernel_size=kernel_size, decoder=decoder, output="logits")


def trained(decoder="segnet", *, seed=0, **options):
    """A network whose every weight and statistic has moved."""
    keras.utils.set_random_seed(seed)
    options = {"filters": 8, "kernel_size": 3, "output": "logits", **options}
    return moved(segnet_basic(ANY, CLASSES, decoder=decoder, **options), seed)


def moved(model, seed):
    random = np.random.default_rng(seed)
    for weight in model.trainable_weights + model.non_trainable_weights:
        if "seed" not in weight.path:
            positive = weight.name in ("gamma", "moving_variance")
            shift = random.uniform(0.5, 2, weight.shape) if positive else random.normal(0, 0.1, weight.shape)
            weight.assign(shift if positive else np.asarray(arrays(weight)) + shift)
    return model


def images(count=2, height=37, width=50, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), np.uint8)


def plain(model, batch):
    """What Keras gives, layer by layer."""
    return arrays(model(batch.astype("float32"), training=False))


def largest_difference(found, expected):
    """As a share of the largest value: logits reach hundreds."""
    return np.abs(found - expected).max() / np.abs(expected).max()


def convolutions_to_classes(model):
    kept = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose)
    ]
    return sorted((type(layer).__name__ for layer in kept if layer.filters == CLASSES), reverse=True)


@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_gives_the_same(name):
    model = trained(name)
    fast = folded(model)
    if name in ENDS:
        assert convolutions_to_classes(fast) == ENDS[name]
        # None of the layers to more maps is left at full size.
        assert not {"classifier", "decoder1_norm"} & {layer.name for layer in fast.layers}
    else:
        assert fast is model
    batch = images()
    assert (
        largest_difference(arrays(fast.predict_on_batch(batch.astype("float32"))), plain(model, batch)) < 1e-5
    )


def test_by_hand():
    """One pixel in, one value through every layer, all kernels 1 x 1: the arithmetic on paper."""
    x = inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(3, 1, name="wide")(x)
    x = keras.layers.BatchNormalization(epsilon=0.0, name="norm")(x)
    x = keras.layers.Conv2D(2, 1, name="classifier")(x)
    model = keras.Model(inputs, keras.layers.Activation("linear")(x))
    model.get_layer("wide").set_weights([np.array([[[[1.0, 2.0, -1.0]]]]), np.array([0.0, 1.0, 2.0])])
    gamma, beta, mean, variance = [1.0, 2.0, 4.0], [0.0, 1.0, 0.0], [1.0, 3.0, 0.0], [1.0, 4.0, 16.0]
    model.get_layer("norm").set_weights([np.array(each) for each in (gamma, beta, mean, variance)])
    model.get_layer("classifier").set_weights(
        [np.array([[[[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]]]), np.array([10.0, 20.0])]
    )
    fast = folded(model)
    # Normalised: 1 (x - 1) / 1 = x - 1; 2 (2x + 1 - 3) / 2 + 1 = 2x - 1; 4 (2 - x) / 4 = 2 - x.
    # Classes: (x - 1) + (2x - 1) + 10 = 3x + 8; (2x - 1) + 2 (2 - x) + 20 = 23.
    kernel, bias = fast.layers[1].get_weights()
    np.testing.assert_allclose(kernel.ravel(), [3, 0], atol=1e-6)
    np.testing.assert_allclose(bias, [8, 23], atol=1e-6)


def test_a_sum_that_is_normalised_stays():
    """What a normalisation adds would be added once for each part of the sum."""
    inputs = keras.Input((None, None, 3))
    parts = [keras.layers.Conv2D(8, 3, padding="same", name=name)(inputs) for name in "ab"]
    x = keras.layers.BatchNormalization()(keras.layers.Add()(parts))
    x = keras.layers.Conv2D(CLASSES, 1)(keras.layers.Add()([x, *parts]))
    model = moved(keras.Model(inputs, keras.layers.Softmax()(x)), seed=0)
    fast = folded(model)
    assert convolutions_to_classes(fast) == ["Conv2D"] * 3
    batch = images()
    assert largest_difference(plain(fast, batch), plain(model, batch)) < 1e-4


@pytest.mark.parametrize("bent", [{"activation": "relu"}, {"groups": 2}])
def test_what_is_not_linear_or_not_whole_stays(bent):
    inputs = keras.Input((None, None, 4))
    x = keras.layers.Conv2D(8, 3, padding="same", **bent)(inputs)
    x = keras.layers.Conv2D(CLASSES, 1)(x)
    model = keras.Model(inputs, keras.layers.Softmax()(x))
    assert folded(model) is model


@few
@given(
    decoder=st.sampled_from(sorted(ENDS)),
    seed=st.integers(0, 1000),
    height=st.integers(16, 40),
    width=st.integers(16, 40),
    kernel_size=st.sampled_from([3, 5]),
)
def test_any_weights_any_size(decoder, seed, height, width, kernel_size):
    # Borders are where a bias before and after padding would differ.
    model = moved(network(decoder, kernel_size), seed)
    batch = images(1, height, width, seed)
    found = arrays(folded(model)(batch.astype("float32"), training=False))
    assert largest_difference(found, plain(model, batch)) < 1e-5


def test_prediction_goes_this_way_and_follows_training():
    model, batch = trained(output="softmax"), images()
    first = predict_probabilities(model, batch)
    assert folded(model) is folded(model)
    moved(model, seed=7)
    second = predict_probabilities(model, batch)
    assert np.abs(second - first).max() > 0.1
    np.testing.assert_allclose(second, plain(model, batch), atol=2e-4)
    expected = plain(model, batch)
    ahead = np.sort(expected, -1)
    clear = ahead[..., -1] - ahead[..., -2] > 1e-3
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(predict(model, batch)[clear], expected.argmax(-1)[clear])


def test_the_network_itself_stays_as_it_is(tmp_path):
    model = trained()
    names, config, weights = [layer.name for layer in model.layers], model.get_config(), model.get_weights()
    predict(model, images())
    assert [layer.name for layer in model.layers] == names
    assert model.get_config() == config
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    # Layers that were called twice would have no one output, and the probes need theirs.
    assert all(layer.output is not None for layer in model.layers)
    model.save(tmp_path / "network.keras")
    again = sn.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(plain(again, images()), plain(model, images()), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", ["overview", "vgg16", "small", "lean", "modern"])
def test_networks_with_relu_in_every_stage_are_left_alone(name):
    model = build_network(name, ANY, CLASSES)
    assert folded(model) is model


def test_no_folding_where_it_is_no_less_work():
    model = segnet_basic(ANY, CLASSES, filters=CLASSES, kernel_size=3)
    assert folded(model) is model


def test_no_folding_in_half_precision():
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        model = segnet_basic(ANY, CLASSES, filters=8, kernel_size=3)
    finally:
        keras.config.set_dtype_policy(before)
    assert folded(model) is model


def test_a_network_that_is_gone_is_forgotten():
    model = trained()
    folded(model)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="made from TensorFlow's graph")
def test_a_file_holds_the_folded_network(tmp_path):
    wide, end = 9 * 8 * 8, 9 * 8 * CLASSES  # weights of the last convolution before and after
    model = trained()
    found = sn.export(model, tmp_path / "network.tflite")
    assert found.max_difference < 1e-4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "folded", lambda model: model)
        whole = sn.export(model, tmp_path / "whole.tflite", check=False)
    assert whole.size_bytes - found.size_bytes > 4 * (wide - end)
