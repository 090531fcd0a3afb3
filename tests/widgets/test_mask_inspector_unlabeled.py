"""The mask inspector for images without labels: certainty instead of scores, and what needs labels is off."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
import traitlets

from segnet_nb import probes
from segnet_nb.datasets import CAMVID
from segnet_nb.datasets.base import Dataset
from segnet_nb.networks.model import segnet_basic
from segnet_nb.widgets import MaskInspector
from segnet_nb.widgets.mask_inspector import picture, questions
from tests.widgets.test_mask_inspector import COUNT, HEIGHT, WIDTH, drawn_predictions


@pytest.fixture
def bare():
    return dataclasses.replace(drawn_predictions(), labels=None)


@pytest.fixture
def inspector(bare):
    made = MaskInspector(bare)
    yield made
    made.close()


def whole_percents(bare, image):
    return [round(100 * float(p)) for p in bare.top_probabilities[image, ..., 0].flat]


def test_it_says_so(inspector):
    assert not inspector.has_labels
    assert repr(inspector) == "MaskInspector(4 images of 9 x 14, 11 classes, no labels)"
    inspector.pixel = [2, 3]
    assert inspector.answer["truth"] is None and len(inspector.answer["classes"]) == 3


def test_the_picture_is_that_of_the_prediction(bare, inspector):
    with_labels = MaskInspector(drawn_predictions())
    for overlay in ("prediction", "none"):
        for one in (inspector, with_labels):
            one.overlay, one.threshold = overlay, 0.3
        np.testing.assert_array_equal(inspector.picture(), with_labels.picture())


@pytest.mark.parametrize("overlay", ["truth", "compare", "errors"])
def test_what_needs_labels_is_refused_with_the_reason(inspector, overlay):
    with pytest.raises(
        traitlets.TraitError, match=f"overlay '{overlay}' needs labels, and these images have"
    ):
        inspector.overlay = overlay
    inspector.set_state({"overlay": overlay})
    assert "needs labels" in inspector.error and inspector.overlay == "prediction"
    with pytest.raises(traitlets.TraitError, match=r"cell \['Sky', 'Road'\] needs labels"):
        inspector.cell = ["Sky", "Road"]


def test_the_share_of_certain_pixels_counts_all_of_them(bare, inspector):
    inspector.threshold = 0.3
    percents = whole_percents(bare, 0)
    expected = sum(percent >= 30 for percent in percents) / (HEIGHT * WIDTH)
    assert 0 < expected < 1
    assert inspector.certainty() == (pytest.approx(expected), None)


def test_the_certainty_of_each_class(bare, inspector):
    inspector.image, inspector.threshold = 1, 0.3
    told = inspector.class_certainties()
    assert len(told) > 5
    for number, name in enumerate(CAMVID.names):
        predicted = bare.top_classes[1, ..., 0].ravel()
        mine = [p for p, c in zip(whole_percents(bare, 1), predicted, strict=True) if c == number]
        if not mine:
            assert name not in told
            continue
        assert told[name] == pytest.approx(
            {
                "share": len(mine) / (HEIGHT * WIDTH),
                "probability": sum(mine) / len(mine) / 100,
                "certain": sum(p >= 30 for p in mine) / len(mine),
            }
        )
    assert sum(each["share"] for each in told.values()) == pytest.approx(1)


def test_by_hand_with_the_usual_threshold():
    # Two pixels of class 0 with 95 and 85 %, one of class 1 with 90 %: means of 0.9, one of two reaches 90.
    data = picture.MaskData(
        np.zeros((1, 3, 3), np.uint8),
        np.full((1, 3), 11, np.uint8),
        np.array([[0, 0, 1]], np.uint8),
        np.array([[95, 85, 90]], np.uint8),
        has_labels=False,
    )
    assert picture.class_certainty(data, 90, 0) == pytest.approx((2 / 3, 0.9, 0.5))
    assert picture.class_certainty(data, 90, 1) == pytest.approx((1 / 3, 0.9, 1.0))
    assert picture.class_certainty(data, 90, 2) is None
    assert picture.certain_pixels(data, 90, 11) == (pytest.approx(2 / 3), 0.0)


def test_the_least_certain_image_comes_first(bare, inspector):
    means = [np.mean([float(p) for p in each[..., 0].flat]) for each in bare.top_probabilities]
    assert inspector.order == sorted(range(COUNT), key=lambda i: means[i])
    assert inspector.certainties == pytest.approx(means)


def test_no_truth_and_no_scores_travel(inspector):
    assert inspector.matrices == b""
    assert set(inspector.pictures["0"]) == {"photo", "classes", "percent"}


def test_there_are_no_scores_to_read(bare):
    for name in ("matrices", "mean_ious"):
        with pytest.raises(ValueError, match=r"have no labels, so there are no scores\. Read mean_cert"):
            getattr(bare, name)


def test_the_figure_has_bars_of_the_predicted_classes(inspector):
    left, right = inspector.figure().axes
    np.testing.assert_array_equal(left.images[0].get_array(), inspector.picture())
    told = inspector.class_certainties()
    assert [label.get_text() for label in right.get_yticklabels()] == list(told)
    assert [bar.get_width() for bar in right.patches] == pytest.approx(
        [100 * each["probability"] for each in told.values()]
    )


def test_labels_come_and_go_with_the_predictions(bare, inspector):
    inspector.predictions = drawn_predictions()
    inspector.overlay, inspector.cell = "errors", ["Sky", "Road"]
    assert inspector.has_labels and inspector.matrices
    inspector.predictions = bare
    assert (inspector.overlay, inspector.cell, inspector.has_labels) == ("prediction", [], False)
    assert inspector.error == "" and inspector.matrices == b""


class TestQuestions:
    def test_nothing_is_asked_that_nobody_knows(self, inspector):
        assert len(inspector.questions) == 5
        for question in inspector.questions:
            assert "what share of all pixels is that" in question["text"]
            assert "nobody knows without labels" in question["reason"]

    def test_the_worst_is_the_least_certain(self, bare):
        question = questions.which_is_worst(bare, np.random.default_rng(0), image=0)
        chosen = [bare.names.index(name) for name in question.choices]
        assert chosen[int(question.answer)] == min(chosen, key=lambda n: bare.mean_certainties[n])
        assert (
            question.text == "Which of these images has the lowest mean probability of the predicted class?"
        )
        assert question.after["overlay"] == "prediction"


@functools.cache
def network():
    return segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)


class TestProbing:
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3), dtype=np.uint8)

    def test_images_alone(self):
        found = probes.probe_predictions(network(), self.images, classes=CAMVID)
        assert found.labels is None and found.names == ("image 0", "image 1")
        assert repr(found) == "Predictions(2 images without labels, 32x48, 11 classes)"
        one = probes.probe_predictions(network(), self.images[1], classes=CAMVID)
        np.testing.assert_array_equal(one.top_classes[0], found.top_classes[1])

    def test_the_names_of_the_classes_are_needed(self):
        with pytest.raises(TypeError, match=r"need the names of the classes: pass classes="):
            probes.probe_predictions(network(), self.images)

    def test_a_dataset_has_its_own(self):
        data = Dataset(self.images, np.zeros((2, 32, 48), np.uint8), CAMVID, ("a", "b"))
        with pytest.raises(TypeError, match="a dataset has classes of its own"):
            probes.probe_predictions(network(), data, classes=CAMVID)

    @pytest.mark.parametrize(
        "wrong", [np.zeros((32, 48), np.uint8), np.zeros((1, 32, 48, 3))], ids=["grey", "float"]
    )
    def test_what_is_no_image_is_refused(self, wrong):
        with pytest.raises(ValueError, match=r"images must be uint8 of shape \(count, height, width, 3\) or"):
            probes.probe_predictions(network(), wrong, classes=CAMVID)
