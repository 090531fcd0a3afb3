"""Prediction: any number of images, softmax or logits alike, and files that load by themselves."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from segnet_nb.inference.prediction import load_model, predict, predict_probabilities
from segnet_nb.inference.uncertainty import predict_with_uncertainty
from segnet_nb.networks.model import segnet_basic
from tests.cases import arrays
from tests.training_helpers import tiny_network


def random_images(count, height=16, width=24, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def twins():
    """The same weights, once ending in softmax and once in logits."""
    keras.utils.set_random_seed(0)
    with_softmax, with_logits = tiny_network(output="softmax"), tiny_network(output="logits")
    with_logits.set_weights(with_softmax.get_weights())
    return with_softmax, with_logits


def reference(model, images):
    """Probabilities, written out."""
    scores = np.exp(arrays(model(images.astype("float32"))).astype("float64"))
    return scores / scores.sum(-1, keepdims=True)


class TestProbabilities:
    def test_softmax_and_logits_end_alike(self, twins):
        images = random_images(3)
        expected = reference(twins[1], images)
        for model in twins:
            result = predict_probabilities(model, images)
            assert (result.shape, result.dtype) == ((3, 16, 24, 11), np.float32)
            np.testing.assert_allclose(result, expected, atol=1e-5)
            np.testing.assert_allclose(result.sum(-1), 1, atol=1e-5)

    @pytest.mark.parametrize("batch_size", [1, 2, 5, 64])
    def test_batches_make_no_difference(self, twins, batch_size):
        images = random_images(5)
        expected = reference(twins[1], images)
        for model in twins:
            result = predict_probabilities(model, images, batch_size=batch_size)
            np.testing.assert_allclose(result, expected, atol=1e-5)

    def test_loaded_networks_are_told_apart_too(self, twins, tmp_path):
        images = random_images(1)
        expected = reference(twins[1], images)
        for name, model in zip(("softmax", "logits"), twins, strict=True):
            model.save(tmp_path / f"{name}.keras")
            result = predict_probabilities(load_model(tmp_path / f"{name}.keras"), images)
            np.testing.assert_allclose(result, expected, atol=1e-5)


class TestLabels:
    def test_are_the_most_probable_class(self, twins):
        images = random_images(5, 17, 21)
        expected = reference(twins[1], images).argmax(-1)
        assert len(np.unique(expected)) > 2
        for model in twins:
            labels = predict(model, images, batch_size=2)
            assert (labels.shape, labels.dtype) == ((5, 17, 21), np.uint8)
            np.testing.assert_array_equal(labels, expected)

    def test_one_image_without_a_batch_is_a_batch_of_one(self, twins):
        images = random_images(1)
        np.testing.assert_array_equal(predict(twins[0], images[0]), predict(twins[0], images))
        assert predict_probabilities(twins[0], images[0]).shape == (1, 16, 24, 11)

    def test_floats_and_lists_of_images_are_taken(self, twins):
        images = random_images(2)
        expected = predict(twins[0], images)
        np.testing.assert_array_equal(predict(twins[0], images.astype("float64")), expected)
        np.testing.assert_array_equal(predict(twins[0], list(images)), expected)


class TestRefusals:
    @pytest.mark.parametrize("call", [predict, predict_probabilities])
    @pytest.mark.parametrize("shape", [(2, 16, 24), (24, 24, 4), (1, 1, 16, 24, 3), (16,)])
    def test_images_of_another_shape(self, twins, call, shape):
        with pytest.raises(ValueError, match=r"takes images of shape \(None, None, None, 3\).*None: any"):
            call(twins[0], np.zeros(shape, np.uint8))

    def test_images_of_another_size_than_the_network_was_built_for(self):
        model = tiny_network(input_size=(16, 24, 3))
        assert predict(model, random_images(1)).shape == (1, 16, 24)
        with pytest.raises(ValueError, match=r"\(None, 16, 24, 3\).*but got \(1, 24, 16, 3\)\. Resize"):
            predict(model, random_images(1, 24, 16))

    @pytest.mark.parametrize("call", [predict, predict_probabilities])
    def test_no_images(self, twins, call):
        with pytest.raises(ValueError, match="at least one image"):
            call(twins[0], np.zeros((0, 16, 24, 3), np.uint8))

    def test_batch_of_none(self, twins):
        with pytest.raises(ValueError, match="batch_size must be at least 1, but got 0"):
            predict(twins[0], random_images(1), batch_size=0)

    def test_more_classes_than_a_byte_can_name(self):
        model = tiny_network(num_classes=257)
        assert predict_probabilities(model, random_images(1)).shape == (1, 16, 24, 257)
        with pytest.raises(ValueError, match="257 classes do not fit into uint8"):
            predict(model, random_images(1))

    def test_file_that_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no network at .*missing\.keras\. Pass the path of a"):
            load_model(tmp_path / "missing.keras")


class TestAveraging:
    @pytest.mark.parametrize("which", [0, 1])
    def test_with_the_mirror_image(self, twins, which):
        images = random_images(3)
        mirrored = reference(twins[1], images[:, :, ::-1])[:, :, ::-1]
        expected = (reference(twins[1], images) + mirrored) / 2
        found = predict_probabilities(twins[which], images, flip=True, batch_size=2)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        np.testing.assert_array_equal(predict(twins[which], images, flip=True), found.argmax(-1))

    def test_a_mirror_image_gets_the_mirrored_answer(self, twins):
        images = random_images(1)
        there = predict_probabilities(twins[0], images, flip=True)
        back = predict_probabilities(twins[0], images[:, :, ::-1], flip=True)
        np.testing.assert_allclose(back[:, :, ::-1], there, atol=1e-6)

    def test_over_sizes(self, twins):
        images = random_images(2)
        parts = [predict_probabilities(twins[0], images, scales=(scale,)) for scale in (1, 0.75, 2)]
        assert {part.shape for part in parts} == {(2, 16, 24, 11)}
        assert not np.allclose(parts[0], parts[2], atol=1e-3)
        found = predict_probabilities(twins[0], images, scales=(1, 0.75, 2))
        np.testing.assert_allclose(found, np.mean(parts, axis=0), atol=1e-6)
        np.testing.assert_allclose(found.sum(-1), 1, atol=1e-5)

    def test_another_size_is_what_the_network_sees(self, twins):
        """A plain picture stays plain at any size; far from the rim the answer is that of the larger one."""
        plain = np.full((1, 48, 64, 3), 90, np.uint8)
        found = predict_probabilities(twins[0], plain, scales=(2,))
        large = reference(twins[1], np.full((1, 96, 128, 3), 90, np.uint8))
        middle = np.broadcast_to(large[0, 40:56, 50:80].mean((0, 1)), (16, 24, 11))
        np.testing.assert_allclose(found[0, 16:32, 20:44], middle, atol=1e-3)

    @pytest.mark.parametrize("scales", [(), (0.05,), (1, 5)])
    @pytest.mark.parametrize("call", [predict, predict_probabilities])
    def test_impossible_scales(self, twins, call, scales):
        with pytest.raises(ValueError, match=r"scales must be one or more numbers in 0.1..4"):
            call(twins[0], random_images(1), scales=scales)

    def test_a_network_of_one_size(self):
        model = tiny_network(input_size=(16, 24, 3))
        with pytest.raises(ValueError, match=r"accepts images of \(16, 24\) only"):
            predict(model, random_images(1), scales=(1, 2))
        assert predict(model, random_images(1), flip=True).shape == (1, 16, 24)


@pytest.fixture(scope="module")
def network():
    return segnet_basic((None, None, 3), 3, filters=4, kernel_size=3, dropout=0.5)


class TestRange:
    """Pixels that are not RGB in 0..255 give a wrong mask; the error names the range that came."""

    images = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3)).astype(np.uint8)

    @pytest.mark.parametrize(
        ("convert", "message"),
        [
            (lambda x: x / 255, r"values are in 0\.\.1, as if scaled to 0\.\.1\. Multiply by 255"),
            (lambda x: (x / 255).astype("float16"), r"as if scaled to 0\.\.1"),
            (
                lambda x: x / 127.5 - 1,
                r"values are in -\d.*, as if scaled to -1\.\.1\. Add 1, and multiply by 127\.5",
            ),
            (lambda x: (x - 120.0) / 58, r"as if scaled|values are in -2\.069\.\.2\.328\. Undo"),
            (lambda x: x - 128.0, r"values are in -128\.\.127\. Undo their normalisation"),
            (lambda x: x.astype(np.uint16) * 257, r"values are in \d+\.\.6\.5\d*e\+04"),
            (lambda x: x.astype(np.int32) - 128, r"values are in -128"),
            (lambda x: x > 99, "images must be numbers in 0..255, but got bool"),
            (lambda x: np.where(x == x[0, 0, 0, 0], np.nan, x), "some pixels are NaN or infinite"),
            (lambda x: np.where(x == x[0, 0, 0, 0], np.inf, x), "some pixels are NaN or infinite"),
            (lambda x: np.where(x == x[0, 0, 0, 0], np.nan, x / 255), "some pixels are NaN or infinite"),
        ],
    )
    @pytest.mark.parametrize("function", [predict, predict_probabilities, predict_with_uncertainty])
    def test_other_ranges(self, network, convert, message, function):
        with pytest.raises(ValueError, match=message):
            function(network, convert(self.images))

    @pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "int64", "uint16"])
    def test_0_to_255_of_any_type(self, network, dtype):
        np.testing.assert_array_equal(
            predict(network, self.images.astype(dtype)), predict(network, self.images)
        )

    def test_black_images_and_overshoot_of_interpolation(self, network):
        assert predict(network, np.zeros((1, 16, 24, 3), "float32")).shape == (1, 16, 24)
        assert predict(network, self.images + np.float32(0.4)).shape == (2, 16, 24)
