"""The streaming metrics against the scores of all pixels at once, and inside Keras models."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from keras import ops

from segnet_nb import metrics
from tests.oracles_scores import HAND_LABELS, HAND_PREDICTIONS, number, score_case as case

# Keras turns its variables and PyTorch's tensors into arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


STREAMING = {
    "mean_iou": (metrics.MeanIoU, "mean_iou"),
    "class_average": (metrics.ClassAverage, "class_average"),
    "global_accuracy": (metrics.GlobalAccuracy, "global_accuracy"),
}


def as_scores(ids, classes):
    """Floats whose largest is at the id."""
    random = np.random.default_rng(0)
    return (random.random((*ids.shape, classes)) + np.eye(classes)[ids]).astype("float32")


@pytest.mark.parametrize(("metric_class", "field"), STREAMING.values(), ids=STREAMING)
class TestStreaming:
    def test_equals_the_scores_of_all_batches(self, metric_class, field):
        labels, guesses = case(20, shape=(6, 5, 4))
        predictions = as_scores(guesses, 6)
        rows = (labels[..., None] == np.arange(6)).astype("float32")
        matrix = metrics.confusion_matrix(labels, guesses, 6)
        expected = getattr(metrics.scores(matrix), field)
        for form in (labels, labels[..., None], labels.astype("uint8"), rows, rows.astype(bool)):
            metric = metric_class(num_classes=6)
            for start in (0, 2, 4):
                metric.update_state(form[start : start + 2], predictions[start : start + 2])
            assert number(metric.result()) == pytest.approx(expected, rel=1e-6)
            np.testing.assert_array_equal(metric.confusion_matrix(), matrix)
        metric.reset_state()
        assert number(metric.result()) == 0
        assert metric.confusion_matrix().sum() == 0

    def test_tensors_and_half_precision(self, metric_class, field):
        labels, guesses = case(21)
        half = ops.cast(as_scores(guesses, 4) * 100, "bfloat16")
        metric = metric_class(num_classes=4)
        metric.update_state(ops.convert_to_tensor(labels), half)
        guesses = np.argmax(ops.convert_to_numpy(ops.cast(half, "float32")), axis=-1)
        expected = metrics.scores(metrics.confusion_matrix(labels, guesses, 4))
        assert number(metric.result()) == pytest.approx(getattr(expected, field))

    def test_survives_its_config(self, metric_class, field):
        metric = metric_class(num_classes=5, void_id=None, name="mine")
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
        assert type(again) is metric_class
        assert again.get_config() == metric.get_config()
        assert metric_class().name == field

    def test_counts_stay_exact_beyond_float32_and_int32(self, metric_class, field):
        metric = metric_class(num_classes=2)
        # As if 2**24 pixels, then 2**33, had been counted: the next one must still show.
        for carries, low in ((0, 2**24), (0, 2**30 - 1), (8, 5)):
            metric._low.assign(np.full(5, low) * np.array([1, 1, 1, 1, 0]))
            metric._high.assign(np.full(5, carries) * np.array([1, 1, 1, 1, 0]))
            metric.update_state(np.array([[[1]]]), np.array([[[[0.9, 0.1]]]]))
            total = carries * 2**30 + low
            assert metric.confusion_matrix().tolist() == [[total, total], [total + 1, total]]
        expected = getattr(metrics.scores(metric.confusion_matrix()), field)
        assert number(metric.result()) == pytest.approx(expected, rel=1e-5)

    def test_unknown_id_raises_for_arrays_and_makes_tensors_nan(self, metric_class, field):
        metric = metric_class(num_classes=3, void_id=None)
        labels, predictions = np.array([[[0, 3]]]), np.zeros((1, 1, 2, 3))
        with pytest.raises(ValueError, match=r"labels hold the ids \[3\]"):
            metric.update_state(labels, predictions)
        metric.update_state(ops.convert_to_tensor(labels), predictions)
        assert math.isnan(number(metric.result()))
        metric.reset_state()
        metric.update_state(labels % 3, predictions)
        assert not math.isnan(number(metric.result()))

    def test_invalid_updates_say_how_to_fix_them(self, metric_class, field):
        metric = metric_class(num_classes=3)
        labels = np.zeros((1, 2, 2), int)
        with pytest.raises(ValueError, match=r"Set num_classes=4"):
            metric.update_state(labels, np.zeros((1, 2, 2, 4)))
        with pytest.raises(ValueError, match="does not support sample_weight"):
            metric.update_state(labels, np.zeros((1, 2, 2, 3)), np.ones(1))


def test_streaming_absent_classes():
    predictions = as_scores(HAND_PREDICTIONS, 4)[None]
    for metric_class, field in (STREAMING["mean_iou"], STREAMING["class_average"]):
        for absent in ("zero", "ignore"):
            metric = metric_class(num_classes=4, absent=absent)
            metric.update_state(HAND_LABELS[None], predictions)
            expected = metrics.scores(metric.confusion_matrix(), absent)
            assert number(metric.result()) == pytest.approx(getattr(expected, field))


@pytest.mark.parametrize("form", ["ids", "one_hot"])
def test_metrics_in_a_compiled_model(form):
    labels, guesses = case(22, shape=(5, 4, 3), classes=3)
    images = as_scores(guesses, 3)
    targets = labels if form == "ids" else (labels[..., None] == np.arange(3)).astype("float32")
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs))
    options = {"num_classes": 3}
    model.compile(
        "sgd",
        lambda y, p: ops.mean(ops.square(p)),
        metrics=[metrics.MeanIoU(**options), metrics.GlobalAccuracy(**options)],
        # PyTorch compiles through a C++ toolchain that need not be there.
        jit_compile=form == "ids" and keras.backend.backend() != "torch",
    )
    history = model.fit(images, targets, batch_size=2, epochs=2, verbose=0).history
    assert all(0 <= value <= 1 for value in history["mean_iou"])
    measured = model.evaluate(images, targets, batch_size=2, verbose=0, return_dict=True)
    predicted = np.argmax(model.predict(images, verbose=0), axis=-1)
    expected = metrics.scores(metrics.confusion_matrix(labels, predicted, 3))
    assert measured["mean_iou"] == pytest.approx(expected.mean_iou, rel=1e-6)
    assert measured["global_accuracy"] == pytest.approx(expected.global_accuracy, rel=1e-6)
