"""Offsets of classes: against argmax itself, and as the end of a training run."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb import logit_adjustment, model, pretrained, training
from segnet_nb.inference.prediction import predict_probabilities
from segnet_nb.metrics import confusion_matrix, scores
from segnet_nb.networks.catalogue import DECODERS
from segnet_nb.training import packing, validation
from segnet_nb.training.logit_adjustment import adjust_logits, fit_offsets
from tests.training_helpers import tiny_config, tiny_data, tiny_network, tiny_pair


def score_of(values, labels, offsets):
    """The mean IoU of the classes that are there, by argmax and sets of pixels."""
    guesses = (values + np.asarray(offsets)).argmax(1)
    found = []
    for one in np.unique(labels):
        true, guess = {*np.flatnonzero(labels == one)}, {*np.flatnonzero(guesses == one)}
        found.append(len(true & guess) / len(true | guess))
    return np.mean(found)


class TestFit:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(2, 5), st.booleans())
    def test_no_other_offset_of_one_class_scores_higher(self, seed, pixels, classes, ties):
        random = np.random.default_rng(seed)
        labels = random.integers(0, classes, pixels)
        values = random.normal(size=(pixels, classes))
        # In eighths, as offsets are, many a pixel is won by one class and another alike.
        values = np.round(8 * values) / 8 if ties else values
        found = fit_offsets(values, labels)
        assert np.isclose(found.before, score_of(values, labels, np.zeros(classes)), atol=1e-12)
        assert np.isclose(found.after, score_of(values, labels, found.offsets), atol=1e-12)
        assert found.after >= found.before
        for one in range(classes):
            for step in np.linspace(-3, 3, 49):
                other = np.array(found.offsets)
                other[one] = step
                assert score_of(values, labels, other) <= found.after + 2e-5

    def test_undoes_what_was_added_to_a_class(self):
        """Right pixels lead by 1.0 to 1.1, so with 2 added class 0 takes all, until 1 is taken off again."""
        random = np.random.default_rng(0)
        labels = random.integers(0, 3, 500)
        values = random.uniform(0, 0.1, (500, 3))
        values[np.arange(500), labels] = 1.1
        assert fit_offsets(values, labels).offsets == (0, 0, 0)
        found = fit_offsets(values + np.array([2, 0, 0]), labels)
        assert found.before < 0.2 and found.after == 1
        assert found.offsets == (-1, 0, 0)  # the eighths above would leave some pixels to it

    def test_a_class_without_a_pixel_is_not_missed(self):
        found = fit_offsets(np.array([[2.0, 0.0, 1.0], [0.0, 2.0, 1.0]]), np.array([0, 1]))
        assert found == logit_adjustment.Adjustment((0, 0, 0), 1.0, 1.0)

    @pytest.mark.parametrize(
        ("shape", "labels", "message"),
        [
            ((3,), [0, 0, 0], r"got shapes \(3,\) and \(3,\)\."),
            ((2, 3), [0, 0, 0], r"got shapes \(2, 3\) and \(3,\)\."),
            ((0, 3), [], "at least one pixel"),
            ((2, 3), [0, 3], r"ids in 0\.\.2, but run from 0 to 3\. Leave void pixels out"),
            ((2, 3), [-1, 0], "run from -1 to 0"),
        ],
    )
    def test_what_does_not_fit(self, shape, labels, message):
        with pytest.raises(ValueError, match=message):
            fit_offsets(np.zeros(shape), np.array(labels, int))


@pytest.fixture
def network():
    """As it is before training: far from how common the classes of the data are."""
    keras.utils.set_random_seed(3)
    return tiny_network(output="softmax")


class TestAdjust:
    def test_adds_the_offsets_to_the_bias_and_touches_nothing_else(self, network):
        data = tiny_data(5)
        before = [value.copy() for value in network.get_weights()]
        likely = predict_probabilities(network, data.images)
        found = adjust_logits(network, data)
        assert any(found.offsets) and found.after > found.before
        *same, bias = network.get_weights()
        for ours, theirs in zip(same, before, strict=False):
            np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_allclose(bias, before[-1] + np.float32(found.offsets), atol=1e-6)
        shifted = likely * np.exp(found.offsets)
        expected = shifted / shifted.sum(-1, keepdims=True)
        np.testing.assert_allclose(predict_probabilities(network, data.images), expected, atol=1e-5)
        # All pixels were looked at, so what the report says is what metrics say.
        for values, said in ((likely, found.before), (expected, found.after)):
            matrix = confusion_matrix(data.labels, values.argmax(-1).astype(np.uint8))
            assert np.isclose(scores(matrix, absent="ignore").mean_iou, said, atol=1e-9)

    def test_logits_are_adjusted_as_probabilities_are(self, network):
        other = tiny_network(output="logits")
        other.set_weights(network.get_weights())
        assert adjust_logits(other, tiny_data(3)) == adjust_logits(network, tiny_data(3))

    def test_looks_at_so_many_images_evenly_and_so_many_pixels_at_that_size(self, network, monkeypatch):
        seen, fitted = [], []

        def predict(asked, image):
            seen.append(image)
            return predict_probabilities(asked, image)

        def fit(values, labels):
            fitted.append(values.shape)
            return fit_offsets(values, labels)

        monkeypatch.setattr("segnet_nb.inference.prediction.predict_probabilities", predict)
        monkeypatch.setattr(logit_adjustment, "fit_offsets", fit)
        data = tiny_data(9)
        adjust_logits(network, data, image_size=(32, 48), images=3, pixels=100)
        assert [image.shape for image in seen] == [(32, 48, 3)] * 3
        enlarged = [np.abs(image[1::2, 1::2].astype(int) - data.images).sum((1, 2, 3)) for image in seen]
        assert [int(each.argmin()) for each in enlarged] == [0, 4, 8]
        assert fitted == [(300, 11)]

    @pytest.mark.parametrize("decoder", DECODERS)
    def test_refuses_the_decoders_that_a_configuration_refuses(self, decoder):
        """A small network of each: what the configuration knows by name, the function sees."""
        basic = model.segnet_basic((None, None, 3), 11, filters=2, kernel_size=3, decoder=decoder)
        if not DECODERS[decoder].class_bias:
            with pytest.raises(ValueError, match=r"ends in \w+, which has no bias for each class"):
                adjust_logits(basic, tiny_data(1))
            with pytest.raises(ValueError, match=rf"decoder='{decoder}' ends without one\. Omit logit_adj"):
                tiny_config(network="basic", decoder=decoder, logit_adjustment=True)
        else:
            found = adjust_logits(basic, tiny_data(1))
            assert found.after >= found.before
            assert tiny_config(network="basic", decoder=decoder, logit_adjustment=True).logit_adjustment


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(model, "build_network", tiny_network)


def run_of(directory, config, **options):
    return training.train(config, directory=directory, progress=False, data=tiny_pair(), **options)


@pytest.mark.usefixtures("small")
class TestSubPixelHead:
    def test_offsets_reach_every_pixel_of_a_block(self):
        model = model_of_blocks()
        data = tiny_data(2)
        before = predict_probabilities(model, data.images)
        found = adjust_logits(model, data)
        logits = np.log(np.maximum(before, 1e-30)) + np.asarray(found.offsets)
        expected = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        np.testing.assert_allclose(predict_probabilities(model, data.images), expected, atol=1e-5)


def model_of_blocks():
    return model.segnet_realtime((None, None, 3), 11, filters=(4, 8, 8), dilations=(1,))


class TestRun:
    @pytest.mark.slow
    def test_ends_with_adjusted_weights_that_everything_takes(self, tmp_path):
        plain = run_of(tmp_path / "plain", tiny_config())
        run = run_of(tmp_path / "run", tiny_config(logit_adjustment=True))
        assert run.is_adjusted and not plain.is_adjusted and plain.adjustment == {}
        assert run.curve("mean_iou") == plain.curve("mean_iou")  # the epochs are the same
        assert run.best_path.name == "adjusted.keras"
        offsets = np.float32(run.adjustment["offsets"])
        bias = plain.model.get_weights()[-1] + offsets
        for found in (run, training.load_run(run.directory), pretrained.load_trained(run.directory)):
            np.testing.assert_allclose(found.model.get_weights()[-1], bias, atol=1e-6)
        data = tiny_pair()[1]
        guesses = predict_probabilities(run.model, data.images).argmax(-1).astype(np.uint8)
        judged = scores(confusion_matrix(data.labels, guesses))
        assert run.best["mean_iou"] == judged.mean_iou == run.adjustment["scores"]["mean_iou"]
        assert run.best["epoch"] == run.best_epoch and run.best["loss"] == run.best_as_trained["loss"]
        for weights in (run.directory, run.directory / "best.keras"):
            assert pretrained.load_trained(weights).name == "run"
        card = packing.pack(run, "mine", command="-", licence="-", directory=tmp_path)
        assert '"offsets"' in card.read_text()

    @pytest.mark.slow
    def test_a_finished_run_can_be_adjusted_later_and_taken_back(self, tmp_path):
        settled = tiny_config()
        plain = run_of(tmp_path, settled)
        before = plain.model.get_weights()
        later = run_of(tmp_path, replace(settled, logit_adjustment=True), resume=True)
        assert later.is_adjusted and later.history == plain.history
        back = run_of(tmp_path, settled, resume=True)
        assert not back.is_adjusted and back.best == plain.best
        for ours, theirs in zip(back.model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(ours, theirs)

    @pytest.mark.slow
    def test_more_epochs_compete_with_what_was_trained_and_are_adjusted_again(self, tmp_path, monkeypatch):
        said = iter([0.1, 0.2, 0.9, 0.15, 0.3, 0.8])

        def validate(network, data):
            return dict.fromkeys(validation.SCORES, next(said))

        monkeypatch.setattr(validation, "validate", validate)
        settled = tiny_config(logit_adjustment=True, epochs=2)
        run = run_of(tmp_path, settled)
        # Epochs 0.1 and 0.2, adjusted 0.9.
        assert (run.best_epoch, run.best["mean_iou"]) == (2, 0.9)
        run = run_of(tmp_path, replace(settled, epochs=4), resume=True)
        # 0.15 and 0.3: the fourth is better than the second was before it was adjusted.
        assert (run.best_epoch, run.adjustment["epoch"], run.best["mean_iou"]) == (4, 4, 0.8)

    @pytest.mark.slow
    def test_stopped_while_adjusting_goes_on_there(self, tmp_path, monkeypatch):
        def interrupted(*_, **__):
            raise KeyboardInterrupt

        settled = tiny_config(logit_adjustment=True)
        with monkeypatch.context() as patch:
            patch.setattr(logit_adjustment, "adjust_logits", interrupted)
            stopped = run_of(tmp_path, settled)
        assert (stopped.status, len(stopped.history), stopped.is_adjusted) == ("interrupted", 3, False)
        resumed = run_of(tmp_path, settled, resume=True)
        assert (resumed.status, len(resumed.history), resumed.is_adjusted) == ("finished", 3, True)

    @pytest.mark.slow
    def test_says_what_it_did(self, tmp_path, capsys):
        run = training.train(tiny_config(logit_adjustment=True), directory=tmp_path, data=tiny_pair())
        line = capsys.readouterr().out.splitlines()[-1]
        assert line.startswith("classes adjusted  training mIoU 0.")
        assert f"to {run.best['mean_iou']:.3f}  accuracy {run.best['global_accuracy']:.3f}" in line
