"""Networks at work: any size, files, training steps, half precision, the program of the introduction."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import keras
import numpy as np
import pytest
from keras import ops

from segnet_nb import losses, model as networks
from segnet_nb.networks.model import build_network, segnet_basic, segnet_model, segnet_modern
from tests.cases import arrays

ANY = (None, None, 3)
NAMES = ("overview", "basic", "vgg16", "small", "modern", "lean")
# PyTorch compiles through a C++ toolchain that need not be there.
JIT = keras.backend.backend() != "torch"


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (*shape, 3)).astype("float32")


@cache
def network(name, output="softmax"):
    keras.utils.set_random_seed(0)
    return build_network(name, ANY, 11, output=output)


@pytest.fixture
def precision():
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("name", NAMES)
class TestEveryNetwork:
    @pytest.mark.parametrize("size", [(16, 16), (45, 33), (17, 64)])
    def test_gives_back_the_size_it_gets(self, name, size):
        probabilities = network(name)(pixels(2, *size))
        assert probabilities.shape == (2, *size, 11)
        assert keras.backend.standardize_dtype(probabilities.dtype) == "float32"
        values = arrays(probabilities)
        assert values.min() >= 0
        np.testing.assert_allclose(values.sum(-1), 1, atol=1e-5)

    def test_softmax_of_the_logits(self, name):
        model, other = network(name), network(name, output="logits")
        other.set_weights(model.get_weights())
        images = pixels(1, 19, 32)
        logits = other(images)
        assert not np.allclose(arrays(logits).sum(-1), 1, atol=0.1)
        np.testing.assert_allclose(arrays(ops.softmax(logits)), arrays(model(images)), atol=1e-6)

    def test_saves_and_loads_without_custom_objects(self, name, tmp_path):
        model, images = network(name), pixels(1, 21, 16)
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(arrays(again(images)), arrays(model(images)))
        assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]

    @pytest.mark.slow
    def test_camvid_size(self, name):
        # 360 -> 180 -> 90 -> 45 -> 23 (-> 12), so two or three unpoolings lead to an odd side.
        probabilities = network(name).predict_on_batch(pixels(1, 360, 480))
        assert probabilities.shape == (1, 360, 480, 11)
        np.testing.assert_allclose(probabilities.sum(-1), 1, atol=1e-5)


def test_camvid_size_in_a_slim_network():
    model = segnet_basic((360, 480, 3), 11, filters=2, kernel_size=3)
    assert [model.get_layer(f"pool{i}").output[0].shape[1] for i in (1, 2, 3, 4)] == [180, 90, 45, 23]
    assert [model.get_layer(f"unpool{i}").output.shape[1] for i in (4, 3, 2, 1)] == [45, 90, 180, 360]
    assert model.predict_on_batch(pixels(1, 360, 480)).shape == (1, 360, 480, 11)


@pytest.mark.parametrize("size", [(16, 16, 3), (45, 33, 3), (None, 33, 3)])
def test_fixed_odd_and_half_known_sizes(size):
    model = segnet_modern(size, 5, filters=(4, 6), depths=(0, 1), dilations=(1,))
    assert model.output_shape == (None, *size[:2], 5)
    assert model(pixels(1, size[0] or 45, size[1])).shape == (1, size[0] or 45, size[1], 5)


# --- a fresh interpreter ----------------------------------------------------------------------------

READER = """
import sys
import numpy as np
import segnet_nb as sn
import keras

assert "segnet_nb.networks.layers" not in sys.modules
from segnet_nb import layers, losses, normalization  # what a .keras file of this package may name

folder = sys.argv[1]
images = np.load(f"{folder}/images.npy")
for name in ("basic", "small"):
    model = keras.models.load_model(f"{folder}/{name}.keras")
    np.save(f"{folder}/{name}-read.npy", model.predict_on_batch(images))
assert type(model.loss) is losses.CrossEntropyDice, model.loss
assert model.optimizer.iterations == 1
np.save(f"{folder}/small-own.npy", sn.load_model(f"{folder}/small.keras").predict_on_batch(images))
"""


def test_a_fresh_interpreter_reads_what_was_saved(tmp_path):
    images = pixels(1, 21, 16)
    np.save(tmp_path / "images.npy", images)
    small = segnet_modern(ANY, 11, output="logits", filters=(4,), depths=(0,), dilations=())
    small.compile("sgd", losses.CrossEntropyDice(from_logits=True, class_weights=[1] * 11), jit_compile=False)
    small.train_on_batch(images, np.zeros((1, 21, 16), "int32"))
    models = {"basic": segnet_basic(ANY, 11, filters=4, kernel_size=3), "small": small}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
    run = subprocess.run(
        [sys.executable, "-c", READER, str(tmp_path)], capture_output=True, text=True, timeout=240
    )
    assert run.returncode == 0, run.stderr[-3000:]
    for name, model in models.items():
        expected = model.predict_on_batch(images)
        for file in tmp_path.glob(f"{name}-*.npy"):
            np.testing.assert_allclose(np.load(file), expected, atol=1e-5)
    assert len(list(tmp_path.glob("*-*.npy"))) == 3


# --- training ---------------------------------------------------------------------------------------


@pytest.mark.slow  # lesson 05 runs the same program
def test_the_program_of_the_introduction():
    """Adam 1e-4, categorical cross-entropy on one-hot labels, accuracy, batch 16: at a small size."""
    keras.utils.set_random_seed(1)
    model = segnet_model(input_size=(16, 16, 3), num_classes=12)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-4),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    images = np.random.default_rng(0).random((16, 16, 16, 3)).astype("float32")
    labels = np.random.default_rng(1).integers(0, 12, (16, 16, 16))
    one_hot = keras.utils.to_categorical(labels, num_classes=12)
    history = model.fit(images, one_hot, batch_size=16, epochs=5, verbose=0).history
    assert sorted(history) == ["accuracy", "loss"]
    assert len(history["loss"]) == len(history["accuracy"]) == 5
    # 12 classes at random: a loss near ln 12 = 2.485 that learning brings down.
    assert history["loss"][0] == pytest.approx(2.485, abs=0.3)
    assert history["loss"][-1] < history["loss"][0]
    assert all(0 <= value <= 1 for value in history["accuracy"])


SLIM = {
    "basic": lambda **options: segnet_basic(ANY, 4, filters=4, kernel_size=3, **options),
    "modern": lambda **options: segnet_modern(
        ANY, 4, filters=(4, 6), depths=(0, 1), dilations=(1,), **options
    ),
}


def trained(model, jit_compile):
    """The losses of a few steps on images whose labels can be told from their brightness."""
    labels = np.random.default_rng(0).integers(0, 4, (4, 5, 4)).repeat(4, 1).repeat(4, 2)
    images = np.repeat(labels[..., None] * 80.0, 3, -1).astype("float32")
    loss = losses.CategoricalCrossEntropy()
    model.compile(keras.optimizers.Adam(0.05), loss, jit_compile=jit_compile)
    return [float(model.train_on_batch(images, labels)) for _ in range(25)]


@pytest.mark.parametrize(
    ("name", "jit_compile"), [("basic", False), pytest.param("modern", JIT, marks=pytest.mark.slow)]
)
def test_learns(name, jit_compile):
    keras.utils.set_random_seed(0)
    history = trained(SLIM[name](), jit_compile)
    assert np.isfinite(history).all()
    assert history[-1] < 0.75 * history[0]


@pytest.mark.parametrize(
    "jit_compile",
    [pytest.param(False, marks=pytest.mark.slow), pytest.param(JIT, marks=pytest.mark.slow)],
    ids=["plain", "jit"],
)
def test_learns_in_mixed_bfloat16(precision, jit_compile):
    precision("mixed_bfloat16")
    keras.utils.set_random_seed(0)
    model = SLIM["modern"]()
    assert (model.output.dtype, model.get_layer("classifier").output.dtype) == ("float32", "bfloat16")
    values, indices = model.get_layer("pool1").output
    assert (values.dtype, indices.dtype) == ("bfloat16", "uint8")
    assert {weight.dtype for weight in model.weights} == {"float32"}
    probabilities = model(pixels(1, 45, 33))
    assert probabilities.shape == (1, 45, 33, 4)
    np.testing.assert_allclose(arrays(probabilities).sum(-1), 1, atol=1e-5)
    history = trained(model, jit_compile)
    assert np.isfinite(history).all()
    assert history[-1] < 0.75 * history[0]


# --- VGG16's weights --------------------------------------------------------------------------------


@cache
def random_vgg16():
    keras.utils.set_random_seed(3)
    return keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))


class TestVgg16Encoder:
    def test_every_convolution_is_copied(self, monkeypatch):
        asked, weights = {}, random_vgg16()
        monkeypatch.setattr(keras.applications, "VGG16", lambda **options: asked.update(options) or weights)
        model = networks.segnet_vgg16(ANY, 11, encoder_weights="imagenet")
        assert asked == {"include_top": False, "weights": "imagenet"}
        theirs = [layer for layer in weights.layers if isinstance(layer, keras.layers.Conv2D)]
        names = ["1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_1", "4_2", "4_3", "5_1", "5_2", "5_3"]
        for name, source in zip(names, theirs, strict=True):
            kernel, bias = model.get_layer(f"encoder{name}_conv").get_weights()
            expected = source.get_weights()[0]
            # The released VGG16 reads BGR, SegNet here RGB.
            np.testing.assert_array_equal(kernel, expected[:, :, ::-1] if name == "1_1" else expected)
            np.testing.assert_array_equal(bias, source.get_weights()[1])

    def test_first_convolution_sees_what_vgg16_would(self):
        """An RGB image here, the same through Keras's own preprocessing there."""
        model = network("vgg16")
        before = model.get_weights()
        networks.load_vgg16_encoder(model, random_vgg16())
        images = pixels(1, 32, 32)
        first = keras.Model(model.input, model.get_layer("encoder1_1_conv").output)(images)
        model.set_weights(before)
        prepared = keras.applications.vgg16.preprocess_input(images.copy())
        theirs = random_vgg16()
        after_relu = keras.Model(theirs.input, theirs.get_layer("block1_conv1").output)(prepared)
        np.testing.assert_allclose(arrays(ops.relu(first)), arrays(after_relu), rtol=1e-3, atol=1e-2)

    def test_another_network_is_refused(self):
        with pytest.raises(
            ValueError, match=r"the model has 4 in its encoder and VGG16 13\. Pass a segnet_vgg16"
        ):
            networks.load_vgg16_encoder(SLIM["basic"](), random_vgg16())
        with pytest.raises(ValueError, match=r"the model has 13 in its encoder and VGG16 9"):
            networks.load_vgg16_encoder(network("vgg16"), SLIM["basic"]())

    def test_weights_that_do_not_exist(self):
        with pytest.raises(ValueError, match=r"encoder_weights must be None or 'imagenet', but got 'coco'"):
            networks.segnet_vgg16(ANY, 11, encoder_weights="coco")

    def test_imagenet_has_three_channels(self):
        with pytest.raises(ValueError, match=r"ImageNet weights need 3 input channels, but the input has 4"):
            networks.segnet_vgg16((32, 32, 4), 11, encoder_weights="imagenet")
