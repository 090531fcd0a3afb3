"""Traces of networks: maps against slow references, paths against a walk written out, every network."""

from __future__ import annotations

import gc
import itertools
import json
import weakref

import keras
import numpy as np
import pytest
from hypothesis import given, strategies as st

from segnet_nb.inference.prediction import load_model, predict_probabilities
from segnet_nb.networks.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
from segnet_nb.networks.model import build_network, segnet_basic, segnet_modern
from segnet_nb.probes.traces import TraceList, UnpoolingTrace, trace_images, trace_unpooling
from segnet_nb.probes.unpooling import StageTrace
from tests import oracles
from tests.cases import few
from tests.trace_cases import MAPS, picture, random_traces


def small_network(**changes):
    keras.utils.set_random_seed(3)
    return segnet_modern(
        (None, None, 3), 5, **{"filters": (4, 6, 5), "depths": (0, 1, 0), "dilations": (1,), **changes}
    )


@pytest.fixture(scope="module")
def model():
    return small_network()


@pytest.fixture(scope="module")
def trace(model):
    return trace_unpooling(model, picture(45, 61))


def test_an_image_that_a_network_reduces_first_is_shown_as_small():
    """The real-time network halves it: each pixel shown is the mean of four, and paths end at the borders."""
    image = picture(48, 64)
    trace = trace_unpooling(build_network("realtime", (None, None, 3), 5), image)
    assert trace.image.shape == (24, 32, 3) == (*trace.stages[0].size, 3)
    means = image.reshape(24, 2, 32, 2, 3).mean((1, 3))
    assert np.abs(trace.image - means).max() <= 1  # rounded once for each axis
    assert trace.probabilities.shape == (48, 64, 5)
    assert trace.path(23, 31).steps[0].window == (11, 15)


def check_against_loops(trace):
    """Every stage pools and unpools as the slow references do, and the stages fit together."""
    height, width, _ = trace.image.shape
    for number, stage in enumerate(trace.stages, start=1):
        assert stage.number == number
        assert stage.size == (height, width)
        pooled, indices, _ = oracles.pool(stage.features[None])
        np.testing.assert_array_equal(stage.pooled, pooled[0])
        np.testing.assert_array_equal(stage.indices, indices[0])
        unpooled = oracles.unpool(stage.values[None], stage.indices[None], height, width)
        np.testing.assert_array_equal(stage.unpooled, unpooled[0])
        assert stage.dense.shape[:2] == (height, width)
        for name in MAPS:
            array = getattr(stage, name)
            assert array.dtype == (np.uint8 if name == "indices" else np.float32)
            assert not array.flags.writeable
        height, width = (height + 1) // 2, (width + 1) // 2


class TestNetworks:
    @pytest.mark.parametrize("output", ["softmax", "logits"])
    @pytest.mark.parametrize(
        ("name", "stages"),
        [
            ("overview", 4),
            ("basic", 4),
            ("small", 4),
            ("modern", 4),
            pytest.param("vgg16", 5, marks=pytest.mark.slow),
        ],
    )
    def test_of_every_kind_are_traced(self, name, stages, output):
        model = build_network(name, (None, None, 3), 7, output=output)
        image = picture(17, 22)
        trace = trace_unpooling(model, image)
        assert len(trace.stages) == stages
        check_against_loops(trace)
        np.testing.assert_allclose(trace.probabilities, predict_probabilities(model, image)[0], atol=1e-5)
        np.testing.assert_array_equal(trace.image, image)

    @pytest.mark.parametrize("size", [(16, 16), (45, 61), (16, 33), (64, 17)])
    def test_of_any_size_are_traced(self, model, size):
        image = picture(*size)
        trace = trace_unpooling(model, image)
        check_against_loops(trace)
        np.testing.assert_allclose(trace.probabilities, predict_probabilities(model, image)[0], atol=1e-5)

    def test_of_a_fixed_size_and_loaded_from_a_file(self, tmp_path):
        model = segnet_basic((16, 24, 3), 4, filters=3, kernel_size=3)
        model.save(tmp_path / "basic.keras")
        for network in (model, load_model(tmp_path / "basic.keras")):
            check_against_loops(trace_unpooling(network, picture(16, 24)))

    def test_pairs_are_found_by_the_graph_not_by_names(self):
        inputs = keras.Input((None, None, 3))
        x, first = MaxPoolingWithIndices2D(name="unpool9")(inputs)
        y, second = MaxPoolingWithIndices2D(name="zebra")(x)
        y = MaxUnpooling2D(name="pool1")([y, second, x])
        y = keras.layers.Conv2D(3, 3, padding="same")(keras.layers.ReLU()(y))
        y = MaxUnpooling2D(name="aardvark")([y, first, inputs])
        y = keras.layers.Conv2D(2, 1)(y)
        trace = trace_unpooling(keras.Model(inputs, y), picture(7, 10))
        check_against_loops(trace)
        assert [stage.dense.shape[2] for stage in trace.stages] == [2, 3]
        np.testing.assert_array_equal(trace.stages[0].features, trace.image)

    def test_dense_is_the_first_convolution_before_normalisation(self, model, trace):
        # Stage 2 begins with a residual block, whose first convolution reads the unpooled map.
        for number, name in enumerate(["decoder1_conv", "decoder2_block1_a_conv", "decoder3_conv"]):
            stage = trace.stages[number]
            expected = model.get_layer(name)(stage.unpooled[None])
            np.testing.assert_allclose(stage.dense, np.asarray(expected)[0], atol=1e-5)

    def test_half_precision_gives_single_precision_maps(self):
        keras.config.set_dtype_policy("mixed_bfloat16")
        try:
            check_against_loops(trace_unpooling(small_network(), picture(16, 18)))
        finally:
            keras.config.set_dtype_policy("float32")

    def test_new_weights_are_seen(self):
        model = small_network()
        before = trace_unpooling(model, picture(16, 16))
        model.set_weights([2 * weight for weight in model.get_weights()])
        after = trace_unpooling(model, picture(16, 16))
        assert not np.allclose(before.stages[0].features, after.stages[0].features)
        check_against_loops(after)

    def test_a_traced_network_can_be_forgotten(self):
        model = small_network()
        trace_unpooling(model, picture(16, 16))
        gone = weakref.ref(model)
        del model
        gc.collect()
        assert gone() is None


class TestZeros:
    def test_counted_by_hand(self):
        # Window (0, 0) of a 4 x 4 map gets 5, window (1, 1) gets 0, the others 1 and 2: three numbers that
        # are not zero in sixteen places, so 13 / 16. The dense map has two channels; channel 2 looks at
        # channel 0, where 6 of 16 places are zero.
        indices = np.zeros((2, 2, 3), np.uint8)
        values = np.zeros((2, 2, 3), np.float32)
        values[..., 2] = [[5, 1], [2, 0]]
        unpooled = oracles.unpool(values[None], indices[None], 4, 4)[0]
        dense = np.ones((4, 4, 2), np.float32)
        dense[1, :, 0] = 0
        dense[2, :2, 0] = -0.0
        stage = StageTrace(1, np.zeros((4, 4, 3), np.float32), values, indices, values, unpooled, dense)
        assert stage.zero_share_before(2) == 13 / 16
        assert stage.zero_share_before(0) == 1
        assert [stage.dense_channel(channel) for channel in (0, 1, 2)] == [0, 1, 0]
        assert stage.zero_share_after(2) == stage.zero_share_after(0) == 6 / 16
        assert stage.zero_share_after(1) == 0

    def test_of_a_network(self, trace):
        for stage, channel in itertools.product(trace.stages, (0, 3)):
            height, width = stage.size
            zeros = sum(
                stage.unpooled[y, x, channel] == 0 for y, x in itertools.product(range(height), range(width))
            )
            assert stage.zero_share_before(channel) == pytest.approx(zeros / (height * width))
            assert stage.zero_share_before(channel) >= 0.7


def walk(trace, y, x, stage, channel):
    """The path written out with divisions: what each stage sees down, then where it leads up."""
    down, places = [], (y, x)
    for at in trace.stages:
        window = (places[0] // 2, places[1] // 2)
        if at.number == stage:
            heard = channel
        else:
            heard = max(range(at.channels), key=lambda c, at=at, window=window: at.pooled[(*window, c)])
        down.append((places, window, heard))
        places = window
    up = []
    for at, (_, _, heard) in zip(reversed(trace.stages), reversed(down), strict=True):
        dy, dx = divmod(int(at.indices[places[0], places[1], heard]), 2)
        target = (places[0] * 2 + dy, places[1] * 2 + dx)
        up.insert(0, (places, target))
        places = target
    return down, up


class TestPaths:
    @few
    @given(random_traces, st.data())
    def test_follow_the_walk(self, trace, data):
        height, width, _ = trace.image.shape
        y, x = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
        stage = data.draw(st.integers(1, len(trace.stages)))
        channel = data.draw(st.integers(0, trace.stage(stage).channels - 1))
        path = trace.path(y, x, stage=stage, channel=channel)
        down, up = walk(trace, y, x, stage, channel)
        assert (path.pixel, path.stage, path.channel) == ((y, x), stage, channel)
        assert [(step.pixel, step.window, step.channel) for step in path.steps] == down
        assert [(step.source, step.returned) for step in path.steps] == up
        assert path.bottleneck == path.steps[-1].source == down[-1][1]
        assert path.returned == up[0][1]
        for step, at in zip(path.steps, trace.stages, strict=True):
            rows, columns = at.size
            for dy, dx in itertools.product(range(2), range(2)):
                place = (2 * step.window[0] + dy, 2 * step.window[1] + dx)
                if place[0] < rows and place[1] < columns:
                    assert step.numbers[dy, dx] == at.features[(*place, step.channel)]
                else:
                    assert np.isnan(step.numbers[dy, dx])
            # The winner holds the maximum, and the value that the decoder places is found where it says.
            assert at.features[(*step.winner, step.channel)] == np.nanmax(step.numbers)
            assert divmod(step.index, 2) == (step.winner[0] % 2, step.winner[1] % 2)
            assert step.won == (step.pixel == step.winner)
            assert at.unpooled[(*step.returned, step.channel)] == np.float32(step.value)

    def test_by_hand(self):
        # A 4 x 4 image whose window (1, 0) has its maximum bottom left, at (3, 0); its second stage has it
        # top right, window (0, 1), whose first-stage maximum is top left, at (0, 2). So pixel (2, 1) goes
        # down to window (1, 0) and to the bottleneck (0, 0), and comes back at (0, 1) and then at (0, 2).
        first = np.array([[1, 1, 7, 2], [1, 4, 3, 5], [0, 2, 0, 3], [6, 2, 1, 1]], np.float32)
        second = np.array([[4, 7], [6, 3]], np.float32)
        stages = []
        for number, features in enumerate((first, second), start=1):
            features = features[None, ..., None]
            pooled, indices, _ = oracles.pool(features)
            unpooled = oracles.unpool(-pooled, indices, *features.shape[1:3])
            maps = (features, pooled, indices, -pooled, unpooled, unpooled)
            stages.append(StageTrace(number, *(array[0] for array in maps)))
        trace = UnpoolingTrace(picture(4, 4), tuple(stages), np.ones((4, 4, 2), np.float32))
        path = trace.path(2, 1)
        one, two = path.steps
        assert (one.pixel, one.window, one.winner, one.index, one.won) == ((2, 1), (1, 0), (3, 0), 2, False)
        assert one.numbers.tolist() == [[0, 2], [6, 2]]
        assert (two.pixel, two.window, two.winner, two.index, two.won) == ((1, 0), (0, 0), (0, 1), 1, False)
        assert (two.source, two.returned, two.value) == ((0, 0), (0, 1), -7.0)
        assert (one.source, one.returned, one.value) == ((0, 1), (0, 2), -7.0)
        assert path.returned == (0, 2)
        assert trace.path(0, 2).steps[0].won

    def test_as_dict_is_json_and_has_no_nan(self, trace):
        path = trace.path(44, 60, stage=2, channel=1)
        plain = path.as_dict()
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain
        assert (plain["pixel"], plain["stage"], plain["channel"]) == ([44, 60], 2, 1)
        # 45 x 61: the last window of the first stage has one pixel only.
        numbers = plain["steps"][0]["numbers"]
        assert numbers[0][1] is None and numbers[1] == [None, None]
        for step, kept in zip(plain["steps"], path.steps, strict=True):
            assert tuple(step["returned"]) == kept.returned
            assert (step["value"], step["won"], step["index"]) == (kept.value, kept.won, kept.index)

    def test_numpy_integers_are_integers(self, trace):
        assert trace.path(np.int64(3), np.uint8(4)).as_dict() == trace.path(3, 4).as_dict()


class TestLists:
    def test_trace_on_first_access_and_keep_a_few(self, model, monkeypatch):
        from segnet_nb.probes import traces as module

        seen = []

        def watched(network, image):
            seen.append(int(image[0, 0, 0]))
            return trace_unpooling(network, image)

        monkeypatch.setattr(module, "trace_unpooling", watched)
        images = [np.full((16, 16 + i, 3), i, np.uint8) for i in range(4)]
        traces = trace_images(model, images, keep=2)
        assert (len(traces), seen) == (4, [])
        assert traces[1] is traces[1]
        assert traces[-1].image.shape == (16, 19, 3)
        assert seen == [1, 3]
        assert traces[1] is traces[-3]  # asked for again, so image 3 is the one to go
        assert traces[0].image.shape == (16, 16, 3)
        assert traces[1].image.shape == (16, 17, 3)
        assert seen == [1, 3, 0]
        assert traces[3] is not None
        assert seen == [1, 3, 0, 3]

    def test_iteration_and_repr(self, model):
        traces = TraceList(model, np.stack([picture(16, 16, seed) for seed in range(2)]))
        assert repr(traces) == "TraceList(2 images, segnet_modern)"
        for trace, seed in zip(traces, range(2), strict=True):
            np.testing.assert_array_equal(trace.image, picture(16, 16, seed))

    def test_errors(self, model):
        with pytest.raises(ValueError, match=r"images is empty"):
            trace_images(model, [])
        with pytest.raises(ValueError, match=r"got shape \(16, 16, 3\)\. Pass \[image\]"):
            trace_images(model, picture(16, 16))
        with pytest.raises(ValueError, match="keep must be at least 1, but got 0"):
            trace_images(model, [picture(16, 16)], keep=0)
        with pytest.raises(TypeError, match=r"uint8 in 0\.\.255, but got float64"):
            trace_images(model, [picture(16, 16) / 255])
        traces = trace_images(model, [picture(16, 16)])
        with pytest.raises(IndexError, match=r"in 0\.\.0, but got 1"):
            traces[1]
        with pytest.raises(TypeError, match="slices are not supported"):
            traces[:1]


class TestErrors:
    def test_not_a_network(self):
        with pytest.raises(TypeError, match=r"a keras\.Model, but got str\. Build one with"):
            trace_unpooling("small", picture(16, 16))

    def test_networks_without_the_layers_of_this_package(self):
        inputs = keras.Input((16, 16, 3))
        plain = keras.Model(inputs, keras.layers.Conv2D(2, 1)(inputs), name="plain")
        with pytest.raises(ValueError, match=r"'plain' is not a SegNet .* no MaxPoolingWithIndices2D"):
            trace_unpooling(plain, picture(16, 16))
        pooled = keras.Model(inputs, MaxPoolingWithIndices2D()(inputs)[0], name="half")
        with pytest.raises(ValueError, match=r"'half' is not a SegNet .* no MaxUnpooling2D"):
            trace_unpooling(pooled, picture(16, 16))

    def test_a_pooling_with_unused_indices(self):
        inputs = keras.Input((None, None, 3))
        x, indices = MaxPoolingWithIndices2D(name="first")(inputs)
        y, _ = MaxPoolingWithIndices2D(name="lost")(x)
        y = keras.layers.UpSampling2D()(y)
        y = keras.layers.Conv2D(2, 1)(MaxUnpooling2D()([keras.layers.Conv2D(3, 1)(y), indices, inputs]))
        with pytest.raises(ValueError, match=r"uses the indices of 'lost'"):
            trace_unpooling(keras.Model(inputs, y), picture(16, 16))

    def test_an_unpooling_without_a_convolution(self):
        inputs = keras.Input((None, None, 3))
        x, indices = MaxPoolingWithIndices2D()(inputs)
        bare = keras.Model(inputs, MaxUnpooling2D(name="last")([x, indices, inputs]))
        with pytest.raises(ValueError, match="no convolution follows last"):
            trace_unpooling(bare, picture(16, 16))

    def test_invalid_images(self, model):
        with pytest.raises(ValueError, match=r"batch of shape \(1, 16, 16, 3\)\. Pass images\[0\]"):
            trace_unpooling(model, picture(16, 16)[None])
        for shape in [(16, 16), (16, 16, 4), (0, 16, 3)]:
            with pytest.raises(ValueError, match=r"shape \(height, width, 3\), but"):
                trace_unpooling(model, np.zeros(shape, np.uint8))
        with pytest.raises(TypeError, match=r"got float32\. Scale floats"):
            trace_unpooling(model, np.zeros((16, 16, 3), np.float32))
        fixed = segnet_basic((16, 24, 3), 4, filters=3, kernel_size=3)
        with pytest.raises(ValueError, match=r"must have the shape \(16, 24, 3\).*but got \(24, 16, 3\)"):
            trace_unpooling(fixed, picture(24, 16))

    @pytest.mark.parametrize(
        ("request_", "message"),
        [
            ({"y": 45}, r"y must be in 0\.\.44, but got 45\. The image has 45 x 61 pixels"),
            ({"y": -1}, r"y must be in 0\.\.44, but got -1"),
            ({"x": 61}, r"x must be in 0\.\.60, but got 61"),
            ({"stage": 0}, r"stage must be in 1\.\.3, but got 0\. The network has 3 stages"),
            ({"stage": 4}, r"stage must be in 1\.\.3, but got 4"),
            ({"channel": 4}, r"channel must be in 0\.\.3, but got 4\. Stage 1 has 4 channels"),
            ({"stage": 2, "channel": 6}, r"channel must be in 0\.\.5, but got 6\. Stage 2 has 6"),
        ],
    )
    def test_positions_out_of_range(self, trace, request_, message):
        with pytest.raises(ValueError, match=message):
            trace.path(**{"y": 0, "x": 0, **request_})

    def test_not_an_integer(self, trace):
        with pytest.raises(TypeError, match=r"y must be an integer, but got 1\.5"):
            trace.path(1.5, 0)
        with pytest.raises(TypeError, match="channel must be an integer, but got 'a'"):
            trace.stages[0].zero_share_before("a")

    def test_a_trace_is_read_only(self, trace):
        image = picture(16, 16)
        for array in (
            trace.image,
            trace.probabilities,
            trace.stages[0].dense,
            trace.path(0, 0).steps[0].numbers,
        ):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
        UnpoolingTrace(image, (), np.ones((16, 16, 2), np.float32))
        image[0] = 0  # what a trace was made from stays its owner's
