"""Selective accuracy of parts: that of all pixels at once, in memory that does not grow."""

from __future__ import annotations

import doctest
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb.metrics import selective
from segnet_nb.metrics.calibration import selective_accuracy
from segnet_nb.metrics.selective import SelectiveAccuracy

COVERAGES = (0.1, 0.5, 0.8, 1.0)


def pixels(seed, count, digits=None):
    """Uncertainties, and predictions that are more often wrong where they are larger."""
    random = np.random.default_rng(seed)
    values = random.gamma(0.3, size=count).astype(np.float32)
    values = values if digits is None else np.round(values, digits)
    return values, random.random(count) > values / (1 + values)


def added(values, correct, parts):
    found = SelectiveAccuracy()
    for one, other in zip(np.array_split(values, parts), np.array_split(correct, parts), strict=True):
        found.add(one, other)
    return found.accuracies(COVERAGES)


def at_once(values, correct):
    return selective_accuracy(
        values, np.ones(len(values), int), correct.astype(int), coverages=COVERAGES, void_id=None
    )


@settings(deadline=None)
@given(st.integers(0, 999), st.integers(1, 400), st.integers(1, 9), st.sampled_from([None, 0, 1]))
def test_parts_give_the_same_as_the_whole(seed, count, parts, digits):
    values, correct = pixels(seed, count, digits)
    np.testing.assert_array_equal(added(values, correct, parts), at_once(values, correct))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.integers(50, 4000), st.integers(1, 9))
def test_counted_in_levels_the_difference_is_below_that_of_one_level(seed, count, parts):
    values, correct = pixels(seed, count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selective, "EXACT_PIXELS", 40)
        found = added(values, correct, parts)
    # Pixels of one level differ by 1/2048 of their value at most; the largest such group bounds the error.
    ordered = np.sort(values)
    together = max(np.searchsorted(ordered, ordered * (1 + 2 / 2048), "right") - np.arange(count))
    np.testing.assert_allclose(found, at_once(values, correct), atol=together / count / min(COVERAGES))
    assert found[-1] == pytest.approx(correct.mean())


def test_equal_values_are_exact_in_levels_too(monkeypatch):
    monkeypatch.setattr(selective, "EXACT_PIXELS", 40)
    values, correct = pixels(3, 5000, digits=0)
    np.testing.assert_allclose(added(values, correct, 4), at_once(values, correct), rtol=1e-12)


def test_extreme_values(monkeypatch):
    """Zero, what rounding left below it, the least float and infinity are in order."""
    for limit in (0, 10):
        monkeypatch.setattr(selective, "EXACT_PIXELS", limit)
        found = SelectiveAccuracy()
        found.add(np.array([np.inf, -1e-7, 0, 3e38, 1e-30]), np.array([False, True, True, False, True]))
        assert found.accuracies((0.4, 0.6, 1.0)).tolist() == [1, 1, pytest.approx(0.6)]


def test_memory_is_bounded():
    """Forty million pixels would take 200 MB for one measure."""
    values, correct = pixels(1, 400_000)
    found = SelectiveAccuracy()
    tracemalloc.start()
    try:
        for _ in range(100):
            found.add(values, correct)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 2**20 < peak < 48 * 2**20
    np.testing.assert_allclose(found.accuracies(COVERAGES), at_once(values, correct), atol=1e-4)


def test_what_cannot_be_told():
    found = SelectiveAccuracy()
    with pytest.raises(ValueError, match="no pixel is labelled"):
        found.accuracies((0.5,))
    with pytest.raises(ValueError, match="contains NaN"):
        found.add(np.array([np.nan]), np.array([True]))
    found.add(np.array([1.0]), np.array([True]))
    with pytest.raises(ValueError, match="coverages must be above 0"):
        found.accuracies((0.0,))


def test_examples_in_docstrings_hold():
    assert doctest.testmod(selective).failed == 0
