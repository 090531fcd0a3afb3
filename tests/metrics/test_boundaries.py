"""Boundary F1 against brute force and hand arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb import metrics
from tests import oracles_scores as oracles
from tests.oracles_scores import VOID, score_case as case


def test_boundary_f1_by_hand():
    # Left half 0, right half 1; the outline of either class is column 1, 4 pixels tall.
    labels = np.array([[0, 0, 1, 1]] * 4)
    # Predicted one column further right: outline in column 2, distance 1. The diagonal is 5.66.
    predictions = np.array([[0, 0, 0, 1]] * 4)
    assert metrics.boundary_f1(labels, predictions, 2, tolerance=0.0075).score == 0
    assert metrics.boundary_f1(labels, predictions, 2, tolerance=0.18).score == 1
    # Only the upper half moved: columns 2, 2, 1, 1, and where the step is, in row 1, the 2 x 2
    # block of column 1 is mixed as well: 5 outline pixels against 4.
    # Exact match: rows 1, 2, 3 of column 1: precision 3/5, recall 3/4, F1 = 2 * 3 / (5 + 4) = 2/3.
    predictions[2:] = labels[2:]
    assert metrics.boundary_f1(labels, predictions, 2, tolerance=0).score == pytest.approx(2 / 3)


def test_a_match_at_exactly_the_tolerance_counts():
    # The diagonal of 9 x 40 is 41; (3 / 41)**2 * 41**2 comes out a hair below 9 in floats.
    labels = np.zeros((9, 40), int)
    moved = np.zeros((9, 40), int)
    labels[:, 20:] = 1
    moved[:, 23:] = 1
    for matching in ("nearest", "one_to_one"):
        options = {"matching": matching}
        assert metrics.boundary_f1(labels, moved, 2, tolerance=3 / 41, **options).score == 1
        assert metrics.boundary_f1(labels, moved, 2, tolerance=2.99 / 41, **options).score == 0


@pytest.mark.parametrize("shape", [(5, 40), (40, 5), (1, 30)])
def test_boundary_f1_reaches_beyond_a_narrow_image(shape):
    labels, predictions = case(1, shape=shape)
    result = metrics.boundary_f1_image(labels, predictions, 4, VOID, tolerance=0.2)
    expected = oracles.boundary_f1(labels, predictions, 4, VOID, tolerance=0.2)
    np.testing.assert_allclose(result, [math.nan if f is None else f for f in expected])


def test_boundary_pixels_by_hand():
    ids = np.zeros((4, 4), int)
    ids[1, 1] = 1
    # Blocks that hold pixel (1, 1): those whose upper left corner is at rows 0..1, columns 0..1.
    expected = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    for mask in metrics.class_boundaries(ids, 2):
        assert mask.astype(int).tolist() == expected
    # The rim of the image is no boundary.
    assert not metrics.class_boundaries(np.zeros((3, 3), int), 1).any()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from([0.0, 0.0075, 0.1, 0.2, 0.45, 0.9]),
    st.sampled_from(["ground_truth", "either"]),
    st.booleans(),
    st.sampled_from(["nearest", "one_to_one"]),
)
def test_boundary_f1_matches_brute_force(seed, shape, tolerance, classes, mask_void, matching):
    labels, predictions = case(seed, shape=shape, classes=3)
    options = {
        "tolerance": tolerance,
        "classes": classes,
        "mask_void": mask_void,
        "matching": matching,
    }
    result = metrics.boundary_f1_image(labels, predictions, 4, VOID, **options)
    expected = oracles.boundary_f1(labels, predictions, 4, VOID, **options)
    expected = [math.nan if value is None else value for value in expected]
    np.testing.assert_allclose(result, expected)


@pytest.mark.parametrize("classes", [8, 9, 17, 33, 64, 65, 130])
def test_boundary_f1_with_many_classes(classes):
    # One bit per class: 8, 16, 32 and 64 bits, and then a second word.
    labels, predictions = case(0, shape=(10, 12), classes=classes, void_share=0)
    options = {"tolerance": 0.1, "classes": "either"}
    result = metrics.boundary_f1_image(labels, predictions, classes, None, **options)
    expected = oracles.boundary_f1(labels, predictions, classes, None, **options)
    np.testing.assert_allclose(result, [math.nan if f is None else f for f in expected])
    masks = metrics.class_boundaries(labels, classes)
    for c in range(classes):
        assert list(zip(*np.nonzero(masks[c]), strict=True)) == oracles.boundary_pixels(labels == c)


def test_conventions_of_paper_and_files_differ_where_they_should():
    labels = np.array([[0] * 8] * 4 + [[1] * 8] * 4)
    predictions = labels.copy()
    predictions[:2, :2] = 2  # a class that the ground truth does not have
    paper = metrics.boundary_f1(labels, predictions, 3, None, tolerance=0.1)
    files = metrics.boundary_f1(labels, predictions, 3, None, tolerance=0.1, **metrics.FILES_BOUNDARY_F1)
    assert np.isnan(paper.class_scores[0, 2])
    assert files.class_scores[0, 2] == 0
    assert files.score < paper.score


def test_boundary_f1_averages_classes_then_images():
    labels = np.array([[[0, 0, 1, 1]] * 4, [[0, 1, 1, 2]] * 4, [[VOID] * 4] * 4])
    predictions = np.array([[[0, 0, 1, 1]] * 4, [[0, 1, 1, 1]] * 4, [[0] * 4] * 4])
    result = metrics.boundary_f1(labels, predictions, 3)
    # Image 1 is right. Image 2: class 0 is right; class 1 has outlines in columns 0 and 2, but
    # predicted is column 0 alone: precision 1, recall 1/2, F1 2/3; class 2 scores 0: mean 5/9.
    # Image 3 is void.
    np.testing.assert_allclose(result.class_scores[1], [1, 2 / 3, 0])
    np.testing.assert_allclose(result.image_scores, [1, 5 / 9, math.nan])
    assert float(result) == pytest.approx((1 + 5 / 9) / 2)
    assert str(result) == "boundary F1 77.8 % over 3 images"
    assert metrics.boundary_f1(labels[2], predictions[2]).score == 0


def test_perfect_boundaries():
    labels, _ = case(3, shape=(2, 20, 20))
    predicted = np.where(labels == VOID, 0, labels)
    assert metrics.boundary_f1(labels, predicted).score == 1
