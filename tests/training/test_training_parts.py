"""The parts of a training run: batches, optimizer, loss, lines of progress."""

from __future__ import annotations

import logging
from collections import Counter

import keras
import numpy as np
import pytest

from segnet_nb import losses
from segnet_nb.datasets import CAMVID, Dataset
from segnet_nb.training import loop, optimization
from segnet_nb.training.data import load_data, make_batches
from segnet_nb.training.run import _duration
from tests.training_helpers import tiny_config, tiny_data, tiny_network


class TestProgress:
    def test_steps_on_a_terminal_alone(self, capsys, monkeypatch):
        loop._show_step(1, 2, 3, 4, 0.5)
        assert capsys.readouterr().out == ""
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        loop._show_step(1, 2, 3, 4, 0.5)
        assert capsys.readouterr().out == "\r\033[Kepoch 1/2  step 3/4  loss 0.500"
        loop._show_step(1, 2, 4, 4, 0.5)
        assert capsys.readouterr().out.endswith("\r\033[K")

    @pytest.mark.parametrize(
        ("seconds", "text"), [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (3600, "60 min")]
    )
    def test_durations(self, seconds, text):
        assert _duration(seconds) == text


class TestBatches:
    def test_full_batches_of_views_each_image_at_most_once(self):
        data, config = (
            tiny_data(7),
            tiny_config(horizontal_flip=False, color_jitter=0.0, scale_min=1.0, scale_max=1.0),
        )
        left_out = Counter()
        for epoch in range(1, 15):
            batches = list(make_batches(config, data, epoch))
            assert [images.shape for images, _ in batches] == [(2, 16, 24, 3)] * 3
            assert {(images.dtype, labels.dtype) for images, labels in batches} == {
                (np.dtype("float32"), np.dtype("int32"))
            }
            seen = np.concatenate([images for images, _ in batches])
            which = [int(np.argmin(np.abs(data.images - view).sum((1, 2, 3)))) for view in seen]
            assert len(set(which)) == 6
            for image, labels, i in zip(seen, np.concatenate([b[1] for b in batches]), which, strict=True):
                np.testing.assert_array_equal(image, data.images[i])
                np.testing.assert_array_equal(labels, data.labels[i])
            left_out.update({*range(7)} - {*which})
        assert len(left_out) >= 4  # others in every epoch

    def test_randomness_is_derived_from_seed_and_epoch(self):
        def views(seed, epoch):
            batches = make_batches(tiny_config(seed=seed), tiny_data(), epoch)
            return b"".join(images.tobytes() for images, _ in batches)

        assert views(0, 1) == views(0, 1)
        assert len({views(0, 1), views(0, 2), views(1, 1)}) == 3

    def test_fewer_images_than_a_batch(self):
        batches = list(make_batches(tiny_config(batch_size=64), tiny_data(3), 1))
        assert [len(images) for images, _ in batches] == [3]

    def test_views_have_the_requested_size(self):
        ((images, labels),) = make_batches(
            tiny_config(image_size=(20, 17), batch_size=3), tiny_data(3, size=(40, 48)), 1
        )
        assert (images.shape, labels.shape) == ((3, 20, 17, 3), (3, 20, 17))


class TestOptimizer:
    @staticmethod
    def rates(steps_per_epoch, *steps, **changes):
        schedule = optimization.make_optimizer(tiny_config(**changes), steps_per_epoch)._learning_rate
        return [float(schedule(step)) for step in steps]

    def test_cosine_after_a_warm_up(self):
        # 10 epochs of 10 steps, 1 of them warming up from 1 % of 0.2; then half a cosine down to 1 %:
        # halfway through the other 90 steps, (0.2 + 0.002) / 2.
        rates = self.rates(10, 0, 5, 10, 55, 100, epochs=10, learning_rate=0.2, warmup_epochs=1)
        assert rates == pytest.approx([0.002, 0.101, 0.2, 0.101, 0.002], rel=1e-4)

    def test_cosine_without_a_warm_up(self):
        assert self.rates(10, 0, 50, 100, epochs=10, learning_rate=0.2, warmup_epochs=0) == pytest.approx(
            [0.2, 0.101, 0.002], rel=1e-4
        )

    def test_warm_up_takes_at_most_half(self):
        assert self.rates(1, 0, 2, 4, epochs=4, learning_rate=0.2, warmup_epochs=50) == pytest.approx(
            [0.002, 0.2, 0.002], rel=1e-4
        )

    @pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
    def test_constant(self, optimizer):
        made = optimization.make_optimizer(tiny_config(optimizer=optimizer, schedule="constant"), 5)
        assert type(made).__name__.lower() == optimizer
        assert float(made.learning_rate) == pytest.approx(2e-3)

    def test_adamw_decays_kernels_alone(self):
        """With no gradient a step is decay alone: kernels shrink by rate times decay, the rest stays."""
        network = tiny_network()
        made = optimization.make_optimizer(
            tiny_config(schedule="constant", learning_rate=0.1, weight_decay=0.5), 5
        )
        network.set_weights([np.ones_like(weight) for weight in network.get_weights()])
        variables = network.trainable_variables
        made.apply([keras.ops.zeros(variable.shape) for variable in variables], variables)
        after = {variable.path: float(np.ravel(variable.numpy())[0]) for variable in variables}
        assert {path: value for path, value in after.items() if path.endswith("kernel")} == {
            path: pytest.approx(0.95) for path in after if path.endswith("kernel")
        }
        assert [value for path, value in after.items() if not path.endswith("kernel")] == [1.0] * 5


class TestLoss:
    @pytest.mark.parametrize(
        ("kind", "cls"),
        [
            ("cross_entropy", losses.CategoricalCrossEntropy),
            ("dice", losses.DiceLoss),
            ("cross_entropy_dice", losses.CrossEntropyDice),
            ("hard_pixel_cross_entropy", losses.HardPixelCrossEntropy),
            ("cross_entropy_lovasz", losses.LovaszSoftmax),
        ],
    )
    def test_kinds(self, kind, cls):
        made = optimization.make_loss(tiny_config(loss=kind, class_weights="none"), tiny_data())
        assert type(made) is cls
        config = made.get_config()
        assert (config["from_logits"], config["void_id"]) == (True, 11)
        assert config.get("class_weights") is None

    def test_class_weights(self):
        data = tiny_data()

        def weights(name):
            return optimization.make_loss(tiny_config(class_weights=name), data).get_config()["class_weights"]

        assert tuple(weights("published")) == tuple(losses.PUBLISHED_CLASS_WEIGHTS)
        # Every image has all three ids that occur, so a share of all pixels is what counts.
        shares = np.bincount(data.labels.ravel(), minlength=11)[:11] / data.labels.size
        assert all({0, 3, 8} <= set(np.unique(labels)) for labels in data.labels)
        balanced = [float(np.median(shares[shares > 0]) / share) if share else 0.0 for share in shares]
        assert list(weights("median_frequency")) == pytest.approx(balanced)
        assert list(weights("sqrt_median_frequency")) == pytest.approx([weight**0.5 for weight in balanced])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow alone traces")
def test_the_first_step_is_traced_once(monkeypatch):
    # The optimizer's variables are there before; made in the first trace, they would ask for a second one.
    data, model = tiny_data(), tiny_network()
    optimization.compile_model(model, tiny_config(), data, 1)
    traced, step = [], model.train_step
    monkeypatch.setattr(model, "train_step", lambda batch: traced.append(1) or step(batch))
    model.train_on_batch(data.images.astype("float32"), data.labels)
    assert len(traced) == 1
    model.train_on_batch(data.images.astype("float32"), data.labels)
    assert len(traced) == 1


def test_notes_about_tracing_are_left_out_and_others_come_through():
    logger = logging.getLogger("tensorflow")

    def passes(text):
        return bool(logger.filter(logger.makeRecord(logger.name, logging.WARNING, "", 0, text, (), None)))

    assert not passes(
        "5 out of the last 7 calls to <function f> triggered tf.function retracing. Tracing is ..."
    )
    assert passes("The structure of `inputs` does not match")


class TestHoldOut:
    def camvid(self, monkeypatch):
        """A stand-in for CamVid: nine images of three drives, whose number is their colour."""
        names = tuple(f"{drive}_{i}" for drive in ("0001TP", "0006R0", "0016E5") for i in range(3))
        images = np.zeros((9, 32, 48, 3), np.uint8) + np.arange(9, dtype=np.uint8)[:, None, None, None]
        whole = Dataset(images, images[..., 0], CAMVID, names)
        loaded = []

        def load(name, split, *, image_size=None, count=None):
            loaded.append((name, split))
            return whole

        monkeypatch.setattr("segnet_nb.datasets.load", load)
        return whole, loaded

    def test_the_drive_is_in_validation_alone(self, monkeypatch):
        whole, loaded = self.camvid(monkeypatch)
        train, val = load_data(tiny_config(dataset="camvid", hold_out=("0006R0",), val_size=(16, 24)))
        assert loaded == [("camvid", "train")]
        assert train.names == whole.names[:3] + whole.names[6:] and val.names == whole.names[3:6]
        assert train.image_size == (32, 48) and val.image_size == (16, 24)
        assert [int(image[0, 0, 0]) for image in val.images] == [3, 4, 5]
        assert val.labels.dtype == np.uint8

    def test_counts_are_of_what_remains(self, monkeypatch):
        self.camvid(monkeypatch)
        config = tiny_config(dataset="camvid", hold_out=("0001TP", "0016E5"), train_count=2, val_count=4)
        train, val = load_data(config)
        assert train.names == ("0006R0_0", "0006R0_1")
        assert val.names == ("0001TP_0", "0001TP_1", "0001TP_2", "0016E5_0")

    def test_an_unknown_drive_is_an_error(self, monkeypatch):
        self.camvid(monkeypatch)
        with pytest.raises(ValueError, match=r"unknown group 'Seq05VD'.*0006R0 \(3 images\)"):
            load_data(tiny_config(dataset="camvid", hold_out=("Seq05VD",)))
