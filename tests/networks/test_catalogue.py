"""The catalogue: every entry holds against the network that it builds, and what reads it reads it alone."""

from __future__ import annotations

import dataclasses
import inspect
from importlib import import_module

import keras
import numpy as np
import pytest

from segnet_nb.networks import catalogue
from segnet_nb.networks.catalogue import DECODERS, NETWORKS
from segnet_nb.networks.encoder_decoder import ends_in_softmax
from segnet_nb.networks.model import build_network
from segnet_nb.training.config import TrainConfig

ANY = (None, None, 3)


def builder_of(info):
    module, _, function = info.builder.partition(":")
    return getattr(import_module(module), function)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_what_its_entry_says(name):
    info, model = NETWORKS[name], build_network(name, ANY, 11)
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert round(trained / 1e6, 3) == info.parameters
    parameters = inspect.signature(builder_of(info)).parameters
    assert ("dropout" in parameters, "decoder" in parameters) == (info.takes_dropout, info.takes_decoder)
    assert set(info.options) <= set(parameters)
    *_, classifier = (layer for layer in model.layers if layer.weights)
    assert info.class_bias == (getattr(classifier, "bias", None) is not None)
    before = model.get_layer(classifier.name).input._keras_history.operation
    assert info.linear_end == isinstance(before, keras.layers.BatchNormalization)


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_is_what_its_entry_says(name):
    info = DECODERS[name]
    model = build_network("basic16", ANY, 5, decoder=name)
    last = model.layers[-2]
    bias = getattr(last, "bias", None)
    assert info.class_bias == (bias is not None and tuple(bias.shape) == (5,))
    assert set(info.options) <= set(inspect.signature(builder_of(info)).parameters)
    # Every convolution is alike but the depthwise ones, which cannot be folded into the classifier.
    convolution = next((layer for layer in model.layers if layer.name == "decoder1_conv"), None)
    source = keras.tree.flatten(last.input)[0]
    normalized = isinstance(source._keras_history.operation, keras.layers.BatchNormalization)
    assert info.linear_end == (normalized and type(convolution) is keras.layers.Conv2D)


@pytest.mark.parametrize("entries", [NETWORKS, DECODERS])
def test_entries_are_named_and_described(entries):
    for name, info in entries.items():
        assert info.name == name and info.title and info.line and "\n" not in info.line
    assert len({info.title for info in entries.values()}) == len(entries)


def test_a_configuration_offers_what_the_catalogue_lists():
    help_of = {field.name: field.metadata["help"] for field in dataclasses.fields(TrainConfig)}
    assert help_of["network"] == f"one of {', '.join(NETWORKS)}"
    assert help_of["decoder"] == f"of the networks basic and basic16, one of {', '.join(DECODERS)}"
    for network, info in NETWORKS.items():
        for decoder in DECODERS if info.takes_decoder else ("segnet",):
            assert TrainConfig(network=network, decoder=decoder).decoder == decoder
        for decoder in () if info.takes_decoder else ("fcn", "nearest"):
            with pytest.raises(ValueError, match=f"but got network='{network}'"):
                TrainConfig(network=network, decoder=decoder)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("decoder", DECODERS)
def test_what_ends_linearly_or_with_a_bias(network, decoder):
    """By hand, what the configuration refuses without knowing the networks."""
    linear = network in ("basic", "basic16") and decoder in (
        "segnet",
        "transposed",
        "nearest",
        "concatenation",
    )
    bias = network not in ("basic", "basic16") or decoder not in ("bilinear", "fcn", "fcn_no_addition")
    assert catalogue.has_linear_end(network, decoder) == linear
    assert catalogue.has_class_bias(network, decoder) == bias


@pytest.mark.parametrize(("lookup", "kind"), [("network_info", "network"), ("decoder_info", "decoder")])
def test_an_unknown_name(lookup, kind):
    with pytest.raises(ValueError, match=rf"no {kind} is called 'unet'\. Choose from: "):
        getattr(catalogue, lookup)("unet")


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (lambda: keras.layers.Softmax(name="probabilities"), True),
        (lambda: keras.layers.Activation("softmax"), True),
        (lambda: keras.layers.Conv2D(4, 1, activation="softmax"), True),
        (lambda: keras.layers.Activation("linear", name="logits"), False),
        (lambda: keras.layers.Conv2D(4, 1), False),
        (lambda: keras.layers.ReLU(), False),
    ],
)
def test_softmax_is_recognised_by_what_it_computes(last, expected):
    image = keras.Input((16, 16, 3))
    assert ends_in_softmax(keras.Model(image, last()(image))) == expected
