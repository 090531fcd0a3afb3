"""Confusion matrix and scores against loops and hand arithmetic; what both scorers refuse."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb import metrics
from tests import oracles_scores as oracles
from tests.oracles_scores import HAND_LABELS, HAND_PREDICTIONS, VOID, score_case as case

few = settings(max_examples=25, deadline=None)


def test_scores_by_hand():
    matrix = metrics.confusion_matrix(HAND_LABELS, HAND_PREDICTIONS, 4, VOID)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == [[3, 1, 0, 0], [0, 4, 2, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    result = metrics.scores(matrix)
    # G = (3 + 4 + 1) / 12. C = (3/4 + 4/6 + 1/2 + 0) / 4: the class that never occurs counts.
    # IoU = 3 / (4 + 3 - 3), 4 / (6 + 6 - 4), 1 / (2 + 3 - 1), 0.
    assert result.global_accuracy == pytest.approx(8 / 12)
    assert result.class_average == pytest.approx((3 / 4 + 4 / 6 + 1 / 2) / 4)
    assert result.class_iou.tolist() == [3 / 4, 4 / 8, 1 / 4, 0]
    assert result.mean_iou == pytest.approx(1.5 / 4)
    assert result.support.tolist() == [4, 6, 2, 0]


def test_absent_classes_can_be_ignored():
    matrix = metrics.confusion_matrix(HAND_LABELS, HAND_PREDICTIONS, 4, VOID)
    result = metrics.scores(matrix, absent="ignore")
    assert result.mean_iou == pytest.approx(1.5 / 3)
    assert result.class_average == pytest.approx((3 / 4 + 4 / 6 + 1 / 2) / 3)
    assert np.isnan(result.class_iou).tolist() == [False, False, False, True]
    # An absent class that is predicted is still absent.
    predicted = metrics.scores([[1, 1], [0, 0]], absent="ignore")
    assert predicted.class_iou[0] == 0.5
    assert np.isnan(predicted.class_iou[1])


@few
@given(st.integers(0, 10**6), st.sampled_from(["zero", "ignore"]))
def test_scores_match_loops(seed, absent):
    labels, predictions = case(seed, shape=(2, 3, 3), classes=5)
    matrix = metrics.confusion_matrix(labels, predictions, 6, VOID)
    assert matrix.tolist() == oracles.confusion(labels, predictions, 6, VOID)
    result = metrics.scores(matrix, absent)
    expected = oracles.figures(matrix.tolist(), absent)
    figures = (result.global_accuracy, result.class_average, result.mean_iou)
    assert figures == pytest.approx(expected)


@few
@given(st.integers(0, 10**6))
def test_predictions_at_void_never_matter(seed):
    labels, predictions = case(seed, shape=(8, 9))
    wild = np.where(labels == VOID, 200 - predictions, predictions)
    for function in (metrics.confusion_matrix, metrics.boundary_f1_image):
        before, after = function(labels, predictions), function(labels, wild)
        np.testing.assert_array_equal(before, after)


@few
@given(st.integers(0, 10**6))
def test_properties_of_the_scores(seed):
    labels, predictions = case(seed)
    matrix = metrics.confusion_matrix(labels, predictions, 4, VOID)
    result = metrics.scores(matrix)
    assert (result.class_iou <= result.class_accuracy).all()
    assert result.mean_iou <= result.class_average
    assert matrix.sum() == result.support.sum() == np.count_nonzero(labels != VOID)
    # Renaming the classes reorders the figures of the classes, and no mean notices.
    order = np.random.default_rng(seed).permutation(4)
    renamed = np.append(order, [0] * 8)
    renamed[VOID] = VOID
    again = metrics.scores(metrics.confusion_matrix(renamed[labels], order[predictions], 4, VOID))
    np.testing.assert_allclose(again.class_iou[order], result.class_iou)
    assert again.mean_iou == pytest.approx(result.mean_iou)
    # Batches add up.
    parts = [metrics.confusion_matrix(labels[i], predictions[i], 4, VOID) for i in range(2)]
    np.testing.assert_array_equal(sum(parts), matrix)


def test_perfect_prediction():
    labels = np.where(HAND_LABELS == 2, 1, HAND_LABELS)
    perfect = metrics.scores(metrics.confusion_matrix(labels, labels % VOID, 2, VOID))
    assert (perfect.global_accuracy, perfect.class_average, perfect.mean_iou) == (1, 1, 1)


def test_empty_matrices_score_zero():
    labels = np.full((3, 3), VOID)
    for absent in ("zero", "ignore"):
        result = metrics.scores(metrics.confusion_matrix(labels, labels), absent)
        assert (result.global_accuracy, result.class_average, result.mean_iou) == (0, 0, 0)


def test_many_pixels_are_counted_in_blocks():
    # Ids in uint8, whose products do not fit in uint8: 199 * 200 + 199.
    labels = np.arange(3_000_000) % 201
    guesses = (labels + 1) % 200
    matrix = metrics.confusion_matrix(labels.astype("uint8"), guesses.astype("uint8"), 200, 200)
    assert matrix.sum() == np.count_nonzero(labels != 200)
    for label in range(200):
        assert matrix[label, (label + 1) % 200] == np.count_nonzero(labels == label)


def test_scores_as_text_and_json():
    result = metrics.scores(metrics.confusion_matrix(HAND_LABELS, HAND_PREDICTIONS, 4), "ignore")
    assert str(result) == "global accuracy 66.7 %, class average 63.9 %, mean IoU 50.0 %"
    lines = result.table(["Sky", "Road", "Car", "Bicyclist"]).splitlines()
    assert lines[1].split() == ["Sky", "4", "75.0", "75.0"]
    assert lines[4].split() == ["Bicyclist", "0", "-", "-"]
    assert len({len(line) for line in lines[:6]}) == 1
    assert "class 3" in result.table()
    assert json.loads(json.dumps(result.to_dict()))["class_iou"] == [0.75, 0.5, 0.25, None]
    with pytest.raises(ValueError, match="one entry per class without void, 4, but got 1"):
        result.table(["Sky"])
    with pytest.raises(ValueError, match="read-only"):
        result.class_iou[0] = 1


ZEROS = np.zeros((2, 4, 4), int)


@pytest.mark.parametrize("function", [metrics.confusion_matrix, metrics.boundary_f1])
@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        (ZEROS, np.zeros((2, 4, 4, 11)), r"np.argmax\(predictions, axis=-1\) first"),
        (ZEROS, ZEROS.astype(float), "predictions must be integer class ids"),
        (ZEROS.astype(float), ZEROS, "labels must be integer class ids"),
        (ZEROS, np.zeros((2, 4, 5), int), "Resize the labels"),
        (ZEROS, ZEROS + 11, r"predictions hold the ids \[11\].*scores\[..., :num_classes\]"),
        (ZEROS, ZEROS - 1, r"predictions hold the ids \[-1\]"),
        (ZEROS + 12, ZEROS, r"labels hold the ids \[12\], but only 0..10 and void 11"),
    ],
)
def test_invalid_arrays_say_how_to_fix_them(function, labels, predictions, message):
    with pytest.raises(ValueError, match=message):
        function(labels, predictions)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.scores(np.zeros((2, 3))), "square"),
        (lambda: metrics.scores(np.zeros((2, 2)), absent="count"), "'zero' or 'ignore'"),
        (lambda: metrics.boundary_f1(ZEROS, ZEROS, tolerance=4.5), "fraction of the image diagonal"),
        (lambda: metrics.boundary_f1(ZEROS, ZEROS, classes="all"), "classes must be"),
        (lambda: metrics.boundary_f1(ZEROS, ZEROS, matching="best"), "matching must be"),
        (lambda: metrics.boundary_f1(ZEROS[0, 0], ZEROS[0, 0]), "must have shape"),
        (lambda: metrics.boundary_f1_image(ZEROS, ZEROS), "one image must have shape"),
        (lambda: metrics.MeanIoU(absent="count"), "'zero' or 'ignore'"),
        (lambda: metrics.NoSuchMetric, "No segnet_nb.metrics attribute NoSuchMetric"),
    ],
)
def test_invalid_options_say_how_to_fix_them(call, message):
    with pytest.raises((ValueError, AttributeError), match=message):
        call()


def test_importing_metrics_loads_no_framework():
    code = (
        "import sys, segnet_nb.metrics as m, segnet_nb.losses.class_weights;"
        "loaded = {'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules);"
        "assert not loaded, loaded;"
        "assert 'MeanIoU' in dir(m)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
