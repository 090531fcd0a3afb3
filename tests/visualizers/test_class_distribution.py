"""Class shares: counted by a loop, drawn at their length."""

from __future__ import annotations

import numpy as np
import pytest

from segnet_nb.datasets import ClassList
from segnet_nb.visualizers.class_distribution import class_distribution, show_class_distribution

TWO = ClassList(("a", "b"), ((0, 0, 0), (9, 9, 9), (5, 5, 5)))


def test_shares_by_a_loop():
    labels = np.random.default_rng(0).integers(0, 3, (4, 5, 6))
    counts = [0, 0, 0]
    for value in labels.ravel().tolist():
        counts[value] += 1
    np.testing.assert_allclose(class_distribution(labels, TWO), [count / 120 for count in counts])


def test_bars_are_as_long_as_the_shares():
    shares = {"train": np.array([0.9, 0.1, 0.0]), "val": np.array([0.5, 0.25, 0.25])}
    figure = show_class_distribution(shares, TWO)
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    np.testing.assert_allclose(widths, [90, 10, 0, 50, 25, 25])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b", "void"]
    assert " none" in [text.get_text() for text in figure.axes[0].texts]


def test_nothing_to_show():
    with pytest.raises(ValueError, match="labels is empty"):
        class_distribution(np.zeros((0, 3), int), TWO)
    with pytest.raises(ValueError, match="splits must be 1 to 4 distributions, but got 0"):
        show_class_distribution({}, TWO)
