"""The loss lab without a browser: its numbers against the package's losses, and its state."""

from __future__ import annotations

import base64
import io
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
import traitlets
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from scipy import ndimage

from segnet_nb import losses as package
from segnet_nb.widgets import LossLab
from segnet_nb.widgets.loss_lab import numbers
from segnet_nb.widgets.loss_lab.explorer import from_text, score_prediction, to_text

SIZE = numbers.HEIGHT * numbers.WIDTH


def some_case(seed, share=0.3, size=(5, 7)):
    random = np.random.default_rng(seed)
    mask = (random.random(size) < share).astype(np.uint8)
    mask.flat[0], mask.flat[1] = 0, 1
    return mask, random.normal(0, 2, size)


def package_losses(mask, logits):
    """The same by ``segnet_nb.losses``: two logits per pixel, the background's 0; a batch of one."""
    both = keras.ops.stack([keras.ops.zeros_like(logits), logits], axis=-1)[None]
    labels = mask[None]
    weights = package.median_frequency_weights(labels, 2, None)
    entropy = package.categorical_cross_entropy(labels, both, from_logits=True)
    return {
        "cross_entropy": entropy,
        "weighted": package.categorical_cross_entropy(labels, both, from_logits=True, class_weights=weights),
        "dice": package.dice_loss(labels, both, from_logits=True),
        "cross_entropy_dice": package.cross_entropy_dice(labels, both, from_logits=True),
    }


def decoded(data):
    return np.array(Image.open(io.BytesIO(data)))


class TestLossesAndGradients:
    @pytest.mark.parametrize("seed", range(4))
    def test_as_the_package_and_its_automatic_gradients(self, seed):
        mask, logits = some_case(seed)
        variable = tf.Variable(logits, dtype=tf.float32)
        with tf.GradientTape(persistent=True) as tape:
            expected = package_losses(mask, variable)
        values, gradients = numbers.loss_values(mask, logits), numbers.loss_gradients(mask, logits)
        assert set(values) == set(gradients) == set(expected) == set(numbers.LOSSES)
        for name, loss in expected.items():
            assert values[name] == pytest.approx(float(loss), rel=1e-5), name
            np.testing.assert_allclose(
                gradients[name], tape.gradient(loss, variable), rtol=1e-4, atol=1e-7, err_msg=name
            )

    @settings(deadline=None, max_examples=30)
    @given(
        arrays.arrays(np.uint8, (3, 4), elements=st.integers(0, 1)),
        arrays.arrays(float, (3, 4), elements=st.floats(-6, 6)),
    )
    def test_gradients_are_what_small_steps_say(self, mask, logits):
        gradients, step = numbers.loss_gradients(mask, logits), 1e-5
        for place in np.ndindex(mask.shape):
            up, down = logits.copy(), logits.copy()
            up[place] += step
            down[place] -= step
            higher, lower = numbers.loss_values(mask, up), numbers.loss_values(mask, down)
            for name in numbers.LOSSES:
                slope = (higher[name] - lower[name]) / (2 * step)
                assert gradients[name][place] == pytest.approx(slope, abs=2e-7), name

    def test_four_pixels_by_hand(self):
        """One pixel of four is the object; p = 3/4 there, 1/4 on two of the others, 1/2 on the last.

        Cross-entropy: (-ln 3/4 - 2 ln 3/4 - ln 1/2) / 4. Object: 2 * 0.75 / (1.75 + 1); background:
        2 * 2 / (2.25 + 3). Weights: shares 3/4 and 1/4, median 1/2, so 2/3 and 2.
        """
        mask = np.array([[1, 0], [0, 0]])
        logits = np.array([[np.log(3), -np.log(3)], [-np.log(3), 0.0]])
        values = numbers.loss_values(mask, logits)
        a, b = -np.log(0.75), -np.log(0.5)
        assert values["cross_entropy"] == pytest.approx((3 * a + b) / 4)
        assert values["weighted"] == pytest.approx((2 * a + 2 / 3 * (2 * a + b)) / 4)
        assert values["dice"] == pytest.approx(1 - (1.5 / 2.75 + 4 / 5.25) / 2, abs=1e-6)
        # p - y over 4 pixels: -1/4, 1/4, 1/4, 1/2.
        gradient = numbers.loss_gradients(mask, logits)["cross_entropy"]
        np.testing.assert_allclose(gradient * 4, [[-0.25, 0.25], [0.25, 0.5]])
        assert numbers.pull_of_object(mask, gradient) == pytest.approx(0.25 / 1.25)

    @pytest.mark.parametrize("value", [0, 1])
    def test_an_image_of_one_class(self, value):
        mask, logits = np.full((3, 4), value, np.uint8), np.linspace(-1, 1, 12).reshape(3, 4)
        assert numbers.balancing_weights(mask) == ((1.0, 0.0) if value == 0 else (0.0, 1.0))
        values = numbers.loss_values(mask, logits)
        for name, loss in package_losses(mask, logits.astype(np.float32)).items():
            assert values[name] == pytest.approx(float(loss), rel=1e-5)
        assert all(np.isfinite(gradient).all() for gradient in numbers.loss_gradients(mask, logits).values())

    @pytest.mark.parametrize("share", [0.01, 0.11, 0.5, 0.9])
    def test_weights_are_those_of_the_package(self, share):
        mask = numbers.object_at(numbers.preset_field("disc"), share)
        expected = package.median_frequency_weights(mask, 2, None)
        np.testing.assert_allclose(numbers.balancing_weights(mask), expected)

    def test_nothing_pulls_where_nothing_is_wrong(self):
        assert numbers.pull_of_object(np.eye(2, dtype=int), np.zeros((2, 2))) == 0.0


class TestPrediction:
    MASK = np.array([[0, 0, 1, 1, 0, 0], [0, 0, 1, 1, 0, 0]], np.uint8)

    def test_sharp_and_in_place(self):
        chance = numbers.probability(numbers.predicted_logits(self.MASK, confidence=0.8))
        np.testing.assert_allclose(chance, np.where(self.MASK, 0.8, 0.2))

    @pytest.mark.parametrize(
        ("shift", "row"), [(1, "...##."), (3, ".....#"), (-2, "##...."), (-3, "#....."), (6, "......")]
    )
    def test_shifted_with_background_moving_in(self, shift, row):
        logits = numbers.predicted_logits(self.MASK, confidence=0.9, shift=shift)
        assert to_text((logits > 0).astype(int)) == "\n".join([row] * 2)

    @pytest.mark.parametrize(("missed", "found"), [(0, 4), (0.25, 3), (0.5, 2), (1, 0)])
    def test_missed_from_below(self, missed, found):
        seen = numbers.predicted_logits(self.MASK, confidence=0.9, missed=missed) > 0
        assert seen.sum() == found
        assert np.array_equal(np.flatnonzero(seen), np.flatnonzero(self.MASK)[:found])

    def test_blurred_as_a_loop_over_a_gaussian_says(self):
        mask = numbers.object_at(numbers.preset_field("blobs"), 0.1)
        sigma, reach = 1.5, 6
        weights = [np.exp(-(d**2) / (2 * sigma**2)) for d in range(-reach, reach + 1)]
        total = sum(weights)
        soft = np.zeros(mask.shape)
        for y, x in np.ndindex(mask.shape):
            for i, a in enumerate(weights):
                for j, b in enumerate(weights):
                    row = min(max(y + i - reach, 0), mask.shape[0] - 1)
                    column = min(max(x + j - reach, 0), mask.shape[1] - 1)
                    soft[y, x] += a * b / total**2 * mask[row, column]
        logits = numbers.predicted_logits(mask, confidence=0.75, blur=sigma)
        np.testing.assert_allclose(logits, np.log(3) * (2 * soft - 1), atol=1e-9)


class TestObjects:
    @pytest.mark.parametrize("name", numbers.PRESETS)
    @pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
    def test_of_the_share_asked_for_and_growing(self, name, share):
        field = numbers.preset_field(name)
        mask = numbers.object_at(field, share)
        assert mask.sum() == round(share * SIZE)
        larger = numbers.object_at(field, share + 0.05)
        assert (larger >= mask).all()

    def test_the_pole_is_one_pixel_wide_and_the_blobs_are_two(self):
        pole = numbers.object_at(numbers.preset_field("pole"), numbers.PRESETS["pole"])
        assert pole.any(axis=0).sum() == 1
        blobs = numbers.object_at(numbers.preset_field("blobs"), numbers.PRESETS["blobs"])
        assert ndimage.label(blobs)[1] == 2

    def test_a_painted_object_keeps_its_shape_at_its_own_share(self):
        mask = some_case(3, size=(numbers.HEIGHT, numbers.WIDTH))[0]
        again = numbers.object_at(numbers.object_field(mask), mask.mean())
        np.testing.assert_array_equal(again, mask)

    def test_text_and_back(self):
        mask, _ = some_case(5)
        np.testing.assert_array_equal(from_text(to_text(mask)), mask)


def test_colours():
    values = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    colors = numbers.diverging(values, 1.0)
    assert colors[0].tolist() == colors[1].tolist() == [0, 114, 178]
    assert colors[3].tolist() == [255, 255, 255]
    assert colors[5].tolist() == colors[6].tolist() == [213, 94, 0]
    assert numbers.diverging(np.zeros(1), 0.0).tolist() == [[255, 255, 255]]


class TestLab:
    def test_the_answers_are_those_of_its_state(self):
        lab = LossLab(preset="blobs", confidence=0.8, blur=0.7, shift=1, missed=0.2)
        expected = package_losses(lab.labels, lab.logits.astype(np.float32))
        for name, loss in expected.items():
            assert lab.losses[name] == pytest.approx(float(loss), rel=1e-5)
        np.testing.assert_allclose(lab.probabilities.sum(axis=-1), 1.0)
        for name, gradient in numbers.loss_gradients(lab.labels, lab.logits).items():
            np.testing.assert_array_equal(lab.gradients[name], gradient)
        assert lab.weights == list(numbers.balancing_weights(lab.labels))

    def test_every_setting_changes_what_it_should(self):
        lab = LossLab()
        for name, value in (("confidence", 0.7), ("blur", 2.0), ("shift", -3), ("missed", 0.5)):
            before, picture, maps = lab.losses, lab.prediction, lab.maps
            setattr(lab, name, value)
            assert lab.losses != before and lab.prediction != picture and lab.maps != maps, name
            np.testing.assert_array_equal(lab.logits, numbers.predicted_logits(lab.labels, **lab.settings))

    def test_maps_are_the_gradients_times_the_number_of_pixels(self):
        lab = LossLab(shift=2, same_scale=False)
        for name, gradient in lab.gradients.items():
            assert lab.largest[name] == pytest.approx(np.abs(gradient).max() * SIZE)
            pixels = numbers.diverging(gradient * SIZE, lab.largest[name])
            np.testing.assert_array_equal(decoded(lab.maps[name]), pixels)
        lab.same_scale = True
        largest = max(np.abs(gradient).max() for gradient in lab.gradients.values()) * SIZE
        assert lab.largest == pytest.approx(dict.fromkeys(numbers.LOSSES, largest))
        pixels = numbers.diverging(lab.gradients["dice"] * SIZE, largest)
        np.testing.assert_array_equal(decoded(lab.maps["dice"]), pixels)

    def test_the_pixel_under_the_cursor(self):
        lab = LossLab(shift=1)
        lab.cursor = (3, 30)
        assert (lab.at["object"], lab.at["dice"]) == (False, lab.gradients["dice"][3, 30] * SIZE)
        # Cross-entropy pulls with p - y.
        lab.cursor = (11, 15)
        assert lab.at["object"] is True
        assert lab.at["cross_entropy"] == pytest.approx(lab.at["probability"] - 1)

    @pytest.mark.parametrize("against", numbers.SAMPLES)
    def test_curves_run_through_the_present_point(self, against):
        lab = LossLab(confidence=0.8, blur=1.0, shift=2, missed=0.25, against=against)
        lab.share = 0.2
        for name in numbers.LOSSES:
            line = dict(map(tuple, lab.lines[name]))
            assert line[round(getattr(lab, against), 4)] == pytest.approx(lab.losses[name], abs=2e-5)
            assert len(line) == len(numbers.SAMPLES[against])

    def test_all_background_is_cheap_when_the_object_is_small(self):
        """1 % of the pixels: accuracy 99 %, the cross-entropy low, Dice one half, mean IoU below one half."""
        lab = LossLab(preset="pole", share=0.01, missed=1.0, confidence=0.99)
        count = round(0.01 * SIZE)
        accuracy = 1 - count / SIZE
        entropy = -accuracy * np.log(0.99) - (1 - accuracy) * np.log(0.01)
        assert lab.losses["cross_entropy"] == pytest.approx(entropy)
        assert lab.losses["cross_entropy"] < 0.06 < 0.48 < lab.losses["dice"]
        assert lab.scores["global_accuracy"] == pytest.approx(accuracy)
        assert (lab.scores["object_iou"], lab.scores["mean_iou"]) == (0.0, pytest.approx(accuracy / 2))
        # Balanced, both classes weigh one half: -(ln 0.99 + ln 0.01) / 2.
        assert lab.losses["weighted"] == pytest.approx(-(np.log(0.99) + np.log(0.01)) / 2)


def test_scores_by_hand():
    """Truth 1 1 0 0, likelier 1 0 1 0, one undecided counted as background: IoU 1/3 and 1/3."""
    found = score_prediction(np.array([[1, 1, 0, 0]]), np.array([[0.9, 0.5, 0.7, 0.1]]))
    assert found == pytest.approx({"global_accuracy": 0.5, "mean_iou": 1 / 3, "object_iou": 1 / 3})


class TestState:
    def test_preset_share_and_painting_follow_each_other(self):
        lab = LossLab()
        assert (lab.preset, lab.share) == ("disc", numbers.PRESETS["disc"])
        lab.preset = "pole"
        assert (lab.share, int(lab.labels.sum())) == (0.03, 23)
        lab.share = 0.1
        assert (lab.preset, int(lab.labels.sum())) == ("pole", 77)
        painted = np.zeros((numbers.HEIGHT, numbers.WIDTH), int)
        painted[2:6, 3:9] = 1
        lab.paint(painted)
        assert (lab.preset, lab.share) == ("own", round(24 / SIZE, 4))
        np.testing.assert_array_equal(lab.labels, painted)
        lab.share = 0.1  # the painted object grows from its outline
        assert (lab.labels >= painted).all() and lab.labels.sum() == 77
        assert lab.preset == "own"

    def test_nothing_painted_is_a_state_too(self):
        lab = LossLab()
        lab.paint(np.zeros((numbers.HEIGHT, numbers.WIDTH), bool))
        assert (lab.share, lab.weights, lab.error) == (0.0, [1.0, 0.0], "")
        assert np.isfinite(list(lab.losses.values())).all()
        lab.share = 0.05
        assert lab.labels.sum() == round(0.05 * SIZE)

    def test_given_at_the_start(self):
        lab = LossLab(preset="blobs", share=0.2, missed=0.5)
        assert (lab.preset, lab.share, int(lab.labels.sum())) == ("blobs", 0.2, round(0.2 * SIZE))
        mask = LossLab(preset="pole").mask
        assert LossLab(mask=mask).preset == "own"
        assert repr(LossLab(preset="pole")) == "LossLab(pole, 3.0 % of 24 x 32 pixels)"

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("mask", "..#", "24 lines of 32 signs"),
            ("mask", "\n".join(["x" * 32] * 24), "24 lines of 32 signs"),
            ("cursor", (24, 0), "row in 0..23"),
            ("confidence", 1.0, "confidence"),
            ("preset", "star", "preset"),
            ("against", "time", "against"),
        ],
    )
    def test_what_is_not_valid(self, name, value, message):
        lab = LossLab()
        before = getattr(lab, name)
        with pytest.raises(traitlets.TraitError, match=message):
            setattr(lab, name, value)
        assert getattr(lab, name) == before
        lab.set_state({name: value})
        assert message in lab.error

    def test_paint_says_what_it_takes(self):
        with pytest.raises(ValueError, match=r"shape \(24, 32\), but got shape \(2, 2\)"):
            LossLab().paint(np.zeros((2, 2)))
        with pytest.raises(ValueError, match=r"values \[0, 2\]"):
            LossLab().paint(2 * np.eye(24, 32, dtype=int))

    def test_an_error_is_shown_and_success_clears_it(self, monkeypatch):
        lab = LossLab()
        with monkeypatch.context() as patch:
            patch.setattr(numbers, "loss_values", lambda *_: 1 / 0)
            lab.blur = 3.0
            assert lab.error == "division by zero"
        lab.blur = 2.0
        assert lab.error == ""

    def test_two_labs_do_not_mix_and_one_can_be_closed(self):
        one, other = LossLab(), LossLab()
        before = other.losses
        one.shift = 5
        assert other.losses == before
        one.close()
        assert (one.maps, one.prediction, one.gradients) == ({}, b"", {})

    def test_the_state_that_a_notebook_saves(self):
        lab = LossLab(shift=3)
        state = lab.get_state()
        # As the notebook stores it, script and style included: the bytes of the mask in base64.
        texts = (
            base64.b64encode(each) if isinstance(each, bytes) else json.dumps(each) for each in state.values()
        )
        assert sum(map(len, texts)) < 60_000
        assert LossLab(mask=state["mask"], shift=state["shift"]).losses == lab.losses
        assert not state.keys() & {"losses", "lines", "maps", "prediction", "at"}  # the view computes them


def test_figure():
    lab = LossLab(against="blur", blur=2.0)
    figure = lab.figure()
    titles = [axis.get_title() for axis in figure.axes if axis.get_title()]
    assert titles == [
        "object: 11.5 %",
        "prediction",
        "cross-entropy",
        "weighted cross-entropy",
        "Dice",
        "cross-entropy + Dice",
    ]
    curves = figure.axes[2]
    assert curves.get_xlabel() == "blur (pixels)"
    assert len(curves.get_legend().get_texts()) == 4
    maps = [axis.images[0].get_array() for axis in figure.axes if axis.get_title() == "Dice"]
    np.testing.assert_allclose(maps[0], lab.gradients["dice"] * SIZE)
    assert figure._repr_jpeg_()[0][:2] == b"\xff\xd8"
