"""The index microscope driven without a browser: every control against pictures made another way."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image
from traitlets import TraitError

from segnet_nb.visualizers.feature_maps import ZERO_COLOR
from segnet_nb.visualizers.pooling import OFFSET_COLORS
from segnet_nb.widgets.index_microscope.explorer import IndexMicroscope, stage_picture
from tests.trace_cases import random_trace

SIZES = [(45, 61), (32, 48), (19, 22)]


def make_traces():
    return [
        random_trace(*size, stages=3, channels=3, kind=kind, seed=number)
        for number, (size, kind) in enumerate(zip(SIZES, ("normal", "relu", "ties"), strict=True))
    ]


@pytest.fixture
def traces():
    return make_traces()


@pytest.fixture
def microscope(traces):
    return IndexMicroscope(traces, names=("a", "b", "c"))


def decoded(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def rgb(color):
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]


def percentile(values, share):
    """The number a share of the way up, between its neighbours by a straight line."""
    ordered = sorted(map(float, values.ravel()))
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


STEPS = [
    [round(255 * part) for part in colormaps["viridis"](0.16 + 0.84 * step / 254)[:3]] for step in range(255)
]


def painted(values, scale):
    """A map in colours, pixel by pixel: the nearest of 255 steps of viridis, zero on its own."""
    low, high = percentile(scale, 0.005), percentile(scale, 0.995)
    picture = np.zeros((*values.shape, 3), np.uint8)
    for place, value in np.ndenumerate(values):
        if value == 0:
            picture[place] = rgb(ZERO_COLOR)
            continue
        share = (min(max(float(value), low), high) - low) / (high - low) if high > low else 0.5
        picture[place] = STEPS[int(share * 254 + 0.5)]
    return picture


def expected_maps(trace, stage, channel):
    at = trace.stages[stage - 1]
    features, dense = at.features[..., channel], at.dense[..., channel % at.dense.shape[2]]
    indices = np.array([[rgb(OFFSET_COLORS[offset]) for offset in row] for row in at.indices[..., channel]])
    return {
        "features": painted(features, features),
        "pooled": painted(at.pooled[..., channel], features),
        "indices": indices,
        "unpooled": painted(at.unpooled[..., channel], at.values[..., channel]),
        "dense": painted(dense, dense),
    }


def check_picture(microscope, trace):
    stage, channel = microscope.stage, microscope.channel
    picture = microscope.picture
    assert (picture["stage"], picture["channel"]) == (stage, channel)
    for name, expected in expected_maps(trace, stage, channel).items():
        shown = decoded(picture["maps"][name])
        # One step of the palette may differ where float32 and float64 round a tie apart.
        np.testing.assert_allclose(shown.astype(int), expected.astype(int), atol=4, err_msg=name)
        assert (shown == expected).all(-1).mean() > 0.99
        assert picture["sizes"][name] == list(expected.shape[:2])
    np.testing.assert_array_equal(decoded(microscope.photo), trace.image)
    at = trace.stages[stage - 1]
    before = np.count_nonzero(at.unpooled[..., channel] == 0) / (at.size[0] * at.size[1])
    after = np.count_nonzero(at.dense[..., channel % 3] == 0) / (at.size[0] * at.size[1])
    assert microscope.zero_share == pytest.approx((before, after))
    assert microscope.path == trace.path(*microscope.pixel, stage=stage, channel=channel).as_dict()
    assert microscope.error == ""


class TestState:
    def test_begins_with_the_middle_of_the_first_image(self, microscope, traces):
        assert (microscope.image, microscope.stage, microscope.channel) == (0, 1, 0)
        assert microscope.pixel == (22, 30)
        check_picture(microscope, traces[0])

    def test_every_control(self, microscope, traces):
        for name, value in [
            ("stage", 3),
            ("channel", 5),
            ("pixel", (44, 60)),
            ("image", 1),
            ("stage", 2),
            ("channel", 1),
            ("pixel", (0, 47)),
            ("image", 2),
            ("image", 0),
        ]:
            setattr(microscope, name, value)
            assert getattr(microscope, name) == value
            check_picture(microscope, traces[microscope.image])

    def test_given_at_once(self, traces):
        microscope = IndexMicroscope(traces, channel=5, stage=3, pixel=(18, 21), image=2, zoom=4)
        assert (microscope.image, microscope.stage, microscope.channel) == (2, 3, 5)
        assert (microscope.pixel, microscope.zoom) == ((18, 21), 4)
        check_picture(microscope, traces[2])

    def test_from_a_browser(self, microscope, traces):
        microscope.set_state({"stage": 2, "channel": 4, "pixel": [30, 12]})
        assert (microscope.stage, microscope.channel, microscope.pixel) == (2, 4, (30, 12))
        check_picture(microscope, traces[0])

    def test_channel_falls_back_to_the_last(self, microscope, traces):
        microscope.stage = 3
        microscope.channel = 5
        microscope.stage = 1  # has four channels
        assert microscope.channel == 3
        check_picture(microscope, traces[0])

    def test_pixel_stays_inside_a_smaller_image(self, microscope, traces):
        microscope.pixel = (44, 60)
        microscope.image = 2
        assert microscope.pixel == (18, 21)
        check_picture(microscope, traces[2])

    def test_loudest_channel_at_the_pixel(self, microscope, traces):
        for stage, pixel in ((1, (44, 60)), (2, (7, 9)), (3, (40, 3))):
            microscope.stage, microscope.pixel = stage, pixel
            window = pixel[0] // 2**stage, pixel[1] // 2**stage
            numbers = list(traces[0].stages[stage - 1].pooled[window])
            microscope.channel = numbers.index(min(numbers))
            microscope._receive(None, {"kind": "loudest"}, [])
            assert microscope.channel == numbers.index(max(numbers)) == microscope.loudest()
            check_picture(microscope, traces[0])

    def test_frame_says_what_there_is(self, microscope):
        frame = microscope.frame
        assert frame["names"] == ["a", "b", "c"]
        assert frame["size"] == [45, 61]
        assert frame["stages"] == [
            {"size": [45, 61], "channels": 4},
            {"size": [23, 31], "channels": 5},
            {"size": [12, 16], "channels": 6},
        ]
        assert [color for color, _ in frame["offsets"]] == list(OFFSET_COLORS)
        assert [name for _, name in frame["offsets"]] == [
            "top left",
            "top right",
            "bottom left",
            "bottom right",
        ]

    def test_only_what_changed_is_sent(self, microscope):
        sent = []
        microscope.observe(lambda change: sent.append(change["name"]), names=["photo", "picture", "path"])
        microscope.pixel = (3, 3)
        assert sent == ["path"]
        sent.clear()
        microscope.channel = 2
        assert sorted(sent) == ["path", "picture"]
        sent.clear()
        microscope.image = 1
        assert sorted(sent) == ["path", "photo", "picture"]

    def test_state_that_a_new_view_gets(self, microscope):
        state = microscope.get_state()
        assert state["pixel"] == (22, 30)
        assert decoded(state["picture"]["maps"]["features"]).shape == (45, 61, 3)
        assert state["path"]["steps"][0]["stage"] == 1

    def test_names_and_repr(self, microscope, traces):
        assert repr(microscope) == "IndexMicroscope(3 images of 45 x 61, 3 stages)"
        assert repr(IndexMicroscope(traces[2:])) == "IndexMicroscope(1 image of 19 x 22, 3 stages)"
        assert IndexMicroscope(traces).frame["names"] == ["image 0", "image 1", "image 2"]

    def test_two_do_not_know_each_other(self, traces):
        first, second = IndexMicroscope(traces), IndexMicroscope(traces)
        first.stage, first.pixel = 2, (1, 1)
        assert (second.stage, second.pixel) == (1, (22, 30))
        check_picture(second, traces[0])


def paths_of(*pairs):
    return [{"channel": channel, "pixel": pixel} for channel, pixel in pairs]


class TestAhead:
    """What the view requests before its reader does."""

    @staticmethod
    def ask(microscope, **asked):
        sent = []
        microscope.send = lambda content, buffers=None: sent.append((content, buffers))
        here = {"image": microscope.image, "edition": microscope._edition, "stage": microscope.stage}
        nothing = {"pictures": [], "paths": []}
        microscope._receive(microscope, {"kind": "ahead", **here, **nothing, **asked}, [])
        ((content, buffers),) = sent
        return content, buffers

    def test_the_same_pictures_as_when_a_channel_is_chosen(self, microscope, traces):
        microscope.stage = 2
        content, buffers = self.ask(microscope, pictures=[3, 1])
        assert (content["kind"], content["stage"], content["edition"]) == ("ahead", 2, 0)
        at = 0
        for channel, found in zip([3, 1], content["pictures"], strict=True):
            maps = dict(zip(found["maps"], buffers[at : at + 5], strict=True))
            at += 5
            microscope.channel = channel
            expected = dict(microscope.picture)
            assert maps == expected.pop("maps")
            assert found["zero_share"] == microscope.zero_share
            rest = {key: value for key, value in found.items() if key not in ("maps", "zero_share")}
            assert {"image": 0, **rest} == expected

    def test_the_same_paths(self, microscope):
        asked = [[2, [7, 30]], [0, [7, 30]], [2, [44, 60]]]
        content, buffers = self.ask(microscope, paths=paths_of(*asked))
        assert buffers == []
        for channel, path in content["paths"]:
            microscope.channel, microscope.pixel = channel, path["pixel"]
            assert path == microscope.path
        assert [[channel, [*path["pixel"]]] for channel, path in content["paths"]] == asked

    def test_it_changes_nothing(self, microscope):
        before = microscope.get_state()
        self.ask(microscope, stage=2, pictures=[1], paths=paths_of([1, [1, 1]]))
        assert microscope.get_state() == before

    def test_another_image_or_another_network_gets_nothing(self, microscope, traces):
        for other in ({"image": 1}, {"edition": 1}):
            content, buffers = self.ask(microscope, pictures=[0], paths=paths_of([0, [0, 0]]), **other)
            assert (content["pictures"], content["paths"], buffers) == ([], [], [])
        microscope.traces = traces[:1]
        content, _ = self.ask(microscope, pictures=[0])
        assert content["edition"] == 1
        assert len(content["pictures"]) == 1

    def test_no_more_than_what_exists_and_little_at_once(self, microscope):
        # The image has 45 x 61 pixels, the stage 4 channels.
        wanted = [
            [4, [0, 0]],
            [1, [0, 0]],
            [1, [45, 0]],
            [1, [0, 61]],
            [1, [-1, 0]],
            [-1, [0, 0]],
            [3, [44, 60]],
        ]
        content, buffers = self.ask(microscope, pictures=[-1, 4, 0, 1, 2, 3, 0], paths=paths_of(*wanted))
        assert [found["channel"] for found in content["pictures"]] == [0, 1, 2, 3]
        assert len(buffers) == 20
        assert [(channel, path["pixel"]) for channel, path in content["paths"]] == [
            (1, [0, 0]),
            (3, [44, 60]),
        ]
        content, _ = self.ask(microscope, paths=paths_of([0, [0, 0]]) * 100)
        assert len(content["paths"]) == 64

    def test_a_channel_that_cannot_be_drawn_is_left_out_in_silence(self, traces):
        stage = traces[0].stages[0]
        features = stage.features.copy()
        features[0, 0, 1] = np.nan
        broken = replace(traces[0], stages=(replace(stage, features=features), *traces[0].stages[1:]))
        microscope = IndexMicroscope([broken])
        content, buffers = self.ask(microscope, pictures=[1, 2])
        assert [found["channel"] for found in content["pictures"]] == [2]
        assert (len(buffers), microscope.error) == (5, "")


class TestLaziness:
    def test_traces_are_asked_for_once_an_image(self, traces):
        asked = []

        class Watched(list):
            def __getitem__(self, number):
                asked.append(number)
                return super().__getitem__(number)

        microscope = IndexMicroscope(Watched(traces))
        microscope.stage, microscope.channel, microscope.pixel = 2, 1, (4, 4)
        assert asked == [0]
        microscope.image = 2
        microscope.figure()
        assert asked == [0, 2]

    def test_no_framework_is_loaded(self):
        code = (
            "import sys, segnet_nb.widgets.index_microscope; "
            "print(sorted({'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)))"
        )
        printed = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        assert printed.strip() == "[]"


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("image", 3, r"image must be in 0\.\.2, but got 3\. There are 3 images"),
            ("image", -1, r"image must be in 0\.\.2, but got -1"),
            ("stage", 0, r"stage must be in 1\.\.3, but got 0\. The network has 3 stages"),
            ("channel", 4, r"channel must be in 0\.\.3, but got 4\. Stage 1 has 4 channels"),
            ("pixel", (45, 0), r"y must be in 0\.\.44, but got 45\. The image has 45 x 61 pixels"),
            ("pixel", (0, -1), r"x must be in 0\.\.60, but got -1"),
            ("pixel", (1, 2, 3), "pixel"),
            ("zoom", 3, "zoom"),
        ],
    )
    def test_of_states(self, microscope, traces, name, value, message):
        before = getattr(microscope, name)
        with pytest.raises(TraitError, match=message):
            setattr(microscope, name, value)
        assert getattr(microscope, name) == before
        check_picture(microscope, traces[0])
        with pytest.raises(TraitError, match=message):
            IndexMicroscope(traces, **{name: value})

    def test_from_a_browser_are_shown_and_taken_back(self, microscope, traces):
        microscope.set_state({"channel": 9})
        assert "channel must be in 0..3, but got 9" in microscope.error
        assert microscope.channel == 0
        microscope.channel = 1
        check_picture(microscope, traces[0])

    def test_of_what_are_no_traces(self, traces):
        with pytest.raises(TypeError, match=r"expected a sequence of traces, but got object\. Pass"):
            IndexMicroscope(object())
        with pytest.raises(TypeError, match="expected a sequence of traces, but got UnpoolingTrace"):
            IndexMicroscope(traces[0])
        with pytest.raises(TypeError, match="expected traces, but got ndarray"):
            IndexMicroscope(np.zeros((2, 16, 16, 3), np.uint8))
        with pytest.raises(ValueError, match="there are no traces"):
            IndexMicroscope([])
        with pytest.raises(ValueError, match="one entry for each of 3 images, but got 1"):
            IndexMicroscope(traces, names=["a"])

    def test_of_traces_of_another_network(self, traces):
        other = random_trace(16, 16, stages=2, channels=3, kind="normal", seed=0)
        microscope = IndexMicroscope([*traces, other])
        with pytest.raises(TraitError, match="image 3 was traced in another network"):
            microscope.image = 3
        assert microscope.image == 0

    def test_an_image_that_cannot_be_traced_is_not_chosen(self, traces):
        class Broken(list):
            def __getitem__(self, number):
                if number == 1:
                    raise MemoryError("no room for this trace")
                return super().__getitem__(number)

        microscope = IndexMicroscope(Broken(traces))
        with pytest.raises(MemoryError):
            microscope.image = 1
        assert (microscope.image, microscope.busy) == (0, False)
        microscope.set_state({"image": 1})
        assert microscope.error == "no room for this trace"
        microscope.image = 2
        check_picture(microscope, traces[2])

    def test_maps_that_cannot_be_drawn_are_shown_as_an_error(self, traces):
        well = random_trace(16, 16, stages=1, channels=3, kind="normal", seed=0)
        dense = well.stages[0].dense.copy()
        dense[3, 3, 1] = np.nan
        sick = replace(well, stages=(replace(well.stages[0], dense=dense),))
        microscope = IndexMicroscope([sick])
        microscope.channel = 1
        assert "the network has diverged" in microscope.error
        microscope.channel = 2
        check_picture(microscope, sick)


class TestPictures:
    def test_of_a_stage_alone(self, traces):
        picture = stage_picture(traces[0], 2, 4)
        assert (picture["stage"], picture["channel"], picture["dense_channel"]) == (2, 4, 1)
        assert set(picture["spans"]) == {"features", "pooled", "unpooled", "dense"}
        low, high = picture["spans"]["features"]
        features = traces[0].stages[1].features[..., 4]
        assert (low, high) == pytest.approx((percentile(features, 0.005), percentile(features, 0.995)))

    def test_figure_of_the_present_state(self, microscope, traces):
        microscope.stage, microscope.channel, microscope.pixel, microscope.zoom = 2, 1, (10, 20), 2
        figure = microscope.figure()
        axes = {axis.get_label(): axis for axis in figure.axes}
        assert set(axes) >= {"image", "features", "pooled", "indices", "unpooled", "dense", "window 3"}
        np.testing.assert_array_equal(
            axes["features"].images[0].get_array(), decoded(microscope.picture["maps"]["features"])
        )
        assert np.ptp(axes["image"].get_xlim()) == pytest.approx(61 / 2)
        data, _ = microscope._repr_mimebundle_()
        assert data["image/jpeg"][:2] == b"\xff\xd8"

    def test_text_of_the_module_is_small(self, microscope):
        assert len(microscope._esm) + len(microscope._css) < 46_000


def test_close_lets_go(microscope):
    microscope.close()
    assert (microscope.photo, microscope.picture) == (b"", {})
    assert repr(microscope) == "IndexMicroscope(closed)"
    with pytest.raises(RuntimeError, match=r"closed\. Make a new one"):
        microscope.figure()
