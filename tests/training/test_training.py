"""What a run does: learns, validates, keeps the best weights, writes itself down, ends cleanly."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import keras
import numpy as np
import pytest

from segnet_nb import metrics, model, training
from segnet_nb._shared.errors import DivergedError, OutOfMemoryError
from segnet_nb.datasets import CAMVID
from segnet_nb.inference.prediction import load_model, predict
from segnet_nb.training import EpochReport, StopTraining, checkpoints, load_run, train, validation
from segnet_nb.training.config import TrainConfig
from tests.training_helpers import stop_after, tiny_config, tiny_data, tiny_network, tiny_pair

pytestmark = pytest.mark.usefixtures("tiny_networks")


def run_of(directory, config=None, **options):
    options = {"progress": False, "data": tiny_pair()} | options
    return train(config or tiny_config(), directory=directory, **options)


def files_of(directory):
    return sorted(path.name for path in directory.iterdir())


def strings_in(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)
    elif isinstance(value, str):
        yield value


def memory_errors():
    """What Python and the backends raise when memory runs out."""
    yield MemoryError()
    if keras.backend.backend() == "tensorflow":
        from tensorflow.errors import ResourceExhaustedError

        yield ResourceExhaustedError(None, None, "OOM when allocating tensor")
    yield type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory.")  # PyTorch's, by name
    yield RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.")  # JAX's


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Eight epochs, with what ``on_epoch`` saw of them."""
    seen = []
    directory = tmp_path_factory.mktemp("runs") / "deeper" / "run"
    config = tiny_config(epochs=8, learning_rate=0.05, scale_min=1.0, scale_max=1.0, color_jitter=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "build_network", tiny_network)
        run = run_of(directory, config, on_epoch=lambda report, net: seen.append((report, net.get_weights())))
    return run, seen


class TestFinishedRun:
    def test_learns(self, finished):
        run, _ = finished
        assert run.status == "finished"
        assert run.curve("loss")[-1] < 0.8 * run.curve("loss")[0]
        assert run.best["mean_iou"] > run.curve("mean_iou")[0]

    def test_history_has_every_epoch(self, finished):
        run, seen = finished
        assert run.curve("epoch") == list(range(1, 9))
        assert len(seen) == 8
        for entry, (report, _) in zip(run.history, seen, strict=True):
            assert isinstance(report, EpochReport)
            assert {**entry, "epochs": 8} == vars(report)
            assert np.isfinite(entry["loss"]) and entry["seconds"] > 0
            assert all(0 <= entry[name] <= 1 for name in ("global_accuracy", "class_average", "mean_iou"))

    def test_best_weights_are_those_of_the_best_epoch(self, finished):
        run, seen = finished
        scores = run.curve("mean_iou")
        assert run.best_epoch == 1 + scores.index(max(scores))  # of equals the first
        assert run.best == run.history[run.best_epoch - 1]
        for kept, then in zip(run.model.get_weights(), seen[run.best_epoch - 1][1], strict=True):
            np.testing.assert_array_equal(kept, then)

    def test_scores_are_those_of_the_best_weights(self, finished):
        """Computed again, pixel by pixel, from the file only."""
        run, _ = finished
        data = tiny_pair()[1]
        labels = predict(load_model(run.directory / "best.keras"), data.images)
        known = data.labels != CAMVID.void_id
        assert run.best["global_accuracy"] == pytest.approx((labels == data.labels)[known].mean())
        matrix = metrics.confusion_matrix(data.labels, labels, 11, CAMVID.void_id)
        assert run.best["mean_iou"] == pytest.approx(metrics.scores(matrix).mean_iou)

    def test_folder_holds_three_files(self, finished):
        run, _ = finished
        assert files_of(run.directory) == ["best.keras", "last-0007.keras", "last-0008.keras", "record.json"]

    def test_record_says_what_was_done_and_where_nothing_is(self, finished):
        run, _ = finished
        record = json.loads((run.directory / "record.json").read_text())
        assert TrainConfig.from_dict(record["config"]) == run.config
        assert record["config"]["seed"] == 0
        assert (record["status"], record["best_epoch"]) == ("finished", run.best_epoch)
        assert record["history"] == run.history
        backend = keras.backend.backend()
        assert record["versions"]["python"] == platform.python_version()
        assert record["versions"]["backend"] == backend
        assert record["versions"]["keras"] == keras.__version__
        assert set(record["versions"]) == {"python", "backend", "segnet-nb", "keras", "numpy", backend}
        private = {str(run.directory), str(Path.home()), str(Path.cwd()), platform.node()}
        for text in strings_in(record):
            assert not Path(text).is_absolute()
            assert not [word for word in private if len(word) > 1 and word in text]

    def test_reads_back_what_it_was(self, finished):
        run, _ = finished
        again = load_run(str(run.directory))
        assert again == run
        assert str(again) == str(run)
        assert "Run finished after 8 of 8 epochs; best epoch" in str(run)
        assert f"validation mIoU {run.best['mean_iou']:.3f}" in repr(run)
        images = tiny_pair()[1].images
        np.testing.assert_array_equal(predict(again.model, images), predict(run.model, images))


class TestBestWeights:
    # Accuracy peaks in epoch 1, mIoU in epoch 2 and again, equal, in epoch 3.
    SCORES = ((0.1, 0.9), (0.5, 0.2), (0.5, 0.3))

    @pytest.mark.parametrize(("monitor", "best"), [("mean_iou", 2), ("global_accuracy", 1)])
    def test_selected_by_the_monitored_score(self, tmp_path, monkeypatch, monitor, best):
        scripted = iter(self.SCORES)

        def validate(*_):
            mean_iou, accuracy = next(scripted)
            return {"mean_iou": mean_iou, "global_accuracy": accuracy, "class_average": 0.0}

        monkeypatch.setattr(validation, "validate", validate)
        weights = []
        run = run_of(
            tmp_path,
            tiny_config(monitor=monitor),
            on_epoch=lambda _, network: weights.append(network.get_weights()),
        )
        assert run.best_epoch == load_run(tmp_path).best_epoch == best
        for kept, then in zip(run.model.get_weights(), weights[best - 1], strict=True):
            np.testing.assert_array_equal(kept, then)
        assert any((a != b).any() for a, b in zip(weights[0], weights[1], strict=True))


class TestModelOfARun:
    """``run.model`` is the network of the file, and read again when the file is another one."""

    @staticmethod
    def kept(run):
        return load_model(run.best_path).get_weights()

    def assert_kept(self, run):
        for read, stored in zip(run.model.get_weights(), self.kept(run), strict=True):
            np.testing.assert_array_equal(read, stored)

    def test_read_in_callbacks_it_does_not_stay_the_old_one(self, tmp_path, monkeypatch):
        runs, networks = [], []

        def on_epoch(*_):
            networks.append(runs[-1].model)
            assert runs[-1].model is networks[-1]
            self.assert_kept(runs[-1])

        rising = iter([0.1, 0.2, 0.15])
        score = dict.fromkeys(validation.SCORES, 0.0)
        monkeypatch.setattr(validation, "validate", lambda *_: score | {"mean_iou": next(rising)})
        run = run_of(tmp_path, on_step=lambda run, *_: runs.append(run), on_epoch=on_epoch)
        assert run is runs[-1] and run.best_epoch == 2
        assert networks[0] is not networks[1]
        assert networks[1] is networks[2] is run.model  # epoch 3 was no better: the file is the same
        assert any(
            (old != new).any()
            for old, new in zip(networks[0].get_weights(), networks[1].get_weights(), strict=True)
        )

    def test_after_adjustment_it_is_the_adjusted_one(self, tmp_path):
        runs, networks = [], []
        run = run_of(
            tmp_path,
            tiny_config(logit_adjustment=True),
            on_step=lambda run, *_: runs.append(run),
            on_epoch=lambda *_: networks.append(runs[-1].model),
        )
        assert run.is_adjusted and any(run.adjustment["offsets"])
        self.assert_kept(run)
        trained = load_model(tmp_path / "best.keras").get_weights()[-1]
        np.testing.assert_allclose(
            run.model.get_weights()[-1], trained + np.float32(run.adjustment["offsets"]), atol=1e-6
        )
        assert run.model is run.model
        assert run.model not in networks

    def test_of_a_folder_that_another_process_trains_in(self, tmp_path):
        watched = run_of(tmp_path, tiny_config(epochs=1))
        before = watched.model
        other = load_model(watched.best_path)
        other.set_weights([value + 1 for value in other.get_weights()])
        training_one = load_run(tmp_path)
        checkpoints.replace_model(training_one, "best.keras", other)
        checkpoints.commit(training_one)
        assert watched.model is not before
        self.assert_kept(watched)

    def test_without_weights(self, tmp_path):
        run = training.Run(tiny_config(), tmp_path)
        with pytest.raises(FileNotFoundError, match=r"best\.keras is missing"):
            _ = run.model
        checkpoints.save_model(tiny_network(), run.best_path)
        assert run.model is run.model


class TestStopping:
    def test_ctrl_c_keeps_the_best_weights_and_says_so(self, tmp_path, capsys):
        weights = []

        def second_time(report, network):
            weights.append(network.get_weights())
            if report.epoch == 2:
                raise KeyboardInterrupt

        run = run_of(tmp_path, tiny_config(epochs=5), on_epoch=second_time, progress=True)
        assert (run.status, len(run.history)) == ("interrupted", 2)
        assert load_run(tmp_path) == run
        for kept, then in zip(run.model.get_weights(), weights[run.best_epoch - 1], strict=True):
            np.testing.assert_array_equal(kept, then)
        *lines, last = capsys.readouterr().out.splitlines()
        assert len(lines) == 2  # one an epoch
        for line, entry in zip(lines, run.history, strict=True):
            assert line.startswith(f"epoch   {entry['epoch']}/5  loss {entry['loss']:.3f}  val mIoU ")
            assert f"accuracy {entry['global_accuracy']:.3f}" in line
            assert line.endswith(" left")
        assert last.startswith("Stopped. Run interrupted after 2 of 5 epochs")
        assert last.endswith("Continue with resume=True (--resume).")

    def test_stopped_before_the_first_epoch_there_are_weights_all_the_same(self, tmp_path):
        run = run_of(tmp_path, on_step=stop_after(0))
        assert (run.status, run.history, run.best_epoch, run.best) == ("interrupted", [], 0, {})
        assert str(run) == "Run interrupted, no completed epoch"
        assert files_of(tmp_path) == ["best.keras", "record.json"]
        assert run.model.predict_on_batch(np.zeros((1, 16, 24, 3))).shape == (1, 16, 24, 11)

    def test_a_callback_that_raises_stop_training_ends_the_run(self, tmp_path):
        def ask_to_stop(*_):
            raise StopTraining

        run = run_of(tmp_path, tiny_config(epochs=50), on_epoch=ask_to_stop)
        assert (run.status, len(run.history)) == ("interrupted", 1)
        assert load_run(tmp_path) == run
        assert files_of(tmp_path) == ["best.keras", "last-0001.keras", "record.json"]

    def test_it_ends_after_the_current_step(self, tmp_path):
        told = []

        def second_step(run, *step):
            told.append(step[:2])
            if step[0] == 2:
                raise StopTraining

        run = run_of(tmp_path, on_step=second_step)
        assert told == [(0, 3), (1, 3), (2, 3)]
        assert (run.status, run.history) == ("interrupted", [])
        assert training.StopTraining is StopTraining

    def test_every_step_is_told(self, tmp_path):
        """Seven images in batches of two are three steps; the mean loss of the last is that of the epoch."""
        told = []
        run = run_of(
            tmp_path,
            tiny_config(epochs=2),
            on_step=lambda run, *step: told.append((len(run.history), run.best_epoch, *step)),
        )
        assert [entry[0] for entry in told] == [0] * 4 + [1] * 4
        assert [entry[2:4] for entry in told] == [(step, 3) for step in range(4)] * 2
        assert told[0][1] == 0 and told[4][1] == 1
        assert [told[0][4], told[4][4]] == [0.0, 0.0]
        assert [told[3][4], told[7][4]] == run.curve("loss")

    def test_loss_that_is_no_number(self, tmp_path):
        def spoil(_, network):
            network.set_weights([weight * np.nan for weight in network.get_weights()])

        expected = (
            r"loss became nan in epoch 2, step 1\. Lower learning_rate \(now 0\.002\) and train again in "
            r"another directory\. The checkpoint of epoch 1 is kept in .*: resume=True \(--resume\) continues"
        )
        with pytest.raises(DivergedError, match=expected) as error:
            run_of(tmp_path, on_epoch=spoil)
        assert isinstance(error.value, FloatingPointError)
        assert f"initial_weights='{tmp_path / 'best.keras'}'" in str(error.value)
        run = load_run(tmp_path)
        assert (run.status, len(run.history)) == ("interrupted", 1)
        assert files_of(tmp_path) == ["best.keras", "last-0001.keras", "record.json"]
        assert all(np.isfinite(weight).all() for weight in run.model.get_weights())
        resumed = run_of(tmp_path, resume=True)
        assert (resumed.status, len(resumed.history)) == ("finished", 3)

    def test_loss_that_is_no_number_in_the_first_epoch(self, tmp_path, monkeypatch):
        def spoiled(*arguments, **options):
            network = tiny_network(*arguments, **options)
            network.set_weights([weight * np.nan for weight in network.get_weights()])
            return network

        monkeypatch.setattr(model, "build_network", spoiled)
        with pytest.raises(DivergedError, match=r"in epoch 1, step 1\..* No epoch was completed\."):
            run_of(tmp_path)
        assert files_of(tmp_path) == ["record.json"]

    @pytest.mark.parametrize("error", list(memory_errors()), ids=lambda error: type(error).__name__)
    def test_too_little_memory(self, tmp_path, error):
        def full(run, step, *_):
            if len(run.history) == 1 and step == 2:
                raise error

        expected = (
            r"step of 2 images of 16 x 24 pixels\. Lower batch_size or image_size and train again in another "
            r"directory\. The checkpoint of epoch 1 is kept"
        )
        with pytest.raises(OutOfMemoryError, match=expected) as raised:
            run_of(tmp_path, on_step=full)
        assert isinstance(raised.value, MemoryError) and raised.value.__cause__ is error
        assert load_run(tmp_path).status == "interrupted"
        resumed = run_of(tmp_path, resume=True)
        assert (resumed.status, len(resumed.history)) == ("finished", 3)

    def test_errors_of_on_epoch_are_not_swallowed(self, tmp_path):
        def fail(*_):
            raise RuntimeError("no ink")

        with pytest.raises(RuntimeError, match="no ink"):
            run_of(tmp_path, on_epoch=fail)
        assert len(load_run(tmp_path).history) == 1

    def test_no_images(self, tmp_path):
        empty = tiny_data(0)
        for data in ((empty, tiny_data(2)), (tiny_data(2), empty)):
            with pytest.raises(ValueError, match="at least one image to train on and one to validate with"):
                run_of(tmp_path, data=data)
        assert files_of(tmp_path) == []


def test_record_is_written_whole_or_not_at_all(finished, tmp_path, monkeypatch):
    run = training.Run(finished[0].config, tmp_path)
    run.save()
    before = (tmp_path / "record.json").read_text()

    def disk_full(path, data):
        with path.open("wb") as file:
            file.write(data[:40])
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    run.status = "finished"
    with pytest.raises(OSError, match="no space left"):
        run.save()
    monkeypatch.undo()
    assert (tmp_path / "record.json").read_text() == before
    assert files_of(tmp_path) == ["record.json"]
    assert load_run(tmp_path).status == "running"


def test_default_folder_is_named_after_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = train(tiny_config(epochs=1, seed=4), progress=False, data=tiny_pair())
    assert run.directory == Path("runs/synthetic-small-seed4")
    assert files_of(tmp_path) == ["runs"]
    assert capsys.readouterr().out == ""  # silent unless asked
    assert load_run("runs/synthetic-small-seed4").status == "finished"
