"""What a network says, against the full probabilities."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from segnet_nb import datasets, probes
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.prediction import predict, predict_probabilities
from segnet_nb.networks.model import segnet_basic
from tests import oracles_scores


@pytest.fixture(scope="module")
def data():
    return datasets.load("synthetic", "val", image_size=(37, 50), count=3)


@pytest.fixture(scope="module")
def model():
    return segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)


@pytest.fixture(scope="module")
def predictions(model, data):
    return probes.probe_predictions(model, data, batch_size=2)


def test_the_three_likeliest_classes_in_their_order(predictions, model, data):
    full = predict_probabilities(model, data.images)
    rng = np.random.default_rng(0)
    for image, y, x in zip(
        rng.integers(0, 3, 60), rng.integers(0, 37, 60), rng.integers(0, 50, 60), strict=True
    ):
        ranked = sorted(range(11), key=lambda c: (-full[image, y, x, c], c))[:3]
        assert predictions.top_classes[image, y, x].tolist() == ranked
        np.testing.assert_allclose(
            predictions.top_probabilities[image, y, x], full[image, y, x, ranked], atol=5e-4
        )


def test_the_first_of_them_is_the_prediction(predictions, model, data):
    np.testing.assert_array_equal(predictions.predicted_labels, predict(model, data.images))


def test_matrices_and_scores_of_each_image(predictions, data):
    for i in range(3):
        expected = np.array(oracles_scores.confusion(data.labels[i], predictions.predicted_labels[i], 11, 11))
        np.testing.assert_array_equal(predictions.matrices[i], expected)
        ious = [
            expected[c, c] / (expected[c].sum() + expected[:, c].sum() - expected[c, c])
            for c in range(11)
            if expected[c].sum()
        ]
        assert predictions.mean_ious[i] == pytest.approx(np.mean(ious))


def test_it_is_frozen(predictions):
    with pytest.raises(dataclasses.FrozenInstanceError):
        predictions.names = ()
    with pytest.raises(ValueError, match="read-only"):
        predictions.top_classes[0] = 0
    assert repr(predictions) == "Predictions(3 images, 37x50, 11 classes)"


def test_two_classes_have_two_top_classes():
    classes = ClassList(("cell", "ground"), ((0, 0, 0), (9, 9, 9), (1, 1, 1)))
    two = datasets.Dataset(
        np.zeros((1, 16, 16, 3), np.uint8), np.zeros((1, 16, 16), np.uint8), classes, ("a",)
    )
    found = probes.probe_predictions(segnet_basic((None, None, 3), 2, filters=4, kernel_size=3), two)
    assert found.top_classes.shape == (1, 16, 16, 2)
    np.testing.assert_allclose(found.top_probabilities.sum(-1), 1, atol=1e-3)


class TestErrors:
    def test_a_network_of_other_classes(self, data):
        other = segnet_basic((None, None, 3), 5, filters=4, kernel_size=3)
        with pytest.raises(
            ValueError, match=r"has 5 output classes, but the data has 11: Sky, .* Pass a network"
        ):
            probes.probe_predictions(other, data)

    def test_mismatched_images(self, data):
        fixed = segnet_basic((64, 64, 3), 11, filters=4, kernel_size=3)
        with pytest.raises(ValueError, match=r"takes images of shape \(None, 64, 64, 3\).*Resize the images"):
            probes.probe_predictions(fixed, data)

    def test_no_image(self, model, data):
        none = dataclasses.replace(data, images=data.images[:0], labels=data.labels[:0], names=())
        with pytest.raises(ValueError, match="contains no images"):
            probes.probe_predictions(model, none)

    def test_mismatched_parts(self, predictions):
        with pytest.raises(ValueError, match="top_classes and top_probabilities must have shape"):
            dataclasses.replace(predictions, top_classes=predictions.top_classes[..., :2])
        with pytest.raises(ValueError, match="with one name each"):
            dataclasses.replace(predictions, names=("a",))
