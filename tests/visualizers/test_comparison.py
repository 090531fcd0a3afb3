"""The figure of quality against cost shows every decoder where its numbers are."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from segnet_nb.visualizers.comparison import show_costs, show_seeds

ROWS = [
    {"name": "one", "quality": 40.0, "megabytes": 0.0, "milliseconds": 12.0, "keeps": "nothing"},
    {"name": "two", "quality": 55.0, "megabytes": 3.5, "milliseconds": 30.0, "keeps": "indices"},
    {"name": "three", "quality": 57.0, "megabytes": 80.0, "milliseconds": 31.0, "keeps": "reduced maps"},
]


def test_every_row_is_at_its_place_in_both_charts():
    figure = show_costs(ROWS, title="costs")
    for axes, name in zip(figure.axes, ("megabytes", "milliseconds"), strict=True):
        places = {line.get_label(): (line.get_xdata()[0], line.get_ydata()[0]) for line in axes.get_lines()}
        assert places == {row["name"]: (row[name], row["quality"]) for row in ROWS}
        low, high = axes.get_xlim()
        assert low == -0.03 * max(row[name] for row in ROWS)  # a marker at 0 is beside the axis, not on it
        assert high > max(row[name] for row in ROWS) and axes.get_xlabel()
    assert figure.axes[0].get_ylabel() == "mean IoU (%)"
    marks = {line.get_marker() for line in figure.axes[0].get_lines()}
    assert len(marks) == 3  # colour is not the only sign
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["one", "two", "three"]


def test_no_rows():
    with pytest.raises(ValueError, match="rows is empty"):
        show_costs([])


SEEDS = [
    {"name": "one", "keeps": "indices", "iou": [30.0, 34.0, 35.0], "f1": [20.0, 21.0, 22.0]},
    {"name": "two", "keeps": "reduced maps", "iou": [40.0], "f1": [10.0]},
    {"name": "three", "keeps": "nothing", "iou": [36.0, 38.0], "f1": [30.0, 30.0]},
]


def test_means_seeds_and_spread_of_every_decoder():
    figure = show_seeds(SEEDS, {"iou": "mean IoU (%)", "f1": "boundary F1 (%)"}, title="three decoders")
    left, right = figure.axes
    assert (left.get_xlabel(), right.get_xlabel()) == ("mean IoU (%)", "boundary F1 (%)")
    # By the mean IoU, from below: 33, 37 and 40.
    assert [text.get_text() for text in left.get_yticklabels()] == ["one", "three", "two"]
    bar, mean, seeds = left.get_lines()[:3]
    assert bar.get_xdata().tolist() == [30.0, 35.0]
    assert mean.get_xdata().tolist() == [33.0] and not mean.get_clip_on()
    assert seeds.get_xdata().tolist() == [30.0, 34.0, 35.0]
    # A single seed has no dots: three lines for each of two decoders, and two for the third.
    assert len(left.get_lines()) == len(right.get_lines()) == 8
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "keeps nothing",
        "keeps indices",
        "keeps maps",
        "one seed",
    ]


@pytest.mark.parametrize(
    ("rows", "scores"),
    [
        pytest.param([], {"iou": "IoU"}, id="no rows"),
        pytest.param(SEEDS, {}, id="no scores"),
        pytest.param([{**SEEDS[0], "iou": []}], {"iou": "IoU"}, id="no values"),
    ],
)
def test_nothing_to_show_of_seeds(rows, scores):
    with pytest.raises(ValueError, match="rows or scores are empty"):
        show_seeds(rows, scores)


def test_greys_of_decoders_that_keep_nothing_differ_in_lightness():
    rows = [{**ROWS[0], "name": str(number)} for number in range(2)]
    dark, light = (
        np.mean(to_rgb(line.get_markerfacecolor())) for line in show_costs(rows).axes[0].get_lines()
    )
    assert light - dark > 0.3
