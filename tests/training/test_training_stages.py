"""What longer trainings use: several passes an epoch, larger views at the end, averaged weights, a start."""

from __future__ import annotations

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from segnet_nb import model, prediction, pretrained
from segnet_nb.datasets import CAMVID
from segnet_nb.training import data as batching, loop, packing, train
from segnet_nb.training.ema import ExponentialMovingAverage
from tests.training_helpers import stop_after, tiny_config, tiny_data, tiny_network, tiny_pair

pytestmark = pytest.mark.usefixtures("repeatable")


def run_of(directory, config, **options):
    return train(config, directory=directory, progress=False, data=tiny_pair(), **options)


def batches(config, epoch, data=None):
    return list(batching.make_batches(config, data or tiny_data(7), epoch))


class TestPasses:
    def test_an_epoch_of_two_is_two_epochs_of_one(self):
        once, twice = tiny_config(), tiny_config(passes_per_epoch=2)
        expected = [*batches(once, 3), *batches(once, 4)]
        found = batches(twice, 2)
        assert len(found) == 6
        for (images, labels), (other, same) in zip(found, expected, strict=True):
            np.testing.assert_array_equal(images, other)
            np.testing.assert_array_equal(labels, same)

    def test_steps_are_counted_for_the_schedule(self, tmp_path):
        # Seven images in batches of two: three steps a pass.
        assert batching.steps_per_epoch(tiny_config(passes_per_epoch=4), 7) == 12
        told = []
        run = run_of(
            tmp_path,
            tiny_config(passes_per_epoch=2, epochs=2),
            on_step=lambda run, *now: told.append(now[:2]),
        )
        assert told == 2 * [(step, 6) for step in range(7)]
        assert len(run.history) == 2


class TestFinalEpochs:
    config = tiny_config(
        epochs=4,
        final_epochs=1,
        final_size=(32, 48),
        scale_min=1.0,
        scale_max=1.0,
        horizontal_flip=False,
        color_jitter=0,
    )

    def test_the_last_epochs_see_larger_views(self):
        sizes = [batches(self.config, epoch)[0][0].shape[1:3] for epoch in (1, 2, 3, 4)]
        assert sizes == [(16, 24)] * 3 + [(32, 48)]

    def test_in_which_things_are_as_large_as_before(self):
        # A whole image of 16 x 24 at scale 1 fills 16 x 24, and a quarter of a view of 32 x 48.
        (_, labels), *_ = batches(self.config, 4)
        assert [(ids != 11).sum() for ids in labels] == [16 * 23] * len(labels)

    def test_a_run_trains_through_the_change(self, tmp_path):
        run = run_of(tmp_path, replace(self.config, val_size=(24, 32)))
        assert run.status == "finished" and len(run.history) == 4


class TestAverage:
    def test_is_the_sum_it_is_defined_as(self):
        network = tiny_network()
        average = ExponentialMovingAverage(network, momentum=0.5)
        first = network.get_weights()
        seen = []
        for step in (1, 2, 3):
            network.set_weights([value + step for value in first])
            average.update()
            seen.append(average.values[0] - first[0])
        # Shares that stay: min(0.5, step / (step + 9)) = 0.1, 2/11 and 0.25.
        expected = [0.9 * 1]
        expected.append(expected[-1] * 2 / 11 + 2 * 9 / 11)
        expected.append(expected[-1] * 0.25 + 3 * 0.75)
        for found, value in zip(seen, expected, strict=True):
            np.testing.assert_allclose(found, value, atol=1e-6)

    def test_the_momentum_is_reached(self):
        network = tiny_network()
        average = ExponentialMovingAverage(network, momentum=0.5)
        average.steps = 1000
        before = average.values[0].copy()
        network.set_weights([value + 1 for value in network.get_weights()])
        average.update()
        np.testing.assert_allclose(average.values[0] - before, 0.5, atol=1e-6)

    def test_what_is_validated_and_kept_is_the_average(self, tmp_path):
        given = []
        run = run_of(
            tmp_path,
            tiny_config(ema_momentum=0.9, epochs=2, learning_rate=0.05),
            on_epoch=lambda report, network: given.append((report, network.get_weights())),
        )
        path = tmp_path / "last-0002.keras"
        last = keras.models.load_model(path).get_weights()
        best = given[run.best_epoch - 1][1]
        for kept, averaged in zip(run.model.get_weights(), best, strict=True):
            np.testing.assert_array_equal(kept, averaged)
        with np.load(tmp_path / "average-0002.npz") as stored:
            assert int(stored["arr_0"]) == 6  # steps
            for name, averaged in zip(stored.files[1:], given[-1][1], strict=True):
                np.testing.assert_array_equal(stored[name], averaged)
        assert any((one != other).any() for one, other in zip(last, given[-1][1], strict=True))
        # The scores are those of the average too.
        guesses = prediction.predict(run.model, tiny_pair()[1].images)
        known = tiny_pair()[1].labels != 11
        right = (guesses == tiny_pair()[1].labels)[known].mean()
        assert run.best["global_accuracy"] == pytest.approx(right)

    def test_goes_on_for_more_epochs_and_leaves_two_averages(self, tmp_path):
        config = tiny_config(ema_momentum=0.9, deterministic=True, learning_rate=0.05)
        run_of(tmp_path, replace(config, epochs=2))
        assert (tmp_path / "average-0002.npz").is_file()
        assert len(run_of(tmp_path, config, resume=True).history) == 3
        names = sorted(path.name for path in tmp_path.iterdir())
        two = "average-0002.npz", "average-0003.npz"
        assert names == [*two, "best.keras", "last-0002.keras", "last-0003.keras", "record.json"]

    def test_stopped_amid_an_epoch_it_is_bit_for_bit_the_same(self, tmp_path):
        config = tiny_config(ema_momentum=0.9, deterministic=True, learning_rate=0.05)
        whole = run_of(tmp_path / "whole", config)
        stopped = run_of(tmp_path / "broken", config, on_step=stop_after(5))
        assert (stopped.status, len(stopped.history)) == ("interrupted", 1)
        resumed = run_of(tmp_path / "broken", config, resume=True)
        for name in ("loss", "mean_iou", "global_accuracy"):
            assert resumed.curve(name) == whole.curve(name)
        for one, other in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


class TestStart:
    def test_from_a_file(self, tmp_path):
        source = tiny_network()
        source.save(tmp_path / "source.keras")
        config = tiny_config(epochs=1, learning_rate=1e-9, initial_weights=str(tmp_path / "source.keras"))
        run = run_of(tmp_path / "run", config)
        for layer, other in zip(run.model.layers, source.layers, strict=True):
            if "norm" in layer.name:
                continue  # its statistics move however small the rate
            for one, same in zip(layer.get_weights(), other.get_weights(), strict=True):
                np.testing.assert_allclose(one, same, atol=1e-6)
        assert json.loads((tmp_path / "run" / "record.json").read_text())["config"]["initial_weights"]

    def test_from_shipped_weights(self, tmp_path, monkeypatch):
        source = tiny_network()
        monkeypatch.setattr(pretrained, "available", lambda: ("mine",))
        monkeypatch.setattr(pretrained, "load_pretrained", lambda name: source)
        monkeypatch.setattr(pretrained, "card", lambda name: {"num_classes": 11, "classes": CAMVID.to_dict()})
        run = run_of(tmp_path, tiny_config(epochs=1, learning_rate=1e-9, initial_weights="mine"))
        one = run.model.get_layer("classifier").get_weights()[0]
        np.testing.assert_allclose(one, source.get_layer("classifier").get_weights()[0], atol=1e-6)

    def test_from_nothing_that_is_there(self, tmp_path):
        with pytest.raises(
            FileNotFoundError, match=r"initial_weights='gone' is neither a file nor one of .*small-synthetic"
        ):
            run_of(tmp_path, tiny_config(initial_weights="gone"))
        assert list(tmp_path.iterdir()) == []

    def test_from_another_network(self, tmp_path):
        other = model.segnet_modern((None, None, 3), 11, filters=(6,), depths=(0,), dilations=())
        other.save(tmp_path / "other.keras")
        with pytest.raises(ValueError, match="holds a segnet_modern, but a tiny_small is to be trained"):
            run_of(tmp_path / "run", tiny_config(initial_weights=str(tmp_path / "other.keras")))

    def test_mistakes_are_told_before_data_is_read(self, tmp_path, monkeypatch):
        read = []
        monkeypatch.setattr(loop, "load_data", lambda config: read.append(config))
        (tmp_path / "cut.keras").write_bytes(b"PK")
        model.segnet_modern((None, None, 3), 11, filters=(6,), depths=(0,), dilations=()).save(
            tmp_path / "other.keras"
        )
        for name, said in (
            ("gone", "neither a file"),
            ("cut", "not a .*file"),
            ("other", "holds a segnet_modern"),
        ):
            with pytest.raises((ValueError, FileNotFoundError), match=said):
                train(
                    tiny_config(initial_weights=str(tmp_path / f"{name}.keras")), directory=tmp_path / "run"
                )
        assert read == []


def test_dropout_is_trained_kept_and_packed(tmp_path, monkeypatch):
    run = run_of(tmp_path / "run", tiny_config(epochs=1, dropout=0.5))
    # One stage: dropout after its pooling and after its decoder.
    assert [layer.rate for layer in run.model.layers if "dropout" in layer.name] == [0.5, 0.5]
    monkeypatch.setattr(pretrained, "_PLACES", (tmp_path / "shelf",))
    packing.pack(run, "mine", command="train", licence="none", directory=tmp_path / "shelf")
    loaded = pretrained.load_pretrained("mine")
    assert [layer.rate for layer in loaded.layers if "dropout" in layer.name] == [0.5, 0.5]


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="determinism is switched on in TensorFlow"
)
def test_the_same_seed_gives_the_same_history_twice(tmp_path, monkeypatch):
    """Two stages, a bottleneck and dropout; all of augmentation, loss and averaging in it."""

    def network(name, size, num_classes, *, output="logits", decoder="segnet", dropout=0.0):
        return model.segnet_modern(
            size, num_classes, output=output, filters=(4, 6), depths=(0, 0), dilations=(2,), dropout=dropout
        )

    monkeypatch.setattr(model, "build_network", network)
    config = tiny_config(
        deterministic=True, epochs=2, ema_momentum=0.9, rare_class_crop_prob=0.5, dropout=0.3, seed=3
    )
    histories = []
    for name in ("one", "two"):
        run = run_of(tmp_path / name, config)
        histories.append([{k: v for k, v in entry.items() if k != "seconds"} for entry in run.history])
    assert histories[0] == histories[1] and len(histories[0]) == 2
