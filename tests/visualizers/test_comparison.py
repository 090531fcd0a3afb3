"""The figure of quality against cost shows every decoder where its numbers are."""

from __future__ import annotations

import pytest

from segnet_nb.visualizers.comparison import show_costs

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
        assert axes.get_xlim()[0] == 0 and axes.get_xlabel()
    assert figure.axes[0].get_ylabel() == "mean IoU (%)"
    marks = {line.get_marker() for line in figure.axes[0].get_lines()}
    assert len(marks) == 3  # colour is not the only sign
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["one", "two", "three"]


def test_no_rows():
    with pytest.raises(ValueError, match="rows is empty"):
        show_costs([])
