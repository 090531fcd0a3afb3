"""Sampling with dropout: against samples drawn one by one, at its limits, and the same for the same seed."""

from __future__ import annotations

from functools import cache

import keras
import numpy as np
import pytest

from segnet_nb.inference.uncertainty import Uncertainty, predict_with_uncertainty
from segnet_nb.networks.model import segnet_basic
from tests.cases import arrays

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 19, 24, 3)).astype("uint8")


@cache
def network(dropout=0.5, output="softmax"):
    keras.utils.set_random_seed(1)
    model = segnet_basic((None, None, 3), 4, filters=6, kernel_size=3, dropout=dropout, output=output)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=output == "logits"))
    # Statistics of batch normalisation away from how they start.
    model.train_on_batch(IMAGES.astype("float32"), np.random.default_rng(1).integers(0, 4, (2, 19, 24)))
    return model


def test_of_a_step_by_step_calculation(monkeypatch):
    """Samples of 0.2 and 0.6 for the first of two classes, once each."""
    drawn = iter([0.2, 0.6])

    class Fixed:
        layers = (network().layers[-1],)

        def predict_on_batch(self, batch):
            p = next(drawn)
            return np.full((*batch.shape[:3], 2), [p, 1 - p])

    monkeypatch.setattr("segnet_nb.inference.uncertainty._sampler", lambda model: Fixed())
    found = predict_with_uncertainty(network(), IMAGES[:1], samples=2, batch_size=1)
    # mean 0.4; variance ((0.2 - 0.4)^2 + (0.6 - 0.4)^2) / 2 = 0.04 for both classes
    assert found.mean[0, 0, 0].tolist() == pytest.approx([0.4, 0.6])
    assert found.variance[0, 0, 0] == pytest.approx(0.04)
    # entropy of (0.4, 0.6) is 0.6730; of (0.2, 0.8) 0.5004 and of (0.6, 0.4) 0.6730, on average 0.5867
    assert found.entropy[0, 0, 0] == pytest.approx(0.6730, abs=1e-4)
    assert found.mutual_information[0, 0, 0] == pytest.approx(0.6730 - 0.5867, abs=1e-4)
    assert found.labels[0, 0, 0] == 1 and found.labels.dtype == np.uint8


@pytest.mark.parametrize("output", ["softmax", "logits"])
def test_ranges_and_shapes(output):
    found = predict_with_uncertainty(network(output=output), IMAGES, samples=7, batch_size=3)
    assert isinstance(found, Uncertainty) and found.samples == 7
    assert found.mean.shape == (2, 19, 24, 4)
    np.testing.assert_allclose(found.mean.sum(-1), 1, atol=1e-5)
    assert {part.dtype for part in (found.mean, found.variance, found.entropy)} == {np.dtype("float32")}
    assert found.variance.shape == found.entropy.shape == found.mutual_information.shape == (2, 19, 24)
    assert 0 < found.variance.max() <= 0.25
    assert found.mutual_information.min() >= 0
    assert (found.mutual_information <= found.entropy + 1e-6).all()
    assert found.entropy.max() <= np.log(4) + 1e-6


def test_the_mean_of_many_samples_is_that_of_many_others():
    first, second = (
        predict_with_uncertainty(network(), IMAGES[0], samples=400, batch_size=50, seed=s) for s in (1, 2)
    )
    # The mean of n samples strays by its deviation / sqrt(n), twice over; six times that is out of reach.
    stray = 6 * np.sqrt(2 * first.variance.max() * 4 / 400)
    assert np.abs(first.mean - second.mean).max() < stray
    assert np.abs(first.mean - second.mean).max() > 0


def test_each_sample_has_its_own_mask_and_each_image_its_own_result():
    twice = predict_with_uncertainty(network(), IMAGES[[0, 0]], samples=2, batch_size=2)
    assert twice.variance[0].max() > 0  # both drawn in one batch
    assert not np.array_equal(twice.mean[0], twice.mean[1])


def test_batch_normalisation_stays_as_in_inference():
    """With next to nothing dropped, sampling is prediction; with statistics of the batch it were not."""
    model = segnet_basic((None, None, 3), 4, filters=6, kernel_size=3, dropout=1e-7)
    model.set_weights(network().get_weights())
    found = predict_with_uncertainty(model, IMAGES, samples=2)
    np.testing.assert_allclose(found.mean, arrays(model(IMAGES.astype("float32"))), atol=1e-5)
    assert found.variance.max() < 1e-6


def test_the_same_seed_gives_the_same_and_the_network_is_untouched():
    model = network()
    before, plain = model.get_weights(), arrays(model(IMAGES.astype("float32")))
    first = predict_with_uncertainty(model, IMAGES, samples=3, seed=5)
    again = predict_with_uncertainty(model, IMAGES, samples=3, seed=5)
    other = predict_with_uncertainty(model, IMAGES, samples=3, seed=6)
    np.testing.assert_array_equal(first.mean, again.mean)
    assert not np.array_equal(first.mean, other.mean)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(arrays(model(IMAGES.astype("float32"))), plain)


def test_later_weights_are_seen():
    model = keras.models.clone_model(network())
    model.set_weights(network().get_weights())
    first = predict_with_uncertainty(model, IMAGES[:1], samples=2)
    model.set_weights([2 * value for value in model.get_weights()])
    assert not np.allclose(predict_with_uncertainty(model, IMAGES[:1], samples=2).mean, first.mean)


def test_progress_counts_predictions():
    told = []
    predict_with_uncertainty(
        network(), IMAGES, samples=5, batch_size=2, progress=lambda *now: told.append(now)
    )
    assert told == [(2, 10), (4, 10), (5, 10), (7, 10), (9, 10), (10, 10)]


def test_a_network_without_dropout():
    with pytest.raises(ValueError, match="segnet_basic has no dropout, so every sample would be the same"):
        predict_with_uncertainty(segnet_basic((None, None, 3), 4, filters=2, kernel_size=3), IMAGES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 1}, "samples must be at least 2, but got 1"),
        ({"batch_size": 0}, "batch_size must be at least 1, but got 0"),
    ],
)
def test_impossible_numbers(options, message):
    with pytest.raises(ValueError, match=message):
        predict_with_uncertainty(network(), IMAGES, **options)


def test_images_that_do_not_fit():
    with pytest.raises(ValueError, match="the network takes images of shape"):
        predict_with_uncertainty(network(), IMAGES[..., 0])
