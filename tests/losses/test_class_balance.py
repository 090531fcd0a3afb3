"""Class weights against loops, hand arithmetic and the real CamVid labels."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb import losses
from segnet_nb.losses import class_weights as class_balance
from tests import oracles_scores as oracles
from tests.oracles_scores import VOID, loss_case as case

few = settings(max_examples=15, deadline=None)


def test_median_frequency_by_hand():
    # Image 1: class 0 has 8, class 1 has 4, void 4 of 16 pixels. Image 2: class 0 has all 16.
    # freq(0) = 24 / 32 = 0.75, freq(1) = 4 / 16 = 0.25, class 2 never occurs.
    # Median 0.5: weights 0.5 / 0.75 = 2/3, 0.5 / 0.25 = 2, and 0.
    first = np.array([[0] * 4, [0] * 4, [1] * 4, [VOID] * 4])
    labels = np.stack([first, np.zeros((4, 4), int)])
    weights = losses.median_frequency_weights(labels, 3, VOID)
    np.testing.assert_allclose(weights, [2 / 3, 2, 0])
    np.testing.assert_allclose(losses.class_frequencies(labels, 3, VOID), [0.75, 0.25, 0])


@few
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_median_frequency_matches_loops(seed, classes):
    labels, _ = case(seed, batch=3, classes=classes, void_share=0.5)
    expected = oracles.class_weights(labels, classes + 1, VOID)
    weights = class_balance.median_frequency_weights(labels, classes + 1, VOID)
    np.testing.assert_allclose(weights, expected)
    generated = class_balance.median_frequency_weights(iter(labels), classes + 1, VOID)
    np.testing.assert_array_equal(generated, weights)


def test_weights_of_labels_that_are_all_void():
    assert losses.median_frequency_weights(np.full((2, 2), VOID), 3, VOID).tolist() == [0, 0, 0]


def test_invalid_labels_raise():
    with pytest.raises(ValueError, match=r"ids \[200\]"):
        losses.median_frequency_weights(np.array([[0, 200]]))
    with pytest.raises(ValueError, match="integer class ids"):
        losses.median_frequency_weights(np.zeros((2, 2)))


def test_published_weights_fit_the_loss():
    assert len(losses.PUBLISHED_CLASS_WEIGHTS) == 11
    losses.CategoricalCrossEntropy(class_weights=losses.PUBLISHED_CLASS_WEIGHTS)


@pytest.mark.camvid
def test_weights_of_the_camvid_training_images():
    from PIL import Image

    root = os.environ.get("SEGNET_NB_CAMVID")
    files = sorted((Path(root) / "trainannot").glob("*.png")) if root else []
    if not files:
        pytest.skip("set SEGNET_NB_CAMVID to a folder with CamVid's trainannot/")
    assert len(files) == 367

    def read():
        for path in files:
            with Image.open(path) as image:
                yield np.asarray(image)

    expected = [0.2793, 0.2017, 4.7865, 0.149, 1.0, 0.4217]
    expected += [3.8467, 1.9736, 0.7889, 6.3747, 8.8587]
    np.testing.assert_allclose(losses.median_frequency_weights(read()), expected, atol=5.1e-5)


class TestInverseLogWeights:
    def test_by_hand(self):
        """Shares 6/8 and 2/8 of the labelled pixels; two void pixels count for nothing."""
        labels = np.array([[0, 0, 0, 0, 0], [0, 1, 1, 11, 11]])
        first, second = 1 / np.log(1.10 + 0.75), 1 / np.log(1.10 + 0.25)
        mean = 0.75 * first + 0.25 * second
        np.testing.assert_allclose(
            losses.inverse_log_weights(labels, 3, 11), np.array([first, second, 1 / np.log(1.10)]) / mean
        )

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(st.integers(0, 10**6), st.integers(2, 11))
    def test_mean_over_labelled_pixels_is_one_and_rarer_weighs_more(self, seed, num_classes):
        rng = np.random.default_rng(seed)
        shares = rng.dirichlet(np.ones(num_classes))
        labels = rng.choice(num_classes, (3, 8, 9), p=shares)
        weights = losses.inverse_log_weights(labels, num_classes, None)
        assert weights[labels].mean() == pytest.approx(1)
        counts = np.bincount(labels.ravel(), minlength=num_classes)
        order = np.argsort(counts)
        assert (np.diff(weights[order]) <= 1e-12).all()

    def test_one_image_or_many_or_a_generator(self):
        labels = np.random.default_rng(0).integers(0, 12, (4, 6, 7))
        whole = losses.inverse_log_weights(labels)
        np.testing.assert_array_equal(losses.inverse_log_weights(each for each in labels), whole)

    def test_nothing_labelled(self):
        assert losses.inverse_log_weights(np.full((2, 3), 11)).tolist() == [1.0] * 11
