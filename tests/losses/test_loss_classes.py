"""The loss classes inside Keras: configs, files, compiled training, mixed precision."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from segnet_nb import losses
from tests.oracles_scores import VOID, loss_case as case, number, one_hot

# Keras turns its variables and PyTorch's tensors into arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


WEIGHTS = [0.5, 1.0, 2.0]
CLASSES = {
    "cross_entropy": losses.CategoricalCrossEntropy(from_logits=True, class_weights=WEIGHTS, void_id=VOID),
    "dice": losses.DiceLoss(from_logits=True, void_id=VOID, absent="ignore"),
    "dice_per_image": losses.DiceLoss(from_logits=True, void_id=VOID, pooling="image"),
    "both": losses.CrossEntropyDice(0.5, 2.0, from_logits=True, class_weights=WEIGHTS, void_id=VOID),
    "hard_pixels": losses.HardPixelCrossEntropy(True, WEIGHTS, VOID, threshold=0.5, min_share=0.25),
    "lovasz": losses.LovaszSoftmax(from_logits=True, void_id=VOID),
    "lovasz_per_image": losses.LovaszSoftmax(from_logits=True, void_id=VOID, pooling="image"),
    "lovasz_and_cross_entropy": losses.LovaszSoftmax(0.5, True, WEIGHTS, VOID),
}


def lovasz_with_cross_entropy(
    labels, logits, cross_entropy_weight, class_weights, pooling, epsilon, **options
):
    entropy = losses.categorical_cross_entropy(
        labels, logits, class_weights=class_weights, epsilon=epsilon, **options
    )
    lovasz = losses.lovasz_softmax(labels, logits, pooling=pooling, **options)
    return number(lovasz) + cross_entropy_weight * number(entropy)


def as_function(loss, labels, logits):
    options = {**loss.get_config()}
    for key in ("name", "reduction"):
        del options[key]
    function = {
        "CategoricalCrossEntropy": losses.categorical_cross_entropy,
        "DiceLoss": losses.dice_loss,
        "CrossEntropyDice": losses.cross_entropy_dice,
        "HardPixelCrossEntropy": losses.hard_pixel_cross_entropy,
        "LovaszSoftmax": lovasz_with_cross_entropy,
    }[type(loss).__name__]
    return number(function(labels, logits, **options))


@pytest.mark.parametrize("loss", CLASSES.values(), ids=CLASSES)
class TestLossClasses:
    def test_equals_the_function(self, loss):
        labels, logits = case(13)
        labels[0, :2] = VOID  # images with different numbers of void pixels
        value = number(loss(labels, logits))
        assert value == pytest.approx(as_function(loss, labels, logits), rel=1e-6)

    def test_survives_its_config(self, loss):
        labels, logits = case(14)
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        assert type(again) is type(loss)
        assert again.get_config() == loss.get_config()
        assert number(again(labels, logits)) == number(loss(labels, logits))

    def test_unknown_id_raises(self, loss):
        labels, logits = case(14)
        with pytest.raises(ValueError, match="labels hold the ids"):
            loss(np.where(labels == 0, 7, labels), logits)


def tiny_model(loss, jit_compile=False):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs))
    model.compile("sgd", loss, jit_compile=jit_compile)
    return model


@pytest.mark.parametrize("loss", CLASSES.values(), ids=CLASSES)
def test_model_saves_and_loads_with_its_loss(loss, tmp_path):
    labels, images = case(15, batch=4)
    model = tiny_model(loss)
    model.fit(images, labels.astype("uint8"), batch_size=2, verbose=0)
    model.save(tmp_path / "tiny.keras")
    again = keras.saving.load_model(tmp_path / "tiny.keras")
    assert again.loss.get_config() == loss.get_config()
    before = model.evaluate(images, labels, verbose=0)
    assert again.evaluate(images, labels, verbose=0) == pytest.approx(before)
    expected = as_function(loss, labels, model.predict(images, verbose=0))
    assert before == pytest.approx(expected, rel=1e-5)


# PyTorch compiles through a C++ toolchain that need not be there.
JIT = keras.backend.backend() != "torch"


@pytest.mark.parametrize("form", ["ids", "one_hot"])
def test_training_step_compiles_and_learns(form):
    labels, _ = case(16, batch=4, height=6, width=5)
    images = one_hot(labels, 3)
    labels = labels if form == "ids" else one_hot(labels, 3)
    model = tiny_model(CLASSES["both"], jit_compile=JIT)
    history = model.fit(images, labels, epochs=5, batch_size=2, verbose=0).history["loss"]
    assert np.isfinite(history).all()
    assert history[-1] < history[0]


def test_all_void_batch_keeps_training_finite():
    images = np.ones((2, 4, 4, 3), "float32")
    labels = np.full((2, 4, 4), VOID)
    model = tiny_model(CLASSES["both"], jit_compile=JIT)
    before = [weight.copy() for weight in model.get_weights()]
    history = model.fit(images, labels, verbose=0).history["loss"]
    assert history == [0.0]
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


def test_mixed_bfloat16_keeps_ids_and_float32():
    random = np.random.default_rng(17)
    labels = random.integers(0, 256, (2, 8, 8))
    logits = random.normal(size=(2, 8, 8, 255)).astype("float32")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        loss = losses.CategoricalCrossEntropy(from_logits=True, void_id=255)
        model = keras.Sequential([keras.Input((8, 8, 255)), keras.layers.Activation("linear")])
        model.compile("sgd", loss)
        scored = model.evaluate(logits, labels, verbose=0)
        predicted = model.predict(logits, verbose=0).astype("float32")
    finally:
        keras.config.set_dtype_policy(before)
    assert loss.dtype == "float32"
    expected = losses.categorical_cross_entropy(labels, predicted, from_logits=True, void_id=255)
    assert scored == pytest.approx(number(expected), rel=1e-5)


def test_losses_stay_float32_when_keras_does_not():
    before = keras.config.floatx()
    keras.config.set_floatx("float16")
    try:
        assert losses.CrossEntropyDice().dtype == "float32"
    finally:
        keras.config.set_floatx(before)


def test_sample_weight_weights_images():
    labels, logits = case(18)
    loss = losses.CategoricalCrossEntropy(from_logits=True, void_id=VOID, reduction="none")
    shares = ops.convert_to_numpy(loss(labels, logits))
    assert shares.shape == (2,)
    mean = losses.CategoricalCrossEntropy(from_logits=True, void_id=VOID)
    for weights in (np.array([3.0, 0.0]), np.array([[3.0], [0.0]])):
        assert number(mean(labels, logits, weights)) == pytest.approx(1.5 * shares[0], rel=1e-6)
    with pytest.raises(ValueError, match="one weight per image"):
        mean(labels, logits, np.ones(labels.shape))
    with pytest.raises(ValueError, match="Use pooling='image'"):
        losses.DiceLoss(void_id=VOID)(labels, logits, np.ones(2))
