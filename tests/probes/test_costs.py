"""Costs of layers: by hand on a small network, how far layers see by touching pixels, published sizes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers as kl

from segnet_nb.networks.decoders import DECODERS
from segnet_nb.networks.layers import CropLike, MaxPoolingWithIndices2D, MaxUnpooling2D
from segnet_nb.networks.model import build_network, segnet_basic
from segnet_nb.networks.subpixel import DepthToSpace2D
from segnet_nb.networks.upsampling import BilinearUpsampling2D
from segnet_nb.probes import probe_costs

ANY = (None, None, 3)


def by_name(costs):
    return {layer.name: layer for layer in costs.layers}


def test_by_hand():
    model = segnet_basic(ANY, 5, filters=2, kernel_size=3)
    costs = probe_costs(model, np.zeros((20, 33, 3)), repeats=1)
    layers = by_name(costs)
    # 20 x 33 pools to 10 x 17, 5 x 9, 3 x 5, 2 x 3.
    assert [pooling.shape for pooling in costs.poolings] == [(20, 33, 2), (10, 17, 2), (5, 9, 2), (3, 5, 2)]
    assert costs.map_bytes == 4 * 2 * (20 * 33 + 10 * 17 + 5 * 9 + 3 * 5)
    windows = [10 * 17, 5 * 9, 3 * 5, 2 * 3]
    assert costs.index_bytes == 2 * sum(windows)
    # Two maps of 170 windows are 340 indices, 85 bytes; 90 are 22.5, that is 23; 30 are 8; 12 are 3.
    assert [pooling.packed_bytes for pooling in costs.poolings] == [85, 23, 8, 3]
    assert costs.packed_bytes == 85 + 23 + 8 + 3
    # The first kernel is 3 x 3 x 3 x 2 at each of 20 x 33 pixels.
    assert layers["encoder1_conv"].multiplications == 20 * 33 * 54
    first = layers["encoder1_conv"]
    assert first.shape == (20, 33, 2) and first.map_bytes == 20 * 33 * 2 * 4
    assert layers["pool1"].shape == (10, 17, 2)
    assert layers["classifier"].multiplications == 20 * 33 * 2 * 5
    assert layers["encoder1_relu"].multiplications == layers["encoder1_relu"].parameters == 0
    assert costs.parameters == model.count_params()
    assert costs.seconds > 0 and all(layer.seconds > 0 for layer in costs.layers)
    # One convolution of 3 sees 3, pooling 4 two apart; the next 4 + 2 * 2 = 8, pooled 10 four apart; 18, 22;
    # 38, 46. From a pixel of the result back: a convolution adds 2, n neighbours lie in n // 2 + 1 windows, a
    # pooling doubles: 3, 2; 4, 3; 5, 3; 5, 3; then 6, 8; 16, 18; 36, 38; 76, 78.
    assert [pooling.pooled_receptive_field for pooling in costs.poolings] == [4, 10, 22, 46]
    assert costs.layers[-1].receptive_field == 78


def reach(model, side):
    """Rows of the image that one row of the result depends on, the most over all rows, by touching pixels."""
    random = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(random.uniform(0.5, 1.5, weight.shape))
    image = random.uniform(0, 1, (1, side, 8, 1)).astype("float32")
    before = np.array(model(image, training=False), "float64")
    touched = np.repeat(image, side, axis=0)
    touched[range(side), range(side), 4, 0] += 1000.0
    after = np.array(model(touched, training=False), "float64")
    depends = np.abs(after - before).max(axis=(2, 3)) > 1e-3  # (touched row, row of the result)
    rows = [np.flatnonzero(column) for column in depends.T]
    return max(found.max() - found.min() + 1 for found in rows if len(found))


def network(*steps):
    inputs = keras.Input((None, None, 1))
    x, kept = inputs, []
    for step in steps:
        if step == "pool":
            before = x
            x, indices = MaxPoolingWithIndices2D()(x)
            kept.append((indices, before))
        elif step == "unpool":
            x = MaxUnpooling2D()([x, *kept.pop()])
        elif step == "enlarge":
            x = CropLike()([kl.UpSampling2D(2, interpolation="bilinear")(x), kept.pop()[1]])
        elif step == "interpolate":
            x = CropLike()([BilinearUpsampling2D()(x), kept.pop()[1]])
        elif step == "repeat":
            x = CropLike()([kl.UpSampling2D(2, interpolation="nearest")(x), kept.pop()[1]])
        elif step == "transpose":
            x = kl.Conv2DTranspose(1, 8, strides=2, padding="same")(x)
            x = CropLike()([x, kept.pop()[1]])
        else:
            side, dilation = step
            x = kl.Conv2D(1, side, padding="same", dilation_rate=dilation)(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize(
    "steps",
    [
        [(3, 1)],
        [(3, 2), (5, 1)],
        [(3, 1), "pool", (3, 1), "repeat", (3, 1)],
        [(3, 1), "pool", (3, 1), "enlarge"],
        [(3, 1), "pool", (3, 1), "transpose", (3, 1)],
        ["pool", "pool", (3, 1), "repeat", (5, 1), "enlarge"],
    ],
    ids=str,
)
def test_receptive_field_by_perturbing_pixels(steps):
    model = network(*steps)
    found = probe_costs(model, np.zeros((64, 8, 1)), repeats=1).layers[-1].receptive_field
    assert found == reach(model, 64)


@pytest.mark.parametrize(
    "steps", [[(3, 1), "pool", (3, 1), "unpool", (3, 1)], ["pool", (5, 1), "unpool", (3, 1)]]
)
def test_receptive_field_through_unpooling_is_a_bound(steps):
    # Whether a value lands in a row hangs on the image, so not all of the field shows at once.
    model = network(*steps)
    bound = probe_costs(model, np.zeros((64, 8, 1)), repeats=1).layers[-1].receptive_field
    assert bound - 2 <= reach(model, 64) <= bound


@pytest.mark.parametrize("decoder", DECODERS)
def test_costs_of_every_decoder(decoder):
    model = segnet_basic(ANY, 3, filters=4, kernel_size=3, decoder=decoder)
    costs = probe_costs(model, np.zeros((24, 40, 3)), repeats=1)
    assert costs.parameters == model.count_params()
    assert costs.layers[-1].shape == (24, 40, 3)
    assert costs.layers[-1].receptive_field >= costs.poolings[-1].pooled_receptive_field


def test_published_sizes():
    # Facts of the authors' files: 1,415,040 convolution weights in SegNet-Basic.
    costs = probe_costs(build_network("basic", ANY, 11), np.zeros((32, 32, 3)), repeats=1)
    convolutions = [layer for layer in costs.layers if layer.kind == "Conv2D"]
    assert sum(layer.parameters for layer in convolutions) - 11 == 1_415_040  # the classifier has a bias
    # The authors trace a value of the deepest maps to 106 x 106 pixels (arXiv 1505.07293, section 3).
    assert costs.poolings[-1].pooled_receptive_field == 106


def test_an_unknown_layer_ends_the_receptive_field():
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, kl.Conv2D(1, 3, padding="same")(kl.LayerNormalization()(inputs)))
    assert probe_costs(model, np.zeros((8, 8, 1)), repeats=1).layers[-1].receptive_field is None


def test_invalid_requests():
    model = segnet_basic(ANY, 3, filters=4)
    with pytest.raises(ValueError, match=r"\(height, width, channels\), but got \(1, 32, 32, 3\)"):
        probe_costs(model, np.zeros((1, 32, 32, 3)))
    with pytest.raises(ValueError, match="repeats must be at least 1, but got 0"):
        probe_costs(model, np.zeros((32, 32, 3)), repeats=0)
    with pytest.raises(TypeError, match="must be a functional network with one input"):
        probe_costs(kl.Conv2D(1, 1), np.zeros((32, 32, 3)))


def test_receptive_field_through_depth_to_space():
    # One pixel is in one block; its scores see 3 pixels at half the resolution, and those 3 * 2 of the image.
    image = keras.Input((16, 16, 1))
    halved = keras.layers.Conv2D(4, 2, strides=2)(image)
    scores = keras.layers.Conv2D(4, 3, padding="same")(halved)
    model = keras.Model(image, DepthToSpace2D()([scores, image]))
    costs = probe_costs(model, np.zeros((16, 16, 1)), repeats=1)
    assert costs.layers[-1].receptive_field == 6
    assert costs.layers[-1].multiplications == 0
