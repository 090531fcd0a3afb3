"""Forms of a network: what they give follows from what the network gives."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from segnet_nb import model as networks
from segnet_nb.networks.forms import LargestScore, form_of, in_form
from segnet_nb.networks.layers import CropLike

kl = keras.layers
IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 33, 46, 3)).astype("float32")


def pixelwise(*after, classes=5, activation=None):
    image = keras.Input((None, None, 3))
    x = kl.Conv2D(classes, 1, activation=activation, kernel_initializer="he_normal")(
        kl.Rescaling(1 / 99)(image)
    )
    for step in after:
        x = step(x)
    return keras.Model(image, x)


def nested(activation="softmax"):
    image = keras.Input((None, None, 3))
    return keras.Model(image, pixelwise(activation=activation)(image))


def ensemble():
    image = keras.Input((None, None, 3))
    return keras.Model(image, kl.Average()([pixelwise(activation="softmax")(image) for _ in range(2)]))


def cropped():
    image = keras.Input((None, None, 3))
    return keras.Model(image, CropLike()([pixelwise(activation="softmax")(image), image]))


def gives(model, form=None):
    return keras.ops.convert_to_numpy((in_form(model, form) if form else model)(IMAGES, training=False))


ENDS = {
    "a softmax layer": lambda: pixelwise(kl.Softmax()),
    "an activation layer": lambda: pixelwise(kl.Activation("softmax")),
    "the activation of a convolution": lambda: pixelwise(activation="softmax"),
    "a function": lambda: pixelwise(keras.ops.softmax),
    "a network in the network": nested,
    "depth to space": lambda: networks.segnet_realtime((None, None, 3), 5, filters=(4, 8, 8), dilations=(2,)),
    "depth to space at a known odd size": lambda: networks.segnet_realtime(
        (33, 46, 3), 5, filters=(4, 8, 8), dilations=(2,)
    ),
    "SegNet-Basic": lambda: networks.segnet_basic((None, None, 3), 5, filters=4, kernel_size=3),
}


@pytest.mark.parametrize("end", ENDS)
def test_all_forms_of_probabilities(end):
    keras.utils.set_random_seed(0)
    model = ENDS[end]()
    assert form_of(model) == "probabilities" and in_form(model, "probabilities") is model
    probabilities, logits, labels = gives(model), gives(model, "logits"), gives(model, "labels")
    # Differences of logits are those of the logarithms of probabilities.
    powers = np.exp(logits - logits.max(-1, keepdims=True), dtype="float64")
    np.testing.assert_allclose(powers / powers.sum(-1, keepdims=True), probabilities, atol=1e-5)
    assert abs(logits.sum(-1)).max() > 1  # not probabilities
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, logits.argmax(-1))
    assert len(np.unique(labels)) > 1


@pytest.mark.parametrize("name", ["segnet_basic", "segnet_realtime"])
def test_all_forms_of_logits(name):
    keras.utils.set_random_seed(0)
    small = {"filters": 4} if name == "segnet_basic" else {"filters": (4, 8, 8), "dilations": (2,)}
    model = getattr(networks, name)((None, None, 3), 5, output="logits", **small)
    assert form_of(model) == "logits" and in_form(model, "logits") is model
    logits = gives(model)
    np.testing.assert_array_equal(gives(model, "labels"), logits.argmax(-1))
    np.testing.assert_allclose(gives(model, "probabilities").sum(-1), 1, atol=1e-6)
    np.testing.assert_array_equal(gives(model, "probabilities").argmax(-1), logits.argmax(-1))


@pytest.mark.parametrize(
    "make",
    [
        cropped,
        ensemble,
        lambda: pixelwise(kl.Softmax(), kl.Cropping2D(1)),
        lambda: pixelwise(kl.Softmax(), abs),
    ],
)
def test_logits_that_cannot_be_recovered(make):
    model = make()
    assert form_of(model) == "probabilities"
    with pytest.raises(ValueError, match=r"logits cannot be recovered.*softmax is not its last step"):
        in_form(model, "logits")
    np.testing.assert_array_equal(gives(model, "labels"), gives(model).argmax(-1))


def gated():
    image = keras.Input((None, None, 3))
    return keras.Model(image, kl.Conv2D(5, 1)(image) * kl.Softmax()(kl.Conv2D(5, 1)(image)))


def test_a_softmax_inside_is_not_one_at_the_end():
    assert form_of(gated()) == "logits"
    assert form_of(pixelwise(kl.Softmax(), kl.Conv2D(5, 1))) == "logits"
    assert form_of(nested(activation=None)) == "logits"


def test_weights_are_shared():
    model = ENDS["depth to space"]()
    labels = in_form(model, "labels")
    model.get_layer("classifier").set_weights(
        [
            0 * value if value.ndim > 1 else np.tile(np.arange(5.0), 4)
            for value in model.get_layer("classifier").get_weights()
        ]
    )
    assert (keras.ops.convert_to_numpy(labels(IMAGES)) == 4).all()


def test_labels_of_a_cropped_output():
    image = keras.Input((None, None, 3))
    model = keras.Model(image, CropLike()([kl.UpSampling2D(2)(kl.Conv2D(5, 1, 2, "same")(image)), image]))
    np.testing.assert_array_equal(gives(model, "labels"), gives(model).argmax(-1))


@pytest.mark.parametrize(("classes", "dtype"), [(256, "uint8"), (257, "int32")])
def test_bytes_hold_256_classes(classes, dtype):
    scores = np.zeros((1, 2, 2, classes), "float32")
    scores[0, 0, 0, classes - 1] = 1
    for blocks in (False, True):
        given = scores.reshape(1, 1, 1, -1) if blocks else scores
        found = keras.ops.convert_to_numpy(LargestScore(blocks=blocks)(given))
        assert found.dtype == dtype
        assert found.ravel().tolist() == [classes - 1, 0, 0, 0]


def test_the_first_of_equals_wins():
    assert int(LargestScore()(np.array([[[[1.0, 3.0, 3.0]]]]))[0, 0, 0]) == 1


def test_unknown_form():
    with pytest.raises(ValueError, match=r"one of probabilities, logits, labels, but got 'masks'"):
        in_form(pixelwise(), "masks")
