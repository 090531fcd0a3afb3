"""Targets that are partly a teacher's probabilities."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from segnet_nb import losses, prediction
from segnet_nb.datasets import CAMVID
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.pretrained import TrainedNetwork
from segnet_nb.training import TrainConfig, distillation, loop, train
from tests.training_helpers import stop_after, tiny_config, tiny_data, tiny_network, tiny_pair

THREE = ClassList(("a", "b", "c"), ((1, 1, 1), (2, 2, 2), (3, 3, 3), (0, 0, 0)))


pytestmark = pytest.mark.usefixtures("repeatable")


def network_for(class_id):
    """A network that is nearly sure that every pixel is of one class."""
    made = tiny_network()
    classifier = next(layer for layer in reversed(made.layers) if layer.weights)
    kernel, bias = classifier.get_weights()
    bias[:] = 0
    bias[class_id] = 20
    classifier.set_weights([kernel * 0, bias])
    return made


def saved(tmp_path, class_id):
    path = tmp_path / "teacher.keras"
    network_for(class_id).save(path)
    return str(path)


def teacher_of(network, share, classes=CAMVID):
    return distillation.Teacher(TrainedNetwork("its name", network, classes), share, classes)


class TestTargets:
    def test_by_hand(self):
        """Labels a and c and void, a teacher that gives 0.5, 0.2, 0.3 everywhere, a quarter of it."""
        inputs = keras.Input((None, None, 3))
        logits = [float(np.log(p)) for p in (0.5, 0.2, 0.3)]
        scores = keras.layers.Conv2D(3, 1, bias_initializer=lambda *_, **__: np.array(logits, "float32"))
        scores.kernel_initializer = keras.initializers.Zeros()
        teacher = teacher_of(keras.Model(inputs, scores(inputs)), 0.25, THREE)
        targets = teacher.targets(np.zeros((1, 1, 3, 3), "float32"), np.array([[[0, 2, 3]]]))
        expected = [
            [0.875, 0.05, 0.075],  # 0.75 + 0.25 * 0.5, 0.25 * 0.2, 0.25 * 0.3
            [0.125, 0.05, 0.825],  # 0.25 * 0.5, 0.25 * 0.2, 0.75 + 0.25 * 0.3
            [0.0, 0.0, 0.0],
        ]
        assert targets.dtype == np.float32
        np.testing.assert_allclose(targets[0, 0], expected, atol=1e-6)

    @pytest.mark.parametrize("output", ["logits", "softmax"])
    def test_the_teacher_sees_the_mirror_image_too(self, output):
        data, network = tiny_data(3), tiny_network(output=output)
        images = data.images.astype("float32")
        found = teacher_of(network, 1.0).targets(images, data.labels)
        expected = prediction.predict_probabilities(network, data.images, flip=True)
        labelled = data.labels != CAMVID.void_id
        np.testing.assert_allclose(found[labelled], expected[labelled], atol=1e-5)
        once = prediction.predict_probabilities(network, data.images)
        assert np.abs(once - expected)[labelled].max() > 1e-3  # so that a missing mirror image would be seen
        assert not found[~labelled].any()

    def test_without_a_share_they_are_the_labels(self):
        data, network = tiny_data(2), tiny_network()
        targets = teacher_of(network, 0.0).targets(data.images.astype("float32"), data.labels)
        labelled = data.labels != CAMVID.void_id
        np.testing.assert_array_equal(targets.argmax(-1)[labelled], data.labels[labelled])
        np.testing.assert_array_equal(targets.sum(-1), labelled)

    @pytest.mark.parametrize("kind", ["cross_entropy", "dice", "cross_entropy_dice"])
    def test_give_the_same_loss_as_the_ids_then(self, kind):
        data, network = tiny_data(2), tiny_network()
        made = loop.optimization.make_loss(tiny_config(loss=kind), data)
        scores = np.random.default_rng(0).normal(size=(*data.labels.shape, 11)).astype("float32")
        targets = teacher_of(network, 0.0).targets(data.images.astype("float32"), data.labels)
        assert float(made(targets, scores)) == pytest.approx(float(made(data.labels, scores)), rel=1e-6)

    def test_the_cross_entropy_is_the_weighted_mean_of_two(self):
        data, network = tiny_data(2), tiny_network()
        scores = np.random.default_rng(0).normal(size=(*data.labels.shape, 11)).astype("float32")
        teacher = teacher_of(network, 0.4)
        images = data.images.astype("float32")
        loss = losses.CategoricalCrossEntropy(from_logits=True, void_id=11)
        learned = prediction.predict_probabilities(network, data.images, flip=True)
        logarithms = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
        labelled = data.labels != CAMVID.void_id
        from_labels = -np.take_along_axis(logarithms[labelled], data.labels[labelled][:, None], 1).mean()
        from_teacher = -(learned * logarithms).sum(-1)[labelled].mean()
        expected = 0.6 * from_labels + 0.4 * from_teacher
        assert float(loss(teacher.targets(images, data.labels), scores)) == pytest.approx(expected, rel=1e-4)


class TestTraining:
    def test_what_the_teacher_says_is_learned(self, tmp_path):
        """The labels are of classes 0, 3 and 8, the teacher says 5, and only the teacher counts."""
        config = tiny_config(
            teacher=saved(tmp_path, 5), teacher_share=1.0, epochs=8, passes_per_epoch=5, learning_rate=0.05
        )
        run = train(config, directory=tmp_path / "run", progress=False, data=tiny_pair())
        predicted = prediction.predict(run.model, tiny_data(3, seed=2).images)
        assert (predicted == 5).mean() > 0.95

    def test_a_stopped_run_goes_on_as_if_it_had_not_been(self, tmp_path):
        config = tiny_config(teacher=saved(tmp_path, 3), deterministic=True)
        whole = train(config, directory=tmp_path / "whole", progress=False, data=tiny_pair())
        common = {"directory": tmp_path / "parts", "progress": False, "data": tiny_pair()}
        train(config, **common, on_step=stop_after(4))
        again = train(config, **common, resume=True)
        assert again.curve("loss") == pytest.approx(whole.curve("loss"), rel=1e-5)

    def test_a_finished_run_needs_no_teacher_to_be_adjusted(self, tmp_path):
        config = tiny_config(teacher=saved(tmp_path, 3), epochs=1)
        common = {"directory": tmp_path / "run", "progress": False, "data": tiny_pair()}
        train(config, **common)
        (tmp_path / "teacher.keras").unlink()
        assert train(replace(config, logit_adjustment=True), **common, resume=True).is_adjusted
        with pytest.raises(FileNotFoundError, match="is neither a file or folder nor one of"):
            train(replace(config, epochs=2), **common, resume=True)

    @pytest.mark.parametrize("sizes", [{"image_size": (32, 48)}, {"final_size": (24, 24), "final_epochs": 1}])
    def test_a_teacher_of_another_size_is_told_before_data_is_read(self, monkeypatch, tmp_path, sizes):
        monkeypatch.setattr(loop, "load_data", lambda config: pytest.fail("read data"))
        tiny_network(input_size=(16, 24, 3)).save(tmp_path / "teacher.keras")
        crops = " x ".join(map(str, sizes.get("final_size", sizes.get("image_size"))))
        message = f"takes images of 16 x 24 pixels, but the crops to train on have {crops}"
        config = tiny_config(teacher=str(tmp_path / "teacher.keras"), **sizes)
        with pytest.raises(ValueError, match=message):
            train(config, directory=tmp_path / "run", progress=False)

    def test_a_missing_teacher_is_told_before_data_is_read(self, monkeypatch, tmp_path):
        monkeypatch.setattr(loop, "load_data", lambda config: pytest.fail("read data"))
        message = r"teacher='no\.keras' is neither a file or folder nor one of .*small-synthetic"
        with pytest.raises(FileNotFoundError, match=message):
            train(tiny_config(teacher="no.keras"), directory=tmp_path / "run", progress=False)

    def test_a_teacher_of_other_classes_is_refused(self):
        teacher = TrainedNetwork("its name", tiny_network(num_classes=3), THREE)
        with pytest.raises(
            ValueError, match="teacher='its name' has the 3 classes a, b, c, but the data has"
        ):
            distillation.Teacher(teacher, 0.5, CAMVID)

    @pytest.mark.parametrize("loss", ["hard_pixel_cross_entropy", "cross_entropy_lovasz"])
    def test_a_loss_that_ranks_pixels_is_refused(self, loss):
        with pytest.raises(ValueError, match=f"loss='{loss}' ranks pixels .* Choose one of cross_entropy, "):
            TrainConfig(loss=loss, teacher="lean-camvid")

    def test_without_one_there_is_none(self):
        assert distillation.teacher_network(tiny_config()) is None
