"""The decoders: published parameters, what each reads of the encoder, and each against loops in NumPy."""

from __future__ import annotations

from functools import cache

import keras
import numpy as np
import pytest
from keras import layers as kl

from segnet_nb.networks.catalogue import networks_with_decoders
from segnet_nb.networks.decoders import DECODERS, decode
from segnet_nb.networks.encoder_decoder import EncoderStage
from segnet_nb.networks.layers import CropLike, MaxUnpooling2D
from segnet_nb.networks.model import build_network, segnet_basic
from segnet_nb.networks.upsampling import BilinearKernel, BilinearUpsampling2D
from tests.cases import arrays

ANY = (None, None, 3)
# Kernels alone, by hand. Encoder: 49 * 3 * 64 + 3 * 49 * 64 * 64 = 611,520. Classifier: 64 * 11 = 704.
ENCODER, CLASSIFIER, WIDE = 611_520, 704, 4 * 49 * 64 * 64
KERNELS = {
    "bilinear": ENCODER + CLASSIFIER,
    "segnet": ENCODER + WIDE + CLASSIFIER,  # 1,415,040
    "encoder_addition": ENCODER + WIDE + CLASSIFIER,
    "single_channel": ENCODER + 4 * 49 * 64 + CLASSIFIER,
    "fcn": ENCODER + CLASSIFIER + 4 * 64 * 11 * 11 + 4 * CLASSIFIER,
    "fcn_no_addition": ENCODER + CLASSIFIER + 4 * 64 * 11 * 11,
    "fcn_no_reduction": ENCODER + 4 * 64 * 64 * 64 + CLASSIFIER,
    "fcn_no_addition_no_reduction": ENCODER + 4 * 64 * 64 * 64 + CLASSIFIER,
    "transposed": ENCODER + WIDE + CLASSIFIER + 4 * 4 * 64 * 64,
    "nearest": ENCODER + WIDE + CLASSIFIER,
    "concatenation": ENCODER + 2 * WIDE + CLASSIFIER,
}


@cache
def slim(name, output="logits"):
    keras.utils.set_random_seed(3)
    return segnet_basic(ANY, 5, filters=4, kernel_size=3, decoder=name, output=output)


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (*shape, 3)).astype("float32")


@pytest.mark.parametrize("name", DECODERS)
def test_kernels_are_as_many_as_counted_by_hand_and_as_published(name):
    model = segnet_basic(ANY, 11, decoder=name)
    count = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights if len(weight.shape) == 4)
    assert count == KERNELS[name]
    if (published := DECODERS[name].parameters) is not None:
        # The paper rounds, and does not say what it counts: 1,415,040 stands there as 1.425 million.
        assert count / 1e6 == pytest.approx(published, rel=0.025)


def test_the_eight_of_the_paper_and_three_more():
    published = [name for name, decoder in DECODERS.items() if decoder.published]
    assert len(published) == 8 and len(DECODERS) == 11
    for decoder in DECODERS.values():
        assert decoder.line and (decoder.published is None) == (decoder.parameters is None)


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("size", [(16, 16), (45, 33), (23, 64)])
def test_any_size_comes_back(name, size):
    assert slim(name)(images(2, *size)).shape == (2, *size, 5)


@pytest.mark.parametrize("name", DECODERS)
def test_saved_and_loaded_it_is_the_same(name, tmp_path):
    model, batch = slim(name), images(1, 21, 18)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(arrays(again(batch)), arrays(model(batch)))


# One of each family at once, the others in the slow run.
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in ("bilinear", "fcn", "encoder_addition") else pytest.mark.slow)
        for name in DECODERS
    ],
)
def test_every_weight_learns(name):
    keras.utils.set_random_seed(4)
    model = segnet_basic(ANY, 3, filters=4, kernel_size=3, decoder=name, output="logits")
    before = model.get_weights()
    # A step so large that rounding hides none.
    model.compile(
        keras.optimizers.SGD(10.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.train_on_batch(images(2, 32, 32), np.random.default_rng(1).integers(0, 3, (2, 32, 32)))
    for old, new, weight in zip(before, model.get_weights(), model.weights, strict=True):
        # Added to every pixel before a batch normalisation, a bias would change nothing; there is none.
        assert np.abs(old - new).max() > 0, weight.path


@cache
def decoder_alone(name):
    """A decoder of two stages, fed by hand: bottleneck 3 x 4, stages of 5 x 8 and 10 x 15."""
    keras.utils.set_random_seed(5)
    x = keras.Input((3, 4, 4))
    stages, inputs = [], [x]
    for number, (height, width) in enumerate(((10, 15), (5, 8)), start=1):
        indices = keras.Input(((height + 1) // 2, (width + 1) // 2, 4), dtype="uint8")
        before = keras.Input((height, width, 4))
        stages.append(EncoderStage(number, indices, before))
        inputs += [indices, before]
    out = decode(name, x, stages, num_classes=3, filters=4, kernel_size=3)
    model = keras.Model(inputs, out)
    random = np.random.default_rng(8)
    # Away from how they start: means that are not 0, and biases.
    model.set_weights([value + random.uniform(0.05, 0.3, value.shape) for value in model.get_weights()])
    return model


def handed_over(seed=0):
    random = np.random.default_rng(seed)
    parts = [random.normal(size=(2, 3, 4, 4)).astype("float32")]
    for height, width in ((10, 15), (5, 8)):
        parts.append(random.integers(0, 4, (2, (height + 1) // 2, (width + 1) // 2, 4)).astype("uint8"))
        parts.append(random.normal(size=(2, height, width, 4)).astype("float32"))
    return parts


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_reads_what_it_is_said_to_keep_and_nothing_else(name):
    model, given, other = decoder_alone(name), handed_over(), handed_over(seed=1)
    known = arrays(model(given))
    reads = {}
    for position, what in enumerate(("bottleneck", "indices", "maps", "indices", "maps")):
        changed = [*given[:position], other[position], *given[position + 1 :]]
        differs = not np.array_equal(arrays(model(changed)), known)
        assert reads.setdefault(what, differs) == differs, "all stages alike"
    assert reads.pop("bottleneck")
    keeps = DECODERS[name].keeps
    assert reads == {"indices": "indices" in keeps, "maps": "maps" in keeps}


# --- each decoder again, in NumPy ------------------------------------------------------------------------


def convolved(x, kernel, bias=0.0):
    side = kernel.shape[0]
    pad = side // 2
    padded = np.pad(x, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    out = np.zeros((*x.shape[:3], kernel.shape[3]))
    for dy in range(side):
        for dx in range(side):
            out += padded[:, dy : dy + x.shape[1], dx : dx + x.shape[2]] @ kernel[dy, dx]
    return out + bias


def spread(x, kernel, size):
    """Each value times the kernel, laid down at twice its place; rows of the kernel beyond are cut."""
    side = kernel.shape[0]
    out = np.zeros((x.shape[0], 2 * x.shape[1] + side, 2 * x.shape[2] + side, kernel.shape[2]))
    for y in range(x.shape[1]):
        for column in range(x.shape[2]):
            block = np.einsum("bi,yxoi->byxo", x[:, y, column], kernel)
            out[:, 2 * y : 2 * y + side, 2 * column : 2 * column + side] += block
    start = (side - 2) // 2
    return out[:, start : start + size[0], start : start + size[1]]


def unpooled(x, indices, size):
    out = np.zeros((x.shape[0], 2 * x.shape[1], 2 * x.shape[2], x.shape[3]))
    for place in np.ndindex(*x.shape):
        batch, y, column, channel = place
        dy, dx = divmod(int(indices[place]), 2)
        out[batch, 2 * y + dy, 2 * column + dx, channel] = x[place]
    return out[:, : size[0], : size[1]]


def doubled_smoothly(x, size):
    """Bilinear: an output's centre lies a quarter of an input's width from the nearest input's centre."""
    out = np.zeros((x.shape[0], *size, x.shape[3]))
    for y in range(size[0]):
        for column in range(size[1]):
            for row, a in around(y, x.shape[1]):
                for col, b in around(column, x.shape[2]):
                    out[:, y, column] += a * b * x[:, row, col]
    return out


def around(place, length):
    at = (place + 0.5) / 2 - 0.5
    low = int(np.floor(at))
    last = length - 1
    return (min(max(low, 0), last), 1 - (at - low)), (min(max(low + 1, 0), last), at - low)


def by_hand(name, model, given):
    weights = {weight.path: arrays(weight).astype("float64") for weight in model.weights}
    x, *rest = [part.astype("float64") if part.dtype != np.uint8 else part for part in given]

    def classify(x):
        return convolved(x, weights["classifier/kernel"], weights["classifier/bias"])

    def normalized(x, layer):
        gamma, beta, mean, variance = (
            weights[f"{layer}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta

    reduces = name in ("fcn", "fcn_no_addition")
    x = classify(x) if name == "bilinear" else x
    x = convolved(x, weights["reduce_bottleneck/kernel"]) if reduces else x
    for number in (2, 1):
        indices, before = rest[2 * number - 2], rest[2 * number - 1]
        size = before.shape[1:3]
        if name == "bilinear":
            x = doubled_smoothly(x, size)
            continue
        if name.startswith("fcn"):
            x = spread(x, weights[f"enlarge{number}/kernel"], size)
            if "no_addition" not in name:
                x = x + (convolved(before, weights[f"reduce{number}/kernel"]) if reduces else before)
            continue
        if name == "transposed":
            x = spread(x, weights[f"enlarge{number}/kernel"], size)
        elif name in ("nearest", "concatenation"):
            x = x.repeat(2, axis=1).repeat(2, axis=2)[:, : size[0], : size[1]]
        else:
            x = unpooled(x, indices, size)
        if name == "concatenation":
            x = np.concatenate([x, before], axis=-1)
        kernel = weights[f"decoder{number}_conv/kernel"]
        if name == "single_channel":
            kernel = kernel[..., 0][..., None] * np.eye(4)
        x = normalized(convolved(x, kernel), f"decoder{number}_norm")
        if name == "encoder_addition":
            x = x + before
    return x if name == "bilinear" or reduces else classify(x)


@pytest.mark.parametrize("name", DECODERS)
def test_each_computes_what_loops_in_numpy_do(name):
    model, given = decoder_alone(name), handed_over(seed=2)
    found, expected = arrays(model(given)), by_hand(name, model, given)
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


# --- parts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [4, 8])
def test_a_transposed_convolution_starts_as_bilinear_interpolation(side):
    layer = kl.Conv2DTranspose(
        2, side, strides=2, padding="same", use_bias=False, kernel_initializer=BilinearKernel()
    )
    x = np.random.default_rng(0).normal(size=(1, 6, 5, 2)).astype("float32")
    # At the rim interpolation repeats the last value, where the convolution sees zeros.
    inner = np.s_[:, 1:-1, 1:-1]
    expected = doubled_smoothly(x, (12, 10))[inner]
    np.testing.assert_allclose(arrays(layer(x))[inner], expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 3, 2, 2), (2, 2, 1, 1), (4, 6, 1, 1), (8, 8, 4)])
def test_a_bilinear_kernel_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"square with an even side of at least 4"):
        BilinearKernel()(shape)


def test_fcn_starts_as_interpolation_and_is_saved_with_its_start():
    layer = next(layer for layer in slim("fcn").layers if isinstance(layer, kl.Conv2DTranspose))
    assert layer.get_config()["kernel_initializer"]["class_name"] == "BilinearKernel"
    kernel = arrays(layer.kernel)
    assert kernel.shape == (8, 8, 5, 5)
    assert kernel[3, 3].diagonal().tolist() == [0.5625] * 5 and kernel[:2].sum() == 0


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 5, 2), (1, 1, 4, 3), (1, 7, 1, 1)])
def test_bilinear_upsampling_is_that_of_keras(shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    found = np.asarray(BilinearUpsampling2D()(x))
    expected = np.asarray(keras.layers.UpSampling2D(2, interpolation="bilinear")(x))
    assert found.shape == expected.shape == BilinearUpsampling2D().compute_output_shape(shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_bilinear_upsampling_by_hand():
    # Rows 0 and 8: a quarter of a pixel around each lie 0, 2, 6, 8, in both columns.
    x = np.array([[0, 0], [8, 8]], "float32").reshape(1, 2, 2, 1)
    found = np.asarray(BilinearUpsampling2D()(x))[0, :, :, 0]
    np.testing.assert_array_equal(found, np.repeat([[0], [2], [6], [8]], 4, axis=1))


@pytest.mark.parametrize(("size", "like"), [((6, 8), (5, 8)), ((6, 8), (6, 7)), ((4, 4), (4, 4))])
def test_crop_like(size, like):
    x = np.random.default_rng(0).normal(size=(1, *size, 2)).astype("float32")
    other = np.zeros((1, *like, 3), "float32")
    np.testing.assert_array_equal(arrays(CropLike()([x, other])), x[:, : like[0], : like[1]])
    symbolic = CropLike()([keras.Input((None, None, 2)), keras.Input((None, 7, 3))])
    assert symbolic.shape == (None, None, 7, 2)


def test_the_default_is_segnet_with_its_indices():
    model = segnet_basic(ANY, 11, filters=4, kernel_size=3)
    assert model.name == "segnet_basic"
    assert sum(isinstance(layer, MaxUnpooling2D) for layer in model.layers) == 4


def test_a_network_is_built_with_the_decoder_a_configuration_names():
    assert build_network("basic", ANY, 5, decoder="nearest").name == "basic_nearest"
    assert networks_with_decoders() == ("basic", "basic16")
    slim = build_network("basic16", ANY, 5, decoder="nearest")
    # 7 x 7 kernels from 3 maps and seven times from 16 to 16; the classifier and its bias; 8 normalisations.
    weights = 49 * 3 * 16 + 7 * 49 * 16 * 16 + 16 * 5 + 5 + 8 * 2 * 16
    assert sum(int(np.prod(each.shape)) for each in slim.trainable_weights) == weights
    with pytest.raises(
        ValueError, match=r"decoder='fcn' is for the networks basic and basic16, but got network='small'"
    ):
        build_network("small", ANY, 5, decoder="fcn")


def test_an_unknown_decoder():
    with pytest.raises(ValueError, match=r"no decoder is called 'unet'. Choose from: bilinear, segnet,"):
        segnet_basic(ANY, 11, decoder="unet")


# --- dropout ---------------------------------------------------------------------------------------------


def dropouts(model):
    return {layer.name: layer.rate for layer in model.layers if isinstance(layer, kl.Dropout)}


def test_bayesian_segnet_drops_where_it_was_published():
    # BAYES and the authors' files: after the poolings 3 and 4 and the decoders 4 and 3.
    places = {f"{part}_dropout" for part in ("pool3", "pool4", "decoder4", "decoder3")}
    model = segnet_basic(ANY, 11, filters=4, kernel_size=3, dropout=0.5)
    assert dropouts(model) == dict.fromkeys(places, 0.5)
    assert dropouts(slim("segnet")) == {}
    order = [layer.name for layer in model.layers]
    assert order.index("pool3_dropout") == order.index("pool3") + 1
    assert order.index("decoder4_dropout") == order.index("decoder4_norm") + 1


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_an_impossible_dropout(rate):
    with pytest.raises(ValueError, match=r"dropout must be in 0..1"):
        segnet_basic(ANY, 11, dropout=rate)
