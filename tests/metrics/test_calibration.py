"""Calibration and selective accuracy, by hand and against loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from segnet_nb.metrics.calibration import calibration, selective_accuracy
from tests.cases import few


def test_calibration_by_hand():
    # Bins 0-0.5 and 0.5-1. Below: 0.2 wrong, 0.4 right. Above: 0.6, 0.8, 1.0 right, 0.8 wrong. One void.
    sure = np.array([[0.2, 0.4, 0.6], [0.8, 1.0, 0.8], [0.9, 0.1, 0.5]])
    labels = np.array([[0, 1, 2], [0, 1, 0], [11, 11, 11]])
    predicted = np.array([[1, 1, 2], [0, 1, 1], [0, 0, 0]])
    found = calibration(sure, labels, predicted, bins=2)
    assert found.edges.tolist() == [0, 0.5, 1]
    assert found.confidence.tolist() == pytest.approx([0.3, 0.8])
    assert found.accuracy.tolist() == [0.5, 0.75]
    assert found.share.tolist() == pytest.approx([2 / 6, 4 / 6])
    # 1/3 * |0.5 - 0.3| + 2/3 * |0.75 - 0.8| = 0.0667 + 0.0333
    assert found.error == pytest.approx(0.1)


def test_bin_edges_belong_to_the_upper_bin_and_one_to_the_last():
    found = calibration([0.5, 1.0], [0, 0], [0, 1], bins=2)
    assert found.share.tolist() == [0, 1] and np.isnan(found.accuracy[0]) and found.accuracy[1] == 0.5


@given(seed=st.integers(0, 10**6), bins=st.integers(1, 12))
@few
def test_calibration_matches_loops(seed, bins):
    random = np.random.default_rng(seed)
    sure = random.random((5, 7)).round(2)
    labels, predicted = random.integers(0, 4, (2, 5, 7))
    found = calibration(sure, labels, predicted, void_id=3, bins=bins)
    gap = 0.0
    for i in range(bins):
        inside = [
            (s, t == g)
            for s, t, g in zip(sure.flat, labels.flat, predicted.flat, strict=True)
            if t != 3 and min(int(s * bins), bins - 1) == i
        ]
        assert found.share[i] == pytest.approx(len(inside) / (labels != 3).sum())
        if inside:
            assert found.confidence[i] == pytest.approx(np.mean([s for s, _ in inside]))
            assert found.accuracy[i] == pytest.approx(np.mean([r for _, r in inside]))
            gap += len(inside) / (labels != 3).sum() * abs(found.confidence[i] - found.accuracy[i])
    assert found.error == pytest.approx(gap)


def test_selective_accuracy_by_hand():
    # In order of doubt: right, right, wrong, right, wrong; the void pixel is not counted.
    doubt = np.array([0.5, 0.1, 0.3, 0.2, 0.4, 0.0])
    labels, predicted = np.array([1, 1, 1, 0, 0, 11]), np.array([0, 1, 0, 0, 0, 5])
    found = selective_accuracy(doubt, labels, predicted, coverages=(0.2, 0.4, 0.6, 0.8, 1))
    assert found.tolist() == pytest.approx([1, 1, 2 / 3, 3 / 4, 3 / 5])


def test_ties_contribute_their_mean_in_any_order():
    labels, predicted = np.array([0, 0, 0, 0]), np.array([0, 1, 0, 1])
    for order in ([0, 1, 2, 3], [1, 0, 3, 2]):
        found = selective_accuracy(np.zeros(4), labels[order], predicted[order], coverages=(0.25, 0.5, 1))
        assert found.tolist() == pytest.approx([0.5, 0.5, 0.5])


@given(seed=st.integers(0, 10**6))
@few
def test_full_coverage_is_the_global_accuracy_and_a_perfect_uncertainty_ranks_errors_last(seed):
    random = np.random.default_rng(seed)
    labels, predicted = random.integers(0, 3, (2, 40))
    right = labels == predicted
    found = selective_accuracy(random.random(40), labels, predicted, coverages=(1.0,))
    assert found[0] == pytest.approx(right.mean())
    if right.any():
        coverages = (right.mean(),)
        assert selective_accuracy(~right, labels, predicted, coverages=coverages)[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: calibration([1.2], [0], [0]), "probability in 0..1"),
        (lambda: calibration([0.2], [0], [0], bins=0), "bins must be at least 1"),
        (lambda: calibration([0.2, 0.3], [0], [0]), r"confidence of shape \(2,\) does not match"),
        (lambda: calibration([0.2], [11], [0]), "no pixel is labelled"),
        (lambda: selective_accuracy([np.nan], [0], [0]), "uncertainty contains NaN"),
        (lambda: selective_accuracy([0.1], [0], [0], coverages=(0,)), "coverages must be above 0"),
        (lambda: selective_accuracy([0.1], [0.5], [0]), "labels must be integer class ids"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
