"""Figures say what they show, fit their frame, and show themselves in a notebook."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from segnet_nb import visualizers
from segnet_nb.datasets import CAMVID, Dataset
from segnet_nb.visualizers.figures import NotebookFigure
from segnet_nb.visualizers.masks import error_map

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (4, 24, 32, 3)).astype(np.uint8)
LABELS = np.repeat(np.arange(12, dtype=np.uint8), 64).reshape(1, 24, 32).repeat(4, 0)
DATA = Dataset(IMAGES, LABELS, CAMVID, ("a", "b", "c", "d"))
HISTORY = [
    {"epoch": e, "loss": 2 / e, "mean_iou": e / 10, "global_accuracy": e / 8, "class_average": e / 9}
    for e in range(1, 6)
]
BEFORE = np.array([[1, 3, 2, 2], [0, 2, 2, 2], [-4, -1, 0, 0], [-2, -3, 5, 0]])
POOLED, OFFSETS = np.array([[3, 2], [-1, 5]]), np.array([[1, 0], [1, 2]])
UNPOOLED = np.array([[0, 3, 2, 0], [0, 0, 0, 0], [0, -1, 0, 0], [0, 0, 5, 0]])

FIGURES = {
    "dataset": lambda: visualizers.show_dataset(DATA),
    "predictions": lambda: visualizers.show_predictions(IMAGES, LABELS, LABELS, CAMVID, names="abcd"),
    "class_iou": lambda: visualizers.show_class_iou(np.linspace(0, 1, 11), CAMVID),
    "history": lambda: visualizers.show_history(HISTORY, best_epoch=4),
    "curves": lambda: visualizers.show_curves({"loss": [2, 1], "accuracy": [0.1, 0.2]}),
    "pooling": lambda: visualizers.show_pooling(BEFORE, POOLED, OFFSETS, UNPOOLED),
    "indices": lambda: visualizers.show_indices(IMAGES[0], POOLED, OFFSETS, title="channel 3"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off_at_the_edge(name):
    figure = FIGURES[name]()
    assert isinstance(figure, NotebookFigure)
    figure.draw_without_rendering()
    needed = figure.get_tightbbox()  # of all that is drawn, in inches
    width, height = figure.get_size_inches()
    assert needed.x0 >= -0.01 and needed.y0 >= -0.01, needed
    assert needed.x1 <= width + 0.01 and needed.y1 <= height + 0.01, needed


@pytest.mark.parametrize("name", FIGURES)
def test_a_notebook_shows_it_as_one_picture_of_the_stated_size(name):
    figure = FIGURES[name]()
    shown = [found for found in (figure._repr_png_(), figure._repr_jpeg_()) if found]
    assert len(shown) == 1
    content, size = shown[0]
    picture = Image.open(io.BytesIO(content))
    assert abs(picture.width / size["width"] - picture.height / size["height"]) < 0.02
    assert np.asarray(picture.convert("L")).std() > 5, "the picture is blank"
    assert "0x" not in repr(figure)


def test_pyplot_is_left_alone():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    for make in FIGURES.values():
        assert isinstance(make().canvas, FigureCanvasAgg)
    assert plt.get_fignums() == before


def test_predictions_show_image_truth_overlay_and_errors_in_this_order():
    figure = visualizers.show_predictions(IMAGES[:1], LABELS[:1], LABELS[:1], CAMVID)
    shown = [axis.images[0].get_array() for axis in figure.axes]
    assert np.array_equal(shown[0], IMAGES[0])
    assert np.array_equal(shown[1], visualizers.colorize(LABELS[0], CAMVID))
    assert np.array_equal(shown[2], visualizers.overlay(IMAGES[0], LABELS[0], CAMVID, 0.7))
    assert np.array_equal(shown[3], error_map(LABELS[0], LABELS[0], CAMVID))


def test_an_error_map_has_grey_for_right_white_for_void_and_the_guess_for_wrong():
    labels = np.array([[0, 1, 11, 11]])
    guesses = np.array([[0, 8, 11, 2]])
    # right -> grey; Building taken for a Car -> the colour of Car; void, guessed or not -> white
    wanted = [(225,) * 3, CAMVID.colors[8], (255,) * 3, (255,) * 3]
    assert [tuple(pixel) for pixel in error_map(labels, guesses, CAMVID)[0]] == wanted


def test_bars_are_as_long_as_the_scores_and_named_after_the_classes():
    scores = np.linspace(0.05, 0.95, 11)
    axis = visualizers.show_class_iou(scores, CAMVID, mean=0.25).axes[0]
    assert np.allclose([bar.get_width() for bar in axis.patches], 100 * scores)
    assert [label.get_text() for label in axis.get_yticklabels()] == list(CAMVID.names)
    assert axis.get_legend().get_texts()[0].get_text() == "mean 25.0"
    assert "%" in axis.get_xlabel()


def test_curves_pass_through_the_history():
    left, right = visualizers.show_history(HISTORY).axes
    assert left.lines[0].get_ydata().tolist() == [entry["loss"] for entry in HISTORY]
    drawn = {line.get_label(): list(line.get_ydata()) for line in right.lines}
    assert drawn["mean IoU"] == [100 * entry["mean_iou"] for entry in HISTORY]
    assert drawn["global accuracy"] == [100 * entry["global_accuracy"] for entry in HISTORY]


def test_maxima_have_the_colour_of_their_offset():
    from matplotlib.colors import to_hex

    from segnet_nb.visualizers.pooling import OFFSET_COLORS

    axis = visualizers.show_pooling(BEFORE, POOLED, OFFSETS, UNPOOLED).axes[0]
    cells = {tuple(map(int, p.get_xy())): to_hex(p.get_facecolor()).upper() for p in axis.patches[:16]}
    # 3 at (x 1, y 0) is offset 1; the first 2 at (2, 0) offset 0; -1 at (1, 2) offset 1; 5 at (2, 3) offset 2
    winners = {(1, 0): 1, (2, 0): 0, (1, 2): 1, (2, 3): 2}
    for place, color in cells.items():
        assert color == (OFFSET_COLORS[winners[place]] if place in winners else "#FFFFFF"), place


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: visualizers.show_dataset(DATA, [4]), "chosen must be in 0..3, but got 4"),
        (
            lambda: visualizers.show_predictions(IMAGES, LABELS[:2], LABELS, CAMVID),
            "must have the same count, height and width",
        ),
        (lambda: visualizers.show_class_iou(np.zeros(3), CAMVID), "class_iou must have shape"),
        (lambda: visualizers.show_history([]), "Complete at least one epoch"),
        (lambda: visualizers.show_curves({}), "at least one name"),
        (lambda: visualizers.show_pooling(BEFORE, POOLED, OFFSETS, BEFORE[:2]), r"unpooled to \(4, 4\)"),
        (lambda: visualizers.show_indices(IMAGES[0], POOLED, OFFSETS + 4), "offsets in 0..3, but got 6"),
        (lambda: visualizers.show_indices(IMAGES[0], POOLED[0], OFFSETS), "one channel each"),
    ],
)
def test_invalid_arguments_raise(call, message):
    with pytest.raises((ValueError, IndexError), match=message):
        call()
