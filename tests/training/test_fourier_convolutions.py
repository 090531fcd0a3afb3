"""Convolutions as products of spectra: against direct sums in float64, and by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb import model as networks
from segnet_nb.training.speed.fourier_matrices import Axis, matrices

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own")
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    from segnet_nb.training.speed import applied, fourier_convolutions as fourier, replaced


def direct(image, kernel, upstream):
    """Output and gradients in float64, shifted product by shifted product."""
    image, kernel, upstream = (np.asarray(each, "float64") for each in (image, kernel, upstream))
    rows, columns = kernel.shape[:2]
    height, width = image.shape[1:3]
    border = ((0, 0), (rows // 2, rows // 2), (columns // 2, columns // 2), (0, 0))
    padded = np.pad(image, border)
    output, by_padded, by_kernel = np.zeros(upstream.shape), np.zeros(padded.shape), np.zeros(kernel.shape)
    for i in range(rows):
        for j in range(columns):
            shifted = np.s_[:, i : i + height, j : j + width]
            output += padded[shifted] @ kernel[i, j]
            by_padded[shifted] += upstream @ kernel[i, j].T
            by_kernel[i, j] = np.einsum("nhwi,nhwo->io", padded[shifted], upstream)
    inside = np.s_[:, rows // 2 : rows // 2 + height, columns // 2 : columns // 2 + width]
    return output, by_padded[inside], by_kernel


def ours(image, kernel, upstream, tiles):
    axes = [
        Axis(size, length, count)
        for size, length, count in zip(kernel.shape[:2], image.shape[1:3], tiles, strict=True)
    ]
    image, kernel = tf.constant(image, "float32"), tf.constant(kernel, "float32")
    with tf.GradientTape() as tape:
        tape.watch([image, kernel])
        output = fourier.convolve(image, kernel, *axes)
    return output, *tape.gradient(output, [image, kernel], tf.constant(upstream, "float32"))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(5, 5), (7, 7), (5, 7), (7, 5), (9, 5)]),
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)),
    st.integers(0, 99),
)
def test_output_and_gradients_are_those_of_direct_sums(sides, size, tiles, counts, seed):
    batch, ins, outs = counts
    random = np.random.default_rng(seed)
    image = random.normal(size=(batch, *size, ins))
    kernel = random.normal(size=(*sides, ins, outs))
    upstream = random.normal(size=(batch, *size, outs))
    expected = direct(image, kernel, upstream)
    for one, other in zip(expected, ours(image, kernel, upstream, tiles), strict=True):
        assert one.shape == other.shape
        # Rounding is relative to the largest values of a tile, not to each value.
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * (1 + np.abs(one).max()))


def test_it_is_as_exact_as_tensorflows_own():
    """At the size of SegNet-Basic's last layer: errors against float64 of at most three times its own."""
    random = np.random.default_rng(0)
    image = np.maximum(random.normal(size=(1, 48, 60, 64)), 0).astype("float32")
    kernel = (random.normal(size=(7, 7, 64, 64)) / 40).astype("float32")
    upstream = random.normal(size=(1, 48, 60, 64)).astype("float32")
    expected = direct(image, kernel, upstream)
    x, w = tf.constant(image), tf.constant(kernel)
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        output = tf.nn.conv2d(x, w, 1, "SAME")
    theirs = [output, *tape.gradient(output, [x, w], tf.constant(upstream))]
    for exact, one, other in zip(expected, theirs, ours(image, kernel, upstream, (2, 3)), strict=True):
        plain, found = (float(np.sqrt(np.mean((exact - each) ** 2))) for each in (one, other))
        assert found < 3 * plain + 1e-6 * np.abs(exact).max()


def test_by_hand_on_one_pixel():
    # One pixel of value 2: only the centre of the kernel touches it, 2 * 12 = 24. With a gradient of 3 from
    # above the centre's is 2 * 3 = 6, and the pixel's own 3 times the centre's weight: 3 * 12.
    kernel = np.arange(25.0).reshape(5, 5, 1, 1)
    output, by_image, by_kernel = ours(np.full((1, 1, 1, 1), 2.0), kernel, np.full((1, 1, 1, 1), 3.0), (1, 1))
    expected = np.zeros((5, 5))
    expected[2, 2] = 6
    np.testing.assert_allclose(output, [[[[24]]]], rtol=1e-5)
    np.testing.assert_allclose(by_image, [[[[36]]]], rtol=1e-5)
    np.testing.assert_allclose(np.reshape(by_kernel, (5, 5)), expected, atol=1e-5)


@pytest.mark.parametrize("window", [8, 9])
def test_the_transform_is_numpys(window):
    """Real and imaginary part and their sum, of even and odd lengths."""
    axis = Axis(kernel=5, length=window - 4 - 2, tiles=1)
    assert axis.window == window
    tile = np.random.default_rng(0).normal(size=(window, window))
    down, across = matrices(axis, axis).input
    half = window // 2 + 1
    found = (across @ (down @ tile).reshape(half, 2 * window, 1)).reshape(half, window, 3)
    expected = np.fft.rfft2(tile.T).T
    np.testing.assert_allclose(found[..., 0], expected.real, atol=1e-5)
    np.testing.assert_allclose(found[..., 1], expected.imag, atol=1e-5)
    np.testing.assert_allclose(found[..., 2], expected.real + expected.imag, atol=1e-5)


def changed(model):
    return {each.name for each in model.layers if vars(each).get("convolution_op") is fourier._convolution}


def test_a_network_keeps_its_answers_its_configuration_and_its_gradients():
    model = networks.build_network("basic16", (None, None, 3), 4)
    images = tf.constant(np.random.default_rng(0).uniform(0, 255, (2, 90, 120, 3)), "float32")

    def answers():
        with tf.GradientTape() as tape:
            output = model(images, training=False)
            loss = tf.reduce_mean(output**2)
        return [output, *tape.gradient(loss, [each.value for each in model.trainable_variables])]

    before, config = answers(), model.get_config()
    with replaced(fourier.replacements(model)):
        # The first has three channels, the classifier a kernel of one pixel.
        assert len(changed(model)) == 7
        after = answers()
        assert any((one.numpy() != other.numpy()).any() for one, other in zip(before, after, strict=True))
        for expected, found in zip(before, after, strict=True):
            np.testing.assert_allclose(expected, found, rtol=1e-3, atol=1e-4 * np.abs(expected).max() + 1e-7)
        assert model.get_config() == config
    assert not changed(model)


def test_training_uses_them_unless_told_otherwise():
    from tests.training_helpers import tiny_config

    model = networks.build_network("basic16", (None, None, 3), 11)
    with applied(model, tiny_config()):
        assert len(changed(model)) == 7
    with applied(model, tiny_config(), ["fused_normalization"]):
        assert not changed(model)


def test_deterministic_steps_are_equal_bit_for_bit():
    from tensorflow.python.framework import config

    images = np.random.default_rng(0).uniform(0, 255, (2, 90, 120, 3)).astype("float32")
    labels = np.random.default_rng(1).integers(0, 4, (2, 90, 120))

    def trained():
        keras.utils.set_random_seed(0)
        model = networks.build_network("basic16", (None, None, 3), 4, output="logits")
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
        with replaced(fourier.replacements(model)):
            losses = [float(model.train_on_batch(images, labels)) for _ in range(3)]
        return [losses, *model.get_weights()]

    tf.config.experimental.enable_op_determinism()
    try:
        for one, other in zip(trained(), trained(), strict=True):
            np.testing.assert_array_equal(one, other)
    finally:
        config.disable_op_determinism()


@pytest.mark.parametrize(
    ("shape", "tiles"),
    [
        # 180 + 3 rows of at most 25 are 8 tiles, 240 + 3 columns 10.
        ((4, 180, 240, 64), (8, 10)),
        ((None, 180, 240, 64), (8, 10)),
        ((4, 23, 30, 64), None),  # 2 * 2 tiles for each of four images: too few
        ((4, None, 240, 64), None),
        ((4, 180, None, 64), None),
    ],
)
def test_tiles(shape, tiles):
    found = fourier.tiling(shape, (7, 7, 64, 64))
    assert (found and tuple(axis.tiles for axis in found)) == tiles


def test_a_batch_whose_size_is_unknown():
    random = np.random.default_rng(0)
    kernel = tf.constant(random.normal(size=(7, 7, 16, 16)), "float32")

    @tf.function(input_signature=[tf.TensorSpec((None, 100, 130, 16))])
    def convolved(x):
        return fourier._convolution(x, kernel)

    image = tf.constant(random.normal(size=(2, 100, 130, 16)), "float32")
    expected = tf.nn.conv2d(image, kernel, 1, "SAME")
    found = convolved(image)
    assert (found.numpy() != expected.numpy()).any()
    np.testing.assert_allclose(expected, found, atol=1e-3)


def test_other_layers_are_left_alone():
    model = keras.Sequential(
        [
            keras.Input((40, 40, 16)),
            keras.layers.Conv2D(16, 7, strides=2, padding="same"),
            keras.layers.Conv2D(16, 7, padding="valid"),
            keras.layers.Conv2D(16, 6, padding="same"),
            keras.layers.Conv2D(16, 3, padding="same"),
            keras.layers.Conv2D(16, 7, padding="same", groups=2),
            keras.layers.Conv2D(16, 7, padding="same", dilation_rate=2),
            keras.layers.Conv2D(16, 7, padding="same", dtype="mixed_bfloat16"),
            keras.layers.Conv2D(8, 7, padding="same"),
        ]
    )
    assert fourier.replacements(model) == []
