"""The mask inspector driven by its traits; its picture against one made pixel by pixel."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
import traitlets
from PIL import Image

from segnet_nb import probes
from segnet_nb.datasets import CAMVID
from segnet_nb.datasets.classes import ClassList
from segnet_nb.visualizers import safe_colors
from segnet_nb.widgets import MaskInspector
from segnet_nb.widgets.mask_inspector import explorer as module, picture

HEIGHT, WIDTH, COUNT = 9, 14, 4


def drawn_predictions(seed=0, count=COUNT, height=HEIGHT, width=WIDTH, classes=CAMVID):
    """Predictions without a network: random classes in blocks, so that there are outlines and areas."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 12, (count, -(-height // 3), -(-width // 3)))
    labels = blocks.repeat(3, 1).repeat(3, 2)[:, :height, :width].astype(np.uint8)
    ranked = rng.permuted(np.tile(np.arange(11, dtype=np.uint8), (count, height, width, 1)), axis=-1)[..., :3]
    keep = rng.random(labels.shape) < 0.6
    first = np.where(keep & (labels < 11), labels, ranked[..., 0])
    ranked = np.stack([first, (first + 1) % 11, (first + 2) % 11], -1).astype(np.uint8)
    shares = np.sort(rng.dirichlet(np.ones(11), labels.shape), -1)[..., ::-1][..., :3]
    images = rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    names = tuple(f"picture {i}" for i in range(count))
    return probes.Predictions(images, labels, classes, names, ranked, shares.astype(np.float16))


@pytest.fixture
def predictions():
    return drawn_predictions()


@pytest.fixture
def inspector(predictions):
    made = MaskInspector(predictions)
    yield made
    made.close()


def expected_picture(predictions, inspector):
    """The picture by loops, in words: which class colours a pixel, then its colour."""
    i = inspector.image
    photo, truth = predictions.images[i], predictions.labels[i]
    guess = predictions.top_classes[i, ..., 0]
    percent = [[round(100 * float(p)) for p in row] for row in predictions.top_probabilities[i, ..., 0]]
    palette = (safe_colors(CAMVID) if inspector.colors == "safe" else CAMVID).colors
    hidden = {CAMVID.index(name) for name in inspector.hidden} | {11}
    least = math.floor(100 * inspector.threshold + 0.5)
    curtain = math.floor(inspector.curtain * WIDTH + 0.5)

    def source(x):
        if inspector.overlay == "compare":
            return "truth" if x < curtain else "prediction"
        return inspector.overlay

    def key(y, x):
        kind = source(x)
        if kind == "none" or (kind != "truth" and percent[y][x] < least):
            return None
        if kind == "errors" and (truth[y, x] == 11 or truth[y, x] == guess[y, x]):
            return None
        chosen = int(truth[y, x] if kind == "truth" else guess[y, x])
        return None if chosen in hidden else chosen

    def mixed(below, above, weight):
        return tuple(
            (int(b) * (256 - weight) + int(a) * weight + 128) // 256
            for b, a in zip(below, above, strict=True)
        )

    out = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            color = tuple(int(v) for v in photo[y, x])
            if inspector.overlay == "errors":
                color = ((color[0] * 77 + color[1] * 151 + color[2] * 28) // 256,) * 3
            if source(x) in ("prediction", "errors") and percent[y][x] < least and (x + y) % 4 == 0:
                color = tuple(v // 2 for v in color)
            mine = key(y, x)
            if mine is not None:
                around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
                inside = [key(v, u) for v, u in around if 0 <= v < HEIGHT and 0 <= u < WIDTH]
                if inspector.drawing == "fill":
                    color = mixed(color, palette[mine], math.floor(256 * inspector.opacity + 0.5))
                elif any(other != mine for other in inside):
                    color = palette[mine]
            if inspector.cell:
                wanted = [CAMVID.index(name) for name in inspector.cell]
                if [truth[y, x], guess[y, x]] == wanted:
                    color = mixed(color, (240, 228, 66), 224)
                else:
                    color = tuple((v * 90 + 128) // 256 for v in color)
            out[y, x] = color
    return out


STATES = [
    {},
    {"opacity": 0.0},
    {"opacity": 1.0},
    {"opacity": 0.37, "image": 2},
    {"overlay": "truth"},
    {"overlay": "none"},
    {"overlay": "errors", "opacity": 0.8},
    {"overlay": "errors", "threshold": 0.25},
    {"overlay": "compare", "curtain": 0.5},
    {"overlay": "compare", "curtain": 0.0, "threshold": 0.3},
    {"overlay": "compare", "curtain": 1.0, "threshold": 0.3},
    {"overlay": "compare", "curtain": 0.33, "drawing": "outline"},
    {"threshold": 0.28},
    {"threshold": 1.0},
    {"drawing": "outline"},
    {"drawing": "outline", "overlay": "truth", "hidden": ["Sky", "Road"]},
    {"hidden": ["Road", "Car", "Tree"]},
    {"hidden": list(CAMVID.names)},
    {"colors": "safe", "opacity": 0.9},
    {"cell": ["Road", "Road"]},
    {"cell": ["Sky", "Building"], "overlay": "errors", "threshold": 0.2},
]


@pytest.mark.parametrize(
    "state", STATES, ids=lambda state: ",".join(f"{k}={v}" for k, v in state.items()) or "default"
)
def test_the_picture_is_the_one_made_by_loops(predictions, inspector, state):
    for name, value in state.items():
        setattr(inspector, name, value)
    np.testing.assert_array_equal(inspector.picture(), expected_picture(predictions, inspector))
    assert inspector.error == ""


def test_settings_can_be_given_at_once(predictions):
    state = {"image": 1, "opacity": 0.2, "hidden": ["sky"], "cell": ["road", "CAR"], "pixel": [1, 2]}
    made = MaskInspector(predictions, **state)
    assert made.image == 1
    assert made.hidden == ["Sky"]  # names as the class list spells them
    assert made.cell == ["Road", "Car"]
    assert made.answer["percent"]


def test_blending_by_hand():
    # 100 under a class of 200 at half opacity: (100 * 128 + 200 * 128 + 128) >> 8 = 38528 >> 8 = 150.
    one = np.zeros((1, 1), np.uint8)
    data = picture.MaskData(np.full((1, 1, 3), 100, np.uint8), one, one, one + 90)
    palette = np.array([[200, 200, 200], [0, 0, 0]], np.uint8)
    state = picture.MaskState(opacity=0.5)
    assert picture.compose(data, state, palette).tolist() == [[[150, 150, 150]]]
    # Less certain than asked, at (0, 0): halved to 50 and not coloured.
    state = picture.MaskState(opacity=0.5, threshold=91)
    assert picture.compose(data, state, palette).tolist() == [[[50, 50, 50]]]


class TestAnswers:
    def test_a_pixel(self, predictions, inspector):
        assert inspector.answer == {}
        inspector.image = 3
        inspector.pixel = [4, 5]
        names = [*CAMVID.names, "void"]
        assert inspector.answer == {
            "truth": names[predictions.labels[3, 4, 5]],
            "classes": [names[c] for c in predictions.top_classes[3, 4, 5]],
            "percent": [round(100 * float(p)) for p in predictions.top_probabilities[3, 4, 5]],
        }
        inspector.pixel = []
        assert inspector.answer == {}

    def test_worst_images_first(self, predictions, inspector):
        assert inspector.order == sorted(range(COUNT), key=lambda i: predictions.mean_ious[i])
        assert len(set(predictions.mean_ious)) == COUNT  # so that the order says something

    def test_with_a_cell_those_with_most_of_its_pixels(self, predictions, inspector):
        inspector.cell = ["Road", "Tree"]
        truth, guess = predictions.labels == 3, predictions.top_classes[..., 0] == 5
        most = (truth & guess).sum((1, 2))
        assert [most[i] for i in inspector.order] == sorted(most, reverse=True)
        inspector.cell = []
        assert inspector.order == sorted(range(COUNT), key=lambda i: predictions.mean_ious[i])

    def test_certainty(self, predictions, inspector):
        inspector.threshold = 0.3
        known = sure = right = 0
        for t, g, p in zip(
            predictions.labels[0].flat,
            predictions.top_classes[0, ..., 0].flat,
            predictions.top_probabilities[0, ..., 0].flat,
            strict=True,
        ):
            if t != 11:
                known += 1
                sure += round(100 * float(p)) >= 30
                right += round(100 * float(p)) >= 30 and t == g
        assert 0 < sure < known
        assert inspector.certainty() == pytest.approx((sure / known, right / sure))


class TestRefused:
    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("image", 4, "there is no image 4: choose from 0 to 3"),
            ("image", -1, "there is no image -1"),
            ("hidden", ["Sky", "Unicorn"], "unknown class 'Unicorn'. Choose from: Sky, Building"),
            ("cell", ["Sky"], r"cell must be \[true class, predicted class\], or \[\] for none"),
            ("cell", ["Sky", "Moon"], "unknown class 'Moon'"),
            ("pixel", [9, 0], r"pixel must be \[y, x\] below \[9, 14\]"),
            ("pixel", [1], r"pixel must be \[y, x\]"),
            ("opacity", 1.5, "opacity"),
            ("threshold", -0.1, "threshold"),
            ("overlay", "lies", "overlay"),
            ("drawing", "dots", "drawing"),
            ("zoom", 0.5, "zoom"),
        ],
    )
    def test_impossible_values_raise_and_change_nothing(self, inspector, name, value, message):
        before = getattr(inspector, name)
        with pytest.raises(traitlets.TraitError, match=message):
            setattr(inspector, name, value)
        assert getattr(inspector, name) == before

    def test_from_the_browser_they_are_shown(self, inspector):
        inspector.set_state({"image": 77})
        assert "there is no image 77" in inspector.error
        assert inspector.image == 0
        inspector.set_state({"image": 2})
        assert (inspector.error, inspector.image) == ("", 2)

    def test_what_is_no_prediction(self):
        with pytest.raises(TypeError, match=r"expected the predictions of a network, but got ndarray\. Pass"):
            MaskInspector(np.zeros(3))

    def test_a_setting_that_does_not_exist(self, predictions):
        with pytest.raises(TypeError, match="has no setting 'opaque'"):
            MaskInspector(predictions, opaque=1)

    def test_more_classes_than_safe_colours(self):
        classes = ClassList(tuple("abcdefghijkl"), tuple((i, i, i) for i in range(13)))
        with pytest.raises(ValueError, match=r"palette has 11 colours, but got 12 classes"):
            safe_colors(classes)


class TestWhatTravels:
    def decoded(self, inspector, number):
        parts = inspector.pictures[str(number)]
        return {name: np.array(Image.open(io.BytesIO(data))) for name, data in parts.items()}

    def test_pixels_arrive_whole(self, predictions, inspector):
        parts = self.decoded(inspector, 2)
        np.testing.assert_array_equal(parts["truth"], predictions.labels[2])
        planes = parts["classes"].reshape(3, HEIGHT, WIDTH)
        np.testing.assert_array_equal(np.moveaxis(planes, 0, -1), predictions.top_classes[2])
        percent = np.moveaxis(parts["percent"].reshape(3, HEIGHT, WIDTH), 0, -1)
        assert np.abs(percent - 100 * predictions.top_probabilities[2].astype(float)).max() <= 0.51
        assert parts["photo"].shape == (HEIGHT, WIDTH, 3)

    def test_matrices_arrive_as_whole_numbers(self, predictions, inspector):
        sent = np.frombuffer(inspector.matrices, "<i4").reshape(COUNT, 11, 11)
        np.testing.assert_array_equal(sent, predictions.matrices)

    def test_only_so_much_travels_at_once(self, predictions, monkeypatch):
        monkeypatch.setattr(module, "EMBEDDED_BYTES", 1)
        made = MaskInspector(predictions, image=3)
        assert list(made.pictures) == ["3"]
        sent = []
        made.send = lambda content, buffers=None: sent.append((content, buffers))
        made._receive(made, {"kind": "picture", "image": 1}, [])
        ((content, buffers),) = sent
        assert content == {"kind": "picture", "image": 1, "parts": ["photo", "truth", "classes", "percent"]}
        np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(buffers[1]))), predictions.labels[1])

    def test_a_request_for_nothing_is_an_error_that_is_shown(self, inspector):
        inspector._receive(inspector, {"kind": "picture", "image": 99}, [])
        assert "99" in inspector.error

    def test_no_float_array_in_the_state(self, inspector):
        state = {
            k: v
            for k, v in inspector.get_state().items()
            if k not in ("_esm", "_css", "pictures", "matrices")
        }
        assert len(json.dumps(state, default=str)) < 5000


class TestAsAWidget:
    def test_repr_says_the_same_everywhere(self, inspector):
        assert repr(inspector) == "MaskInspector(4 images of 9 x 14, 11 classes)"

    def test_the_bundle_has_view_and_picture(self, inspector):
        data, _ = inspector._repr_mimebundle_()
        assert "application/vnd.jupyter.widget-view+json" in data
        assert data["image/jpeg"][:2] == b"\xff\xd8"
        assert data["text/plain"] == repr(inspector)

    def test_figure_shows_picture_and_matrix(self, predictions, inspector):
        inspector.cell, inspector.scope = ["Sky", "Road"], "all"
        left, right = inspector.figure().axes
        np.testing.assert_array_equal(left.images[0].get_array(), inspector.picture())
        total = predictions.matrices.sum(0)
        percent = 100 * total / np.maximum(total.sum(1, keepdims=True), 1)
        np.testing.assert_allclose(right.images[0].get_array() ** 2, percent)
        assert [label.get_text() for label in right.get_xticklabels()] == list(CAMVID.names)
        assert len(right.patches) == 1  # the frame of the cell

    def test_two_do_not_share_a_state(self, predictions):
        one, other = MaskInspector(predictions), MaskInspector(predictions)
        one.image, one.hidden = 2, ["Sky"]
        assert (other.image, other.hidden) == (0, [])

    def test_closing_frees_the_pixels(self, predictions):
        made = MaskInspector(predictions)
        made.picture()
        made.close()
        assert made.pictures == {} and made.matrices == b"" and made._percent == {}

    def test_a_browser_that_draws_it_is_noticed(self, inspector):
        assert not inspector.seen
        inspector._receive(inspector, {"kind": "seen"}, [])
        assert inspector.seen
