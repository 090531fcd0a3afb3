"""What a run does: learns, validates, keeps the best weights, writes itself down, ends cleanly."""

from __future__ import annotations

import json
import platform
import threading
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from segnet_nb import metrics, model, training
from segnet_nb.datasets import CAMVID
from segnet_nb.inference.prediction import load_model, predict
from segnet_nb.training import EpochReport, load_run, loop, train
from segnet_nb.training.config import TrainConfig
from tests.training_helpers import tiny_config, tiny_data, tiny_network, tiny_pair


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(model, "build_network", tiny_network)


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
        """Computed anew, pixel by pixel, from the file alone."""
        run, _ = finished
        data = tiny_pair()[1]
        labels = predict(load_model(run.directory / "best.keras"), data.images)
        known = data.labels != CAMVID.void_id
        assert run.best["global_accuracy"] == pytest.approx((labels == data.labels)[known].mean())
        matrix = metrics.confusion_matrix(data.labels, labels, 11, CAMVID.void_id)
        assert run.best["mean_iou"] == pytest.approx(metrics.scores(matrix).mean_iou)

    def test_folder_holds_three_files(self, finished):
        run, _ = finished
        assert files_of(run.directory) == ["best.keras", "last-0008.keras", "record.json"]

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
    def test_selected_by_the_score_that_was_asked_for(self, tmp_path, monkeypatch, monitor, best):
        scripted = iter(self.SCORES)

        def validate(*_):
            mean_iou, accuracy = next(scripted)
            return SimpleNamespace(mean_iou=mean_iou, global_accuracy=accuracy, class_average=0.0)

        monkeypatch.setattr(loop, "_validate", validate)
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
        assert last.endswith("Go on with resume=True (--resume).")

    def test_stopped_before_the_first_epoch_there_are_weights_all_the_same(self, tmp_path):
        stop = threading.Event()
        stop.set()
        run = run_of(tmp_path, stop=stop)
        assert (run.status, run.history, run.best_epoch, run.best) == ("interrupted", [], 0, {})
        assert str(run) == "Run interrupted, no whole epoch"
        assert files_of(tmp_path) == ["best.keras", "record.json"]
        assert run.model.predict_on_batch(np.zeros((1, 16, 24, 3))).shape == (1, 16, 24, 11)

    def test_stop_from_another_thread_ends_after_a_step(self, tmp_path):
        stop = threading.Event()

        def ask_to_stop(*_):
            thread = threading.Thread(target=stop.set)
            thread.start()
            thread.join()

        run = run_of(tmp_path, tiny_config(epochs=50), stop=stop, on_epoch=ask_to_stop)
        assert (run.status, len(run.history)) == ("interrupted", 1)

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

        with pytest.raises(
            FloatingPointError, match=r"loss became nan in epoch 2, step 1\. Lower learning_rate"
        ):
            run_of(tmp_path, on_epoch=spoil)
        run = load_run(tmp_path)
        assert len(run.history) == 1
        assert all(np.isfinite(weight).all() for weight in run.model.get_weights())

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

    def disk_full(path, text):
        with path.open("w") as file:
            file.write(text[:40])
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_text", disk_full)
    run.status = "finished"
    with pytest.raises(OSError, match="no space left"):
        run.save()
    monkeypatch.undo()
    assert (tmp_path / "record.json").read_text() == before
    assert load_run(tmp_path).status == "running"


def test_default_folder_is_named_after_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = train(tiny_config(epochs=1, seed=4), progress=False, data=tiny_pair())
    assert run.directory == Path("runs/synthetic-small-seed4")
    assert files_of(tmp_path) == ["runs"]
    assert capsys.readouterr().out == ""  # silent unless asked
    assert load_run("runs/synthetic-small-seed4").status == "finished"
