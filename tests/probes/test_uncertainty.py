"""Sampled predictions of a dataset are those of the prediction, after each number of samples."""

from __future__ import annotations

from functools import cache

import keras
import numpy as np
import pytest

from segnet_nb import datasets
from segnet_nb.inference.uncertainty import predict_with_uncertainty, uncertainty_at
from segnet_nb.networks.model import segnet_basic
from segnet_nb.probes import probe_uncertainty


@cache
def network(num_classes=11, dropout=0.5):
    keras.utils.set_random_seed(2)
    return segnet_basic((None, None, 3), num_classes, filters=4, kernel_size=3, dropout=dropout)


@cache
def data():
    return datasets.load("synthetic", "val", image_size=(32, 48), count=2)


def test_each_count_is_a_prediction_of_its_own_with_the_same_samples():
    found = probe_uncertainty(network(), data(), counts=(2, 4, 8), batch_size=2, seed=4)
    assert len(found) == 2 and found.counts == (2, 4, 8)
    # One image: with more, the second's samples come after the first's.
    (first,) = uncertainty_at(network(), data().images[0], (8,), batch_size=2, seed=4)
    np.testing.assert_array_equal(found.predictions[2, 0], first.labels[0])
    np.testing.assert_array_equal(found.measures["variance"][2, 0], first.variance[0])
    np.testing.assert_array_equal(found.measures["entropy"][2, 0], first.entropy[0])
    np.testing.assert_array_equal(found.measures["mutual_information"][2, 0], first.mutual_information[0])
    np.testing.assert_array_equal(found.confidence[2, 0], first.mean[0].max(-1))
    two = predict_with_uncertainty(network(), data().images[0], samples=2, batch_size=2, seed=4)
    np.testing.assert_array_equal(found.measures["variance"][0, 0], two.variance[0])


def test_more_samples_include_the_earlier_ones():
    """Of samples of a mean m, n and then k more: the sum of all is the sum of both parts."""
    both = uncertainty_at(network(), data().images[:1], (2, 4), batch_size=2, seed=1)
    assert [each.samples for each in both] == [2, 4]
    later = 2 * both[1].mean - both[0].mean  # the mean of the two samples that came last
    np.testing.assert_allclose(later.sum(-1), 1, atol=1e-5)
    assert later.min() > -1e-6 and later.max() < 1 + 1e-6


@pytest.mark.parametrize("counts", [(), (4, 2), (2, 2), (1, 3)])
def test_invalid_counts(counts):
    with pytest.raises(ValueError, match=r"counts must be increasing|samples must be at least 2"):
        probe_uncertainty(network(), data(), counts=counts)


def test_another_number_of_classes_and_a_network_without_dropout():
    with pytest.raises(ValueError, match="the network has 5 output classes, but the data has 11"):
        probe_uncertainty(network(5), data())
    with pytest.raises(ValueError, match="has no dropout"):
        probe_uncertainty(network(dropout=0.0), data())


def test_progress():
    told = []
    probe_uncertainty(network(), data(), counts=(2, 3), batch_size=2, progress=lambda *now: told.append(now))
    assert told == [(2, 6), (3, 6), (5, 6), (6, 6)]
