"""The chart of a parameter of a sweep."""

from __future__ import annotations

import numpy as np
import pytest

from segnet_nb import UserError
from segnet_nb.visualizers.parameters import show_parameter

RUNS = [
    {"rate": 0.1, "mean_iou": 0.25},
    {"rate": 0.01, "mean_iou": 0.5},
    {"rate": 0.01, "mean_iou": 0.25},
    {"rate": 1.0, "mean_iou": None},
]


def test_means_are_in_the_order_of_the_values_and_each_run_is_a_point():
    (axes,) = show_parameter(RUNS, "rate", title="rates").axes
    means, points = axes.lines
    # (50 + 25) / 2 = 37.5 at 0.01
    assert np.asarray(means.get_xydata()).tolist() == [[0.01, 37.5], [0.1, 25.0]]
    assert np.asarray(points.get_xydata()).tolist() == [[0.01, 50.0], [0.01, 25.0], [0.1, 25.0]]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.01", "0.1"]
    assert (axes.get_xscale(), axes.get_title()) == ("log", "rates")


def test_values_that_are_close_or_not_positive_are_not_shown_by_powers():
    for values in ((1, 2), (0, 100)):
        runs = [{"size": value, "mean_iou": 0.5} for value in values]
        assert show_parameter(runs, "size").axes[0].get_xscale() == "linear"


def test_nothing_to_show():
    with pytest.raises(UserError, match="no run has a mean_iou"):
        show_parameter(RUNS[3:], "rate")
