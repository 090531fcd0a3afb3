"""Class ids to colours, compared with loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.figure import Figure

from segnet_nb.datasets import CAMVID
from segnet_nb.visualizers import colorize, overlay
from segnet_nb.visualizers.colors import draw_class_legend, legend_patches

IDS = arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(0, 11))


@given(IDS)
@settings(max_examples=25, deadline=None)
def test_every_pixel_gets_the_colour_of_its_class(labels):
    colors = colorize(labels, CAMVID)
    for y, x in np.ndindex(labels.shape):
        assert tuple(colors[y, x]) == CAMVID.colors[labels[y, x]]


@given(IDS, st.integers(0, 20))
@settings(max_examples=25, deadline=None)
def test_an_overlay_mixes_image_and_colour_and_leaves_void_alone(labels, twentieths):
    opacity = twentieths / 20
    image = np.random.default_rng(0).integers(0, 256, (*labels.shape, 3)).astype(np.uint8)
    mixed = overlay(image, labels, CAMVID, opacity)
    for y, x in np.ndindex(labels.shape):
        for channel in range(3):
            share = 0 if labels[y, x] == 11 else opacity
            wanted = image[y, x, channel] * (1 - share) + CAMVID.colors[labels[y, x]][channel] * share
            assert abs(mixed[y, x, channel] - wanted) <= 0.5


def test_probabilities_raise_with_a_hint():
    with pytest.raises(TypeError, match=r"argmax\(-1\)"):
        colorize(np.zeros((2, 2, 11)), CAMVID)


def test_an_id_beyond_void_raises():
    with pytest.raises(ValueError, match=r"in 0\.\.11 \(void\), but got 0\.\.12"):
        colorize(np.array([[0, 12]]), CAMVID)


def test_labels_of_another_size_raise():
    with pytest.raises(ValueError, match=r"\(2, 2\) do not match an image of shape \(3, 2, 3\)"):
        overlay(np.zeros((3, 2, 3), np.uint8), np.zeros((2, 2), int), CAMVID)


def test_an_opacity_beyond_one_raises():
    with pytest.raises(ValueError, match=r"0\.\.1, but got 1\.5"):
        overlay(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), int), CAMVID, 1.5)


def test_the_legend_contains_only_present_classes():
    patches = legend_patches(CAMVID, np.array([[3, 11], [8, 3]]))
    assert [patch.get_label() for patch in patches] == ["Road", "Car", "void"]
    assert patches[0].get_facecolor()[:3] == tuple(np.array(CAMVID.colors[3]) / 255)


@pytest.mark.parametrize("width", [2.0, 3.0, 6.0, 10.0])
def test_the_legend_is_not_cut_off_and_uses_the_width(width):
    figure = Figure((width, 4.0), layout="constrained")
    draw_class_legend(figure, CAMVID, np.arange(12))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [*CAMVID.names, "void"]
    figure.canvas.draw()
    shown = legend.get_window_extent()
    assert shown.x0 >= 0 and shown.x1 <= figure.bbox.width
    assert legend._ncols == {2.0: 1, 3.0: 2, 6.0: 4, 10.0: 6}[width]
