"""Maps turned into levels and paths into cells, against definitions written out."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from PIL import Image

from segnet_nb.visualizers.feature_maps import (
    OFFSET_PALETTE,
    PALETTE,
    ZERO_COLOR,
    map_picture,
    robust_span,
    stage_pictures,
)
from segnet_nb.visualizers.figures import NotebookFigure
from segnet_nb.visualizers.pooling import OFFSET_COLORS
from segnet_nb.visualizers.unpooling import path_cells, show_unpooling
from tests.cases import few
from tests.trace_cases import random_trace, random_traces


@pytest.fixture(scope="module")
def trace():
    return random_trace(21, 30, stages=3, channels=2, kind="normal", seed=4)


def bytes_of(color):
    return [round(part * 255) for part in to_rgb(color)]


class TestPalette:
    def test_zero_apart_and_viridis_for_the_rest(self):
        assert PALETTE.shape == (256, 3) and PALETTE.dtype == np.uint8
        assert PALETTE[0].tolist() == bytes_of(ZERO_COLOR)
        viridis = colormaps["viridis"]
        assert PALETTE[255].tolist() == bytes_of(viridis(1.0)[:3])
        assert PALETTE[1].tolist() == bytes_of(viridis(0.16)[:3])
        assert OFFSET_PALETTE.tolist() == [bytes_of(color) for color in OFFSET_COLORS]

    def test_brightness_only_grows_so_that_colour_vision_does_not_matter(self):
        brightness = PALETTE.astype(float) @ [0.2126, 0.7152, 0.0722]
        assert brightness[0] < brightness[1] - 15
        assert (np.diff(brightness[1:]) > -0.5).all()  # a palette entry is rounded to a byte
        assert brightness[255] - brightness[1] > 150


class TestLevels:
    @few
    @given(st.integers(0, 10**6), st.floats(-5, 5), st.floats(0.1, 5))
    def test_are_the_nearest_of_255_steps(self, seed, low, width):
        values = np.random.default_rng(seed).normal(size=(7, 5)).astype("float32") * 4
        values[2, 3] = 0
        steps = [low + width * step / 254 for step in range(255)]
        picture = map_picture(values, (low, low + width))
        for place, value in np.ndenumerate(values):
            if value == 0:
                assert picture.levels[place] == 0
                continue
            distance = [abs(float(value) - step) for step in steps]
            # Float32 may round a number that lies in the middle of two steps either way.
            assert distance[picture.levels[place] - 1] <= min(distance) + 1e-5

    def test_of_one_number_everywhere(self):
        assert map_picture(np.full((2, 2), 3.0), (3, 3)).levels.tolist() == [[128] * 2] * 2
        assert map_picture(np.zeros((2, 2)), (0, 0)).levels.tolist() == [[0] * 2] * 2

    def test_png_holds_the_colours(self, trace):
        for picture in stage_pictures(trace.stages[0], 1).values():
            decoded = np.asarray(Image.open(io.BytesIO(picture.png())).convert("RGB"))
            np.testing.assert_array_equal(decoded, picture.palette[picture.levels])
            np.testing.assert_array_equal(picture.rgb, decoded)

    def test_span_leaves_out_a_two_hundredth_at_each_end(self):
        values = np.random.default_rng(0).permutation(1001).astype(float)
        # Of 0..1000, 0.5 % of the way is 5 and 99.5 % is 995.
        assert robust_span(values) == (5.0, 995.0)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_numbers_that_are_none_are_refused(self, bad):
        with pytest.raises(ValueError, match=r"the network has diverged\. Load other weights"):
            robust_span(np.array([1.0, bad]))


class TestStagePictures:
    def test_scales(self, trace):
        stage = trace.stages[1]
        pictures = stage_pictures(stage, 3)
        assert pictures["features"].span == pictures["pooled"].span == robust_span(stage.features[..., 3])
        # Of the values, not of the sparse map, whose zeros would be most of it.
        assert pictures["unpooled"].span == robust_span(stage.values[..., 3])
        assert pictures["dense"].span == robust_span(stage.dense[..., 1])  # 3 of two channels is 1
        assert pictures["indices"].span is None
        np.testing.assert_array_equal(pictures["indices"].levels, stage.indices[..., 3])
        np.testing.assert_array_equal(pictures["unpooled"].levels == 0, stage.unpooled[..., 3] == 0)

    def test_channels_out_of_range(self, trace):
        with pytest.raises(ValueError, match=r"channel must be in 0\.\.3, but got 4"):
            stage_pictures(trace.stages[1], 4)


class TestPathCells:
    @few
    @given(random_traces, st.data())
    def test_contain_the_places_of_the_path(self, trace, data):
        height, width, _ = trace.image.shape
        y, x = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
        path = trace.path(y, x)
        depth = len(path.steps)
        for level in range(depth + 1):
            down, up = path_cells(path, level)
            assert [side for *_, side in down] == [2**n for n in range(level, depth + 1)]
            assert [side for *_, side in up] == [2**n for n in range(depth, level - 1, -1)]
            for top, left, side in down:
                assert top <= y < top + side and left <= x < left + side
                assert top % side == left % side == 0
            assert up[0] == down[-1]
            for (top, left, side), (inner_top, inner_left, inner) in itertools.pairwise(up):
                assert top <= inner_top < top + side and left <= inner_left < left + side
                assert inner == side // 2
        down, up = path_cells(path, 0)
        assert (down[0][:2], up[-1][:2]) == ((y, x), path.returned)


class TestFigure:
    def test_has_six_maps_and_a_window_a_stage(self, trace):
        path = trace.path(13, 7, stage=2, channel=1)
        figure = show_unpooling(trace, path)
        assert isinstance(figure, NotebookFigure)
        labels = [axis.get_label() for axis in figure.axes]
        names = ["image", "features", "pooled", "indices", "unpooled", "dense"]
        assert labels == [*names, "window 1", "window 2", "window 3"]
        axes = dict(zip(labels, figure.axes, strict=True))
        pictures = stage_pictures(trace.stages[1], 1)
        for name in names:
            expected = trace.image if name == "image" else pictures[name].rgb
            np.testing.assert_array_equal(axes[name].images[0].get_array(), expected)
        # 21 rows pool to 11 and then to 6 windows of 4 rows: the map reaches over the image's edge.
        assert axes["pooled"].get_ylim() == (24, 0)
        assert axes["features"].get_ylim() == (22, 0)
        zeros = trace.stages[1].zero_share_before(1)
        assert f"{100 * zeros:.1f}%" in axes["unpooled"].get_title()
        texts = [text.get_text() for text in axes["window 2"].texts]
        assert texts[:4] == [f"{number:.3g}" for number in path.steps[1].numbers.ravel()]

    def test_numbers_over_the_edge_are_dashes(self, trace):
        path = trace.path(20, 7)  # 21 rows: the last window has one row
        window = next(axis for axis in show_unpooling(trace, path).axes if axis.get_label() == "window 1")
        assert [text.get_text() for text in window.texts][2:4] == ["–", "–"]

    @pytest.mark.parametrize(
        ("pixel", "top", "left"),
        # 21 x 30 at zoom 2 shows 10.5 x 15 pixels about the pixel's middle, kept inside.
        [((10, 15), 10.5 - 5.25, 15.5 - 7.5), ((0, 0), 0, 0), ((20, 29), 10.5, 15)],
    )
    def test_zoom(self, trace, pixel, top, left):
        axis = show_unpooling(trace, trace.path(*pixel), zoom=2).axes[0]
        assert axis.get_ylim() == pytest.approx((top + 10.5, top))
        assert axis.get_xlim() == pytest.approx((left, left + 15))

    def test_errors(self, trace):
        with pytest.raises(ValueError, match=r"zoom must be at least 1, but got 0\.5"):
            show_unpooling(trace, trace.path(0, 0), zoom=0.5)
        other = random_trace(8, 8, stages=2, channels=1, kind="normal", seed=0)
        with pytest.raises(ValueError, match=r"y must be in 0\.\.7, but got 20"):
            show_unpooling(other, trace.path(20, 7))
