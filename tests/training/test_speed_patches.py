"""Speed-ups are put on a network for a training and taken off at its end, whatever ends it."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from segnet_nb import model as networks
from segnet_nb.training import StopTraining, train
from segnet_nb.training.optimization import compile_model
from segnet_nb.training.speed import applied, replaced
from segnet_nb.training.speed.patches import SPEED_UPS
from tests.training_helpers import tiny_config, tiny_data, tiny_pair

CONFIG = tiny_config(network="basic16", sampled_statistics=True)
on_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own")


def layers_of(model):
    return [model, *model.layers]


def attributes_of(model):
    """Every attribute that stands in an instance: what is compiled is no part of a layer."""
    return [sorted(set(vars(each)) - {"train_function"}) for each in layers_of(model)]


def methods_of(model):
    return [
        (each.call.__func__, getattr(getattr(each, "convolution_op", None), "__func__", None))
        for each in layers_of(model)
    ]


def small_basic(*_, **__):
    """The layers of SegNet-Basic, with few channels and small kernels."""
    return networks.segnet_basic((None, None, 3), 11, output="logits", filters=4, kernel_size=3)


def built():
    keras.utils.set_random_seed(0)
    model = small_basic()
    compile_model(model, CONFIG, tiny_data(), steps=1)
    return model


class TestReplaced:
    def test_values_of_the_instance_are_restored_others_removed(self):
        class Layer:
            def call(self):
                return "class"

        layer = Layer()
        layer.rate = 0.5
        with replaced([(layer, "call", lambda: "patched"), (layer, "rate", 0.1), (layer, "rate", 0.2)]):
            assert (layer.call(), layer.rate) == ("patched", 0.2)
        assert (layer.call(), vars(layer)) == ("class", {"rate": 0.5})

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, StopTraining])
    def test_after_every_exception(self, error):
        layer = SimpleNamespace(rate=0.5)
        with pytest.raises(error), replaced([(layer, "rate", 0.1), (layer, "extra", 1)]):
            raise error
        assert vars(layer) == {"rate": 0.5}

    def test_those_that_are_set_before_one_fails(self):
        layer = SimpleNamespace(rate=0.5)
        with pytest.raises(AttributeError), replaced([(layer, "rate", 0.1), (CONFIG, "epochs", 1)]):
            raise AssertionError("a frozen configuration was changed")
        assert vars(layer) == {"rate": 0.5}


@on_tensorflow
class TestApplied:
    @pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt, StopTraining])
    def test_no_attribute_is_left_behind(self, error):
        model = built()
        attributes, methods = attributes_of(model), methods_of(model)
        try:
            with applied(model, CONFIG, SPEED_UPS):
                assert "call" in vars(model)
                assert sum("convolution_op" in vars(each) for each in model.layers) == 9
                assert sum("call" in vars(each) for each in model.layers) == 8
                if error:
                    raise error
        except (ValueError, KeyboardInterrupt, StopTraining) as raised:
            assert type(raised) is error
        assert attributes_of(model) == attributes
        assert methods_of(model) == methods

    @pytest.mark.slow
    def test_compiled_steps_are_of_the_layers_as_they_are(self):
        """Traced before, in and after the block: each step is that of a network that knows nothing else."""
        data, model = tiny_data(4, size=(32, 48)), built()
        start = model.get_weights()

        def stepped(network):
            """The weights after one step from the start, without a past of the optimizer."""
            network.set_weights(start)
            for variable in network.optimizer.variables:
                if not variable.path.endswith("learning_rate"):
                    variable.assign(keras.ops.zeros_like(variable))
            network.train_on_batch(data.images.astype("float32"), data.labels)
            return network.get_weights()

        plain = stepped(built())
        fresh = built()
        with applied(fresh, CONFIG):
            sampled = stepped(fresh)
        assert any((one != other).any() for one, other in zip(plain, sampled, strict=True))
        before = stepped(model)
        with applied(model, CONFIG):
            inside = stepped(model)
        assert model.train_function is None
        after = stepped(model)
        for found, expected in ((before, plain), (inside, sampled), (after, plain)):
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other)


@on_tensorflow
@pytest.mark.parametrize(
    ("ending", "average"),
    [
        (None, 0.9),
        (KeyboardInterrupt, 0.0),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((None, 0.0), (StopTraining, 0.9))),
        (RuntimeError, 0.0),
    ],
)
def test_after_a_training_the_network_is_plain_keras(tmp_path, monkeypatch, ending, average):
    import tensorflow as tf

    from segnet_nb.training import optimization

    used, given = [], []
    original = optimization.compile_model

    def compile_and_keep(model, *arguments, **options):
        used.append(model)
        return original(model, *arguments, **options)

    def on_epoch(report, network):
        given.append(network)
        if ending:
            raise ending

    monkeypatch.setattr(networks, "build_network", small_basic)
    monkeypatch.setattr(optimization, "compile_model", compile_and_keep)
    config = tiny_config(network="basic16", sampled_statistics=True, epochs=1, ema_momentum=average)
    options = {"data": tiny_pair(), "directory": tmp_path / "run", "progress": False, "on_epoch": on_epoch}
    if ending is RuntimeError:
        with pytest.raises(RuntimeError):
            train(config, **options)
    else:
        train(config, **options)
    (trained,), (network,) = used, given
    assert (trained is network) == (not average)
    images = tf.constant(tiny_data(2).images, "float32")

    def gradients(model):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(images, training=True) ** 2)
        return tape.gradient(loss, [each.value for each in model.trainable_variables])

    for model in {id(each): each for each in (trained, network)}.values():
        plain = small_basic()
        plain.set_weights(model.get_weights())
        assert methods_of(model) == methods_of(plain)
        assert not any({"call", "convolution_op"} & set(vars(each)) for each in layers_of(model))
        assert getattr(model, "train_function", None) is None
        model.save(tmp_path / "saved.keras")
        loaded = keras.models.load_model(tmp_path / "saved.keras", compile=False)
        for other in (plain, loaded):
            found = gradients(model)
            for one, expected in zip(found, gradients(other), strict=True):
                np.testing.assert_array_equal(one, expected)
            other.set_weights(model.get_weights())
