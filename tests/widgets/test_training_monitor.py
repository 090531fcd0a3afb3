"""The training monitor without a browser: what it takes over from a training, and how one is ended."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import traitlets
from PIL import Image

from segnet_nb import model
from segnet_nb.datasets import CAMVID
from segnet_nb.inference.prediction import predict
from segnet_nb.training import EpochReport, StopTraining, load_run, train
from segnet_nb.widgets import TrainingMonitor
from segnet_nb.widgets.training_monitor import explorer as module
from tests.training_helpers import tiny_config, tiny_network, tiny_pair

PHOTO = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
TRUTH = np.array([[0, 0, 0, 3, 3, 11]] * 4, dtype=np.uint8)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.005)


def entry(epoch, seconds=1.0):
    scores = {"global_accuracy": 0.5, "class_average": 0.4, "mean_iou": 0.1 * epoch}
    return {"epoch": epoch, "loss": 2.0 / epoch, **scores, "learning_rate": 0.1, "seconds": seconds}


def make_train(*, earlier=0, before=lambda epoch: None, predicted=None):
    """A function that calls back as ``train`` does: two steps an epoch, the last epoch best.

    The "network" handed on is the epoch's number. ``before`` runs ahead of each epoch in the thread.
    """

    def run_it(config, *, progress, on_epoch, on_step, **options):
        assert progress is False
        run = SimpleNamespace(
            history=[entry(i + 1) for i in range(earlier)], best_epoch=earlier, options=options
        )
        run.status = "finished"
        run.thread = threading.current_thread()
        try:
            while len(run.history) < config.epochs:
                epoch = len(run.history) + 1
                on_step(run, 0, 2, 0.0)
                before(epoch)
                for step in (1, 2):
                    on_step(run, step, 2, 1.5 / step)
                run.history.append(entry(epoch))
                run.best_epoch = epoch
                on_epoch(EpochReport(epochs=config.epochs, **run.history[-1]), epoch)
        except StopTraining:
            run.status = "interrupted"
        return run

    return run_it


def config(epochs=3):
    return SimpleNamespace(epochs=epochs)


def ids_after(epoch, images):
    """The first ``epoch`` columns are Road, the rest Sky."""
    labels = np.zeros(images.shape[:3], np.uint8)
    labels[..., :epoch] = 3
    return labels


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.002)


def watched(monitor, train_it, epochs=3, **options):
    return asyncio.run(monitor.watch(train_it, config(epochs), **options))


def decoded(data):
    return np.array(Image.open(io.BytesIO(data)))


class TestSecondsLeft:
    def test_from_whole_epochs_the_slow_first_one_counts_little(self):
        # Median of 100, 10, 10 is 10; 5 epochs less 3 whole less a quarter: 1.75 * 10.
        history = [{"seconds": s} for s in (100.0, 10.0, 10.0)]
        assert module.seconds_left(history, 5, 0.25, 99.0) == 17.5

    def test_only_the_last_five_epochs_count(self):
        history = [{"seconds": s} for s in (50.0, 50.0, 50.0, 50.0, 50.0, 2.0, 2.0, 2.0, 2.0, 2.0)]
        assert module.seconds_left(history, 11, 0.0, 0.0) == 2.0

    def test_from_the_epoch_at_work(self):
        # A tenth took 4 s, so an epoch takes 40 s, and 2.9 are left.
        assert module.seconds_left([], 3, 0.1, 4.0) == pytest.approx(116.0)

    def test_never_below_nothing_and_unknown_at_first(self):
        assert module.seconds_left([{"seconds": 5.0}], 1, 0.5, 1.0) == 0.0
        assert module.seconds_left([], 3, 0.0, 4.0) is None


def test_mask_bytes_leave_void_transparent():
    pixels = decoded(module.mask_bytes(TRUTH, CAMVID))
    for (y, x), name in np.ndenumerate(TRUTH):
        assert tuple(pixels[y, x, :3]) == CAMVID.colors[name]
        assert pixels[y, x, 3] == (0 if name == 11 else 255)


class TestWatching:
    def test_what_a_run_leaves_behind(self):
        monitor = TrainingMonitor(PHOTO, TRUTH)
        run = watched(monitor, make_train(), predict=ids_after, directory="here")
        assert run.options == {"directory": "here"}
        assert run.thread is not threading.main_thread()
        assert monitor.history == run.history == [entry(1), entry(2), entry(3)]
        assert (monitor.status, monitor.epoch, monitor.epochs, monitor.best_epoch) == ("finished", 3, 3, 3)
        assert (monitor.steps, monitor.seconds_left, monitor.error) == (2, 0.0, "")
        assert repr(monitor) == "TrainingMonitor(finished, 3 of 3 epochs)"

    def test_steps_and_epochs_are_seen_while_it_runs(self):
        monitor, seen = TrainingMonitor(), []

        def halfway(epoch):
            # The thread waits until the kernel's side has taken over the epoch before.
            wait_for(lambda: monitor.status == "running" and monitor.epoch == epoch - 1)
            seen.append((monitor.epoch, monitor.step, monitor.epochs))

        watched(monitor, make_train(before=halfway))
        assert seen == [(0, 0, 3), (1, 0, 3), (2, 0, 3)]

    def test_a_step_is_shown_with_its_loss(self):
        monitor, steps = TrainingMonitor(), []
        monitor.observe(lambda change: steps.append((monitor.step, monitor.step_loss)), names="step")

        def slow(config, *, on_step, **_):
            run = SimpleNamespace(history=[], best_epoch=0, status="finished")
            for step in range(3):
                on_step(run, step, 2, 0.5 * step)
                wait_for(lambda step=step: monitor.step == step and monitor.steps == 2)
            return run

        watched(monitor, slow)
        assert steps == [(1, 0.5), (2, 1.0)]

    def test_the_picture_is_that_of_the_epoch_shown(self):
        monitor = TrainingMonitor(PHOTO, TRUTH)
        watched(monitor, make_train(), predict=ids_after)
        for shown, epoch in ((0, 3), (1, 1), (2, 2), (3, 3)):
            monitor.shown = shown
            guess = ids_after(epoch, PHOTO[None])[0]
            np.testing.assert_array_equal(decoded(monitor.picture)[..., :3], CAMVID.palette[guess])
            # Five columns have a label, three Sky, two Road; the first `epoch` are called Road, the rest Sky.
            assert monitor.image_accuracy == pytest.approx((3 - epoch) / 5)
            assert monitor.picture_epoch == epoch
        assert {epoch: int((ids == 3).sum()) for epoch, ids in monitor.predictions.items()} == {
            1: 4,
            2: 8,
            3: 12,
        }
        assert [name for name, _ in monitor.legend] == ["Sky", "Road"]
        assert monitor.legend[1][1] == "#804080"

    def test_without_predict_there_are_curves_only(self):
        monitor = TrainingMonitor(PHOTO, TRUTH)
        watched(monitor, make_train())
        assert (monitor.picture, monitor.picture_epoch, monitor.image_accuracy) == (b"", 0, None)
        assert len(monitor.history) == 3

    def test_resumed_epochs_are_there_before_the_first_new_one(self):
        monitor, at_start = TrainingMonitor(PHOTO, TRUTH), []

        def look(epoch):
            if epoch == 3:
                wait_for(lambda: monitor.epoch == 2)
                at_start.append((list(monitor.history), monitor.best_epoch))

        watched(monitor, make_train(earlier=2, before=look), predict=ids_after)
        assert at_start == [([entry(1), entry(2)], 2)]
        assert monitor.epoch == 3
        monitor.shown = 1  # an epoch of the run before: its figures, no picture
        assert (monitor.picture, monitor.picture_epoch) == (b"", 0)

    def test_a_run_that_was_finished_already(self):
        monitor = TrainingMonitor()
        watched(monitor, make_train(earlier=3))
        assert (monitor.status, monitor.epoch, monitor.best_epoch) == ("finished", 3, 3)

    def test_again_starts_anew(self):
        monitor = TrainingMonitor(PHOTO, TRUTH)
        watched(monitor, make_train(), predict=ids_after)
        monitor.shown = 2
        watched(monitor, make_train(), epochs=1)
        assert (monitor.epoch, monitor.epochs, monitor.shown, monitor.picture) == (1, 1, 0, b"")


class TestRecord:
    """What a view needs to look back without a kernel; it comes when the training has ended."""

    def test_it_has_the_prediction_of_each_epoch(self):
        monitor, during = TrainingMonitor(PHOTO, TRUTH), []

        def look(epoch):
            wait_for(lambda: monitor.status == "running" and monitor.epoch == epoch - 1)
            during.append((monitor.record, monitor.standalone))

        watched(monitor, make_train(before=look), predict=ids_after)
        assert during == [([], False)] * 3
        assert monitor.standalone
        assert [epoch for epoch, _, _ in monitor.record] == [1, 2, 3]
        for epoch, accuracy, png in monitor.record:
            monitor.shown = epoch
            assert (png, accuracy) == (monitor.picture, monitor.image_accuracy)
        assert [question["after"]["shown"] in (1, 2, 3) for question in monitor.questions] == [True] * len(
            monitor.questions
        )
        assert monitor.questions

    def test_the_legend_names_the_classes_of_every_epoch(self):
        def one_class_an_epoch(epoch, images):
            return np.full(images.shape[:3], (0, 5, 7, 9)[epoch], np.uint8)

        monitor = TrainingMonitor(PHOTO, TRUTH)
        watched(monitor, make_train(), predict=one_class_an_epoch)
        monitor.shown = 1
        assert [name for name, _ in monitor.legend] == [CAMVID.names[each] for each in (0, 3, 5, 7, 9)]

    @pytest.mark.parametrize("how", ["stopped", "failed"])
    def test_a_training_that_ended_early_leaves_one_too(self, how):
        monitor = TrainingMonitor(PHOTO, TRUTH)

        def end(epoch):
            if epoch < 3:
                return
            wait_for(lambda: monitor.epoch == 2)
            if how == "failed":
                raise FloatingPointError("the loss became nan")
            monitor._stop.set()

        if how == "failed":
            with pytest.raises(FloatingPointError):
                watched(monitor, make_train(before=end), predict=ids_after)
        else:
            watched(monitor, make_train(before=end), predict=ids_after)
        assert (monitor.status, monitor.standalone) == (how, True)
        assert [epoch for epoch, _, _ in monitor.record] == [1, 2]

    def test_without_an_image_the_curves_remain(self):
        monitor = TrainingMonitor()
        watched(monitor, make_train())
        assert (monitor.record, monitor.standalone) == ([], True)

    def test_another_training_begins_without_one(self):
        monitor, at_start = TrainingMonitor(PHOTO, TRUTH), []
        watched(monitor, make_train(), predict=ids_after)

        def look(_):
            wait_for(lambda: monitor.status == "running")
            at_start.append((monitor.record, monitor.questions, monitor.standalone))

        watched(monitor, make_train(before=look), epochs=1)
        assert at_start == [([], [], False)]

    def test_of_too_many_bytes_evenly_spaced_ones_are_left_out(self):
        record = [[epoch, 0.5, bytes(10)] for epoch in range(1, 10)]  # 9 entries, 90 bytes
        assert module.thinned(record, 90) == record
        assert [epoch for epoch, _, _ in module.thinned(record, 89)] == [1, 3, 5, 7, 9]  # 50 bytes
        assert [epoch for epoch, _, _ in module.thinned(record, 49)] == [1, 5, 9]
        assert [epoch for epoch, _, _ in module.thinned(record, 1)] == [9]


class TestWithoutABrowser:
    def test_a_line_an_epoch(self, capsys):
        watched(TrainingMonitor(), make_train(), epochs=2)
        lines = capsys.readouterr().out.splitlines()
        first = "epoch   1/2  loss 2.000  val mIoU 0.100 (best 0.100)  accuracy 0.500  1 s, 1 s left"
        second = "epoch   2/2  loss 1.000  val mIoU 0.200 (best 0.200)  accuracy 0.500  1 s, 0 s left"
        assert lines == [first, second]

    def test_nothing_is_printed_once_a_browser_has_drawn_it(self, capsys):
        monitor = TrainingMonitor()
        monitor._receive(monitor, {"kind": "seen"}, [])
        watched(monitor, make_train(), epochs=2)
        assert capsys.readouterr().out == ""

    def test_lines_come_from_the_thread_of_the_kernel(self, monkeypatch):
        threads = []
        monkeypatch.setattr("builtins.print", lambda *_, **__: threads.append(threading.current_thread()))
        watched(TrainingMonitor(), make_train())
        assert threads == [threading.main_thread()] * 3


class TestEnding:
    def test_stop_button(self, capsys):
        monitor, statuses = TrainingMonitor(), []
        monitor.observe(lambda change: statuses.append(change["new"]), names="status")

        async def press():
            running = asyncio.ensure_future(
                monitor.watch(
                    make_train(before=lambda epoch: epoch == 1 or monitor._stop.wait(20)), config(9)
                )
            )
            while monitor.epoch < 1:
                await asyncio.sleep(0.002)
            said = {"kind": "set", "trait": "stop_requested", "value": True}
            monitor._receive(monitor, said, [])  # as the browser does
            return await running

        run = asyncio.run(press())
        assert (run.status, len(run.history)) == ("interrupted", 1)
        assert statuses == ["running", "stopping", "stopped"]
        assert monitor.history == run.history
        assert "Stopped." in capsys.readouterr().out

    def test_an_interrupted_cell_gets_its_run_too(self):
        monitor = TrainingMonitor()

        async def interrupt():
            running = asyncio.ensure_future(
                monitor.watch(
                    make_train(before=lambda epoch: epoch == 1 or monitor._stop.wait(20)), config(9)
                )
            )
            while monitor.epoch < 1:
                await asyncio.sleep(0.002)
            running.cancel()  # what the kernel does with the cell
            return await running

        run = asyncio.run(interrupt())
        assert (run.status, len(run.history), monitor.status) == ("interrupted", 1, "stopped")

    def test_the_second_interrupt_is_not_held_up(self):
        monitor, deaf = TrainingMonitor(), threading.Event()

        async def interrupt_twice():
            running = asyncio.ensure_future(
                monitor.watch(make_train(before=lambda *_: deaf.wait(20)), config(1))
            )
            for _ in range(2):
                await asyncio.sleep(0.05)
                running.cancel()
            await running

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(interrupt_twice())
        deaf.set()

    def test_an_error_is_shown_and_raised(self):
        monitor = TrainingMonitor()

        def fail(epoch):
            if epoch == 2:
                raise FloatingPointError("the loss became nan")

        with pytest.raises(FloatingPointError, match="became nan"):
            watched(monitor, make_train(before=fail))
        assert (monitor.status, monitor.error) == ("failed", "the loss became nan")
        assert monitor.history == [entry(1)]
        watched(monitor, make_train())
        assert (monitor.status, monitor.error) == ("finished", "")

    def test_one_training_at_a_time(self):
        monitor = TrainingMonitor()

        async def twice():
            waits = make_train(before=lambda _: monitor._stop.wait(20))
            first = asyncio.ensure_future(monitor.watch(waits, config()))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="watches a training already"):
                await monitor.watch(make_train(), config())
            monitor.stop()
            return await first

        assert asyncio.run(twice()).status == "interrupted"

    def test_there_is_nothing_to_stop_when_nothing_runs(self):
        monitor = TrainingMonitor()
        with pytest.raises(traitlets.TraitError, match="nothing to stop: the status is 'idle'"):
            monitor.stop_requested = True
        monitor._receive(monitor, {"kind": "set", "trait": "stop_requested", "value": True}, [])
        assert "nothing to stop" in monitor.error
        monitor._receive(monitor, {"kind": "set", "trait": "status", "value": "failed"}, [])
        assert monitor.status == "idle"  # not the view's to set
        assert monitor.stop_requested is False
        monitor.stop()  # harmless
        assert monitor.status == "idle"

    def test_close_ends_the_training_and_lets_go(self):
        monitor = TrainingMonitor(PHOTO, TRUTH)

        async def close_midway():
            slow = make_train(before=lambda epoch: epoch == 1 or monitor._stop.wait(20))
            running = asyncio.ensure_future(monitor.watch(slow, config(9), predict=ids_after))
            while monitor.epoch < 1:
                await asyncio.sleep(0.002)
            monitor.close()
            return await running

        assert asyncio.run(close_midway()).status == "interrupted"
        assert (monitor.photo, monitor.picture, monitor._predictions, monitor._image) == (b"", b"", {}, None)


class TestState:
    def test_an_epoch_that_is_not_there(self):
        monitor = TrainingMonitor()
        with pytest.raises(traitlets.TraitError, match="epoch 4 does not exist: 0 are completed"):
            monitor.shown = 4

    @pytest.mark.parametrize(
        ("image", "labels", "message"),
        [
            (PHOTO, None, "belong together"),
            (PHOTO.astype(np.float32), TRUTH, "must be uint8"),
            (PHOTO[None], TRUTH[None], r"images\[0\]"),
            (PHOTO, TRUTH[:, :2], r"and \(4, 2\)\."),
        ],
    )
    def test_images_that_do_not_fit(self, image, labels, message):
        with pytest.raises(ValueError, match=message):
            TrainingMonitor(image, labels)

    def test_two_monitors_do_not_mix(self):
        one, other = TrainingMonitor(PHOTO, TRUTH), TrainingMonitor(PHOTO, TRUTH)
        watched(one, make_train(), predict=ids_after)
        assert (other.status, other.history, other.picture) == ("idle", [], b"")

    def test_the_state_that_a_notebook_saves(self):
        monitor = TrainingMonitor(PHOTO, TRUTH)
        watched(monitor, make_train(), predict=ids_after)
        state = monitor.get_state()
        assert state["history"] == [entry(1), entry(2), entry(3)]
        assert state["picture"] == monitor.picture != b""
        assert len(state["_esm"]) + len(state["_css"]) < 43_000

    def test_what_was_shown_is_stored_anew_at_the_end(self, monkeypatch):
        """The cell that shows the monitor runs before there is anything to see."""
        stored = []

        class Place:
            def update(self, data, *, metadata, raw):
                assert raw
                stored.append(data)

        def display(data, *, metadata, raw, display_id):
            assert raw and display_id
            stored.append(data)
            return Place()

        monkeypatch.setattr(module, "display", display)
        monitor = TrainingMonitor(PHOTO, TRUTH)
        monitor._ipython_display_()
        watched(monitor, make_train(), predict=ids_after)
        before, after = stored
        assert before["image/jpeg"] != after["image/jpeg"]
        key = "application/vnd.jupyter.widget-view+json"
        assert before[key]["model_id"] == after[key]["model_id"] == monitor.model_id


class TestFigure:
    def test_before_there_is_an_epoch(self):
        figure = TrainingMonitor(PHOTO, TRUTH).figure()
        titles = [axis.get_title() for axis in figure.axes]
        assert titles == ["training loss", "validation", "image", "ground truth"]
        assert figure.axes[0].texts[0].get_text() == "no completed epoch yet"

    def test_after_a_run(self):
        monitor = TrainingMonitor(PHOTO, TRUTH)
        watched(monitor, make_train(), predict=ids_after)
        monitor.shown = 2
        figure = monitor.figure()
        titles = [axis.get_title() for axis in figure.axes]
        assert titles[2:] == ["image", "prediction after epoch 2", "ground truth"]
        assert list(figure.axes[0].lines[0].get_ydata()) == [2.0, 1.0, 2.0 / 3]
        shown = figure.axes[3].images[0].get_array()
        blended = np.rint(0.4 * PHOTO + 0.6 * CAMVID.palette[ids_after(2, PHOTO[None])[0]])
        np.testing.assert_array_equal(shown, blended)
        assert figure._repr_jpeg_()[0][:2] == b"\xff\xd8"

    def test_without_an_image(self):
        monitor = TrainingMonitor()
        watched(monitor, make_train())
        figure = monitor.figure()
        assert len(figure.axes) == 2
        assert figure._repr_png_()[0][:4] == b"\x89PNG"


def test_a_real_training_is_watched_stopped_and_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(model, "build_network", tiny_network)
    data = tiny_pair()
    monitor = TrainingMonitor(data[1].images[0], data[1].labels[0])

    async def stop_after_two():
        running = asyncio.ensure_future(
            monitor.watch(train, tiny_config(epochs=500), predict=predict, data=data, directory=tmp_path)
        )
        while monitor.epoch < 2:
            await asyncio.sleep(0.005)
        monitor.stop_requested = True
        return await running

    run = asyncio.run(stop_after_two())
    assert run.status == load_run(tmp_path).status == "interrupted"
    assert monitor.history == load_run(tmp_path).history == run.history
    assert 2 <= monitor.epoch < 500
    guess = predict(run.model, data[1].images[:1])[0]
    monitor.shown = run.best_epoch
    np.testing.assert_array_equal(decoded(monitor.picture)[..., :3], CAMVID.palette[guess])

    more = len(run.history) + 1
    again = asyncio.run(
        monitor.watch(train, tiny_config(epochs=more), data=data, directory=tmp_path, resume=True)
    )
    assert (again.status, monitor.status, monitor.epoch) == ("finished", "finished", more)
    assert monitor.history[: more - 1] == run.history
