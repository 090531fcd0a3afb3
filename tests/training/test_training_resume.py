"""A run that was stopped or killed at any point resumes and equals an unbroken one."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from segnet_nb import datasets
from segnet_nb.training import Run, checkpoints, load_run, train, validation
from tests.training_helpers import stop_after, tiny_config, tiny_network, tiny_pair

OPTIMIZERS = {
    "adamw": {"optimizer": "adamw", "weight_decay": 0.5, "learning_rate": 0.01},
    "adam": {"optimizer": "adam", "learning_rate": 0.01, "schedule": "constant"},
    "sgd": {"optimizer": "sgd", "weight_decay": 0.01, "learning_rate": 0.1},
}


pytestmark = pytest.mark.usefixtures("repeatable")


def run_of(directory, config, **options):
    return train(config, directory=directory, progress=False, data=tiny_pair(), **options)


def what_counts(run):
    return [{name: value for name, value in entry.items() if name != "seconds"} for entry in run.history]


def last_weights(run):
    path = run.directory / f"last-{len(run.history):04d}.keras"
    last = keras.models.load_model(path)
    return [*last.get_weights(), *(keras.ops.convert_to_numpy(v) for v in last.optimizer.variables)]


def assert_same(one, other):
    assert what_counts(one) == what_counts(other)
    assert (one.best_epoch, one.status) == (other.best_epoch, other.status)
    for a, b in zip(last_weights(one), last_weights(other), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def last_two(epochs):
    return [f"last-{epoch:04d}.keras" for epoch in (epochs - 1, epochs) if epoch]


def files_of(directory):
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Three epochs in one run, one for each optimizer, on demand."""
    made = {}

    def run(optimizer):
        if optimizer not in made:
            config = tiny_config(deterministic=True, **OPTIMIZERS[optimizer])
            made[optimizer] = run_of(tmp_path_factory.mktemp("unbroken") / optimizer, config)
        return made[optimizer]

    return run


@pytest.mark.parametrize(
    ("optimizer", "steps"), [("adamw", 5), ("adam", 3), pytest.param("sgd", 5, marks=pytest.mark.slow)]
)
def test_a_stopped_run_resumes_as_if_unbroken(unbroken, tmp_path, optimizer, steps):
    """Three steps an epoch: stopped between the first and the second, and amid the second."""
    whole = unbroken(optimizer)
    stopped = run_of(tmp_path, whole.config, on_step=stop_after(steps))
    assert (stopped.status, len(stopped.history)) == ("interrupted", 1)
    resumed = run_of(tmp_path, whole.config, resume=True)
    assert_same(resumed, whole)


class Killed(BaseException):
    """Like SIGKILL: nothing that handles errors or Ctrl-C sees it."""


# Which function dies at which of its calls. An epoch saves its best weights, its last weights, then the
# record (which is saved once before the first epoch too), then deletes old files.
MOMENTS = {
    "before the best weights": (checkpoints, "save_model", 2),
    "amid the last weights": (checkpoints, "save_model", 3),
    "before the record": (Run, "save", 2),
    "before deleting old files": (checkpoints, "delete_old", 1),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_while_the_second_epoch_is_written_down(unbroken, tmp_path, monkeypatch, moment):
    holder, name, last_call = MOMENTS[moment]
    original, calls = getattr(holder, name), []

    def dying(*arguments):
        calls.append(arguments)
        if len(calls) <= last_call:
            return original(*arguments)
        if moment.startswith("amid"):
            _, path = arguments
            path.with_name(f"part-{path.name}").write_bytes(b"PK half a file")
        raise Killed

    def better_every_epoch(network, _):
        steps = int(network.optimizer.iterations)
        return {"mean_iou": steps / 100, "global_accuracy": 0.5, "class_average": 0.5}

    monkeypatch.setattr(validation, "validate", better_every_epoch)
    config = tiny_config(deterministic=True, **OPTIMIZERS["adamw"])
    with monkeypatch.context() as patch:
        patch.setattr(holder, name, dying)
        with pytest.raises(Killed):
            run_of(tmp_path, config)
    left = load_run(tmp_path)
    assert (left.status, len(left.history)) == ("running", 2 if moment == "before deleting old files" else 1)
    assert all(np.isfinite(weight).all() for weight in left.model.get_weights())

    resumed = run_of(tmp_path, config, resume=True)
    assert files_of(tmp_path) == ["best.keras", "last-0002.keras", "last-0003.keras", "record.json"]
    assert [entry["mean_iou"] for entry in resumed.history] == [0.03, 0.06, 0.09]
    whole = unbroken("adamw")
    assert resumed.curve("loss") == whole.curve("loss")
    for a, b in zip(last_weights(resumed), last_weights(whole), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    network = tiny_network()
    checkpoints.save_model(network, tmp_path / "best.keras")
    before = (tmp_path / "best.keras").read_bytes()

    def half(_, path):
        Path(path).write_bytes(before[:100])
        raise Killed

    monkeypatch.setattr(type(network), "save", half)
    with pytest.raises(Killed):
        checkpoints.save_model(network, tmp_path / "best.keras")
    assert (tmp_path / "best.keras").read_bytes() == before


class TestFinishedRun:
    def test_does_nothing_more(self, unbroken, tmp_path):
        whole = unbroken("sgd")
        shutil.copytree(whole.directory, tmp_path / "run")
        before = (tmp_path / "run" / "record.json").read_text()
        again = run_of(tmp_path / "run", whole.config, resume=True)
        assert_same(again, whole)
        assert (tmp_path / "run" / "record.json").read_text() == before

    def test_goes_on_for_more_epochs(self, unbroken, tmp_path):
        """At a constant rate the number of epochs decides nothing else: as if five from the start."""
        whole = unbroken("adam")
        shutil.copytree(whole.directory, tmp_path / "run")
        longer = replace(whole.config, epochs=5)
        extended = run_of(tmp_path / "run", longer, resume=True)
        assert (extended.status, len(extended.history)) == ("finished", 5)
        assert load_run(tmp_path / "run").config.epochs == 5
        assert_same(extended, run_of(tmp_path / "at once", longer))

    def test_makes_a_new_schedule_for_more_epochs(self, unbroken, tmp_path):
        whole = unbroken("sgd")
        shutil.copytree(whole.directory, tmp_path / "run")
        extended = run_of(tmp_path / "run", replace(whole.config, epochs=5), resume=True)
        assert what_counts(extended)[:3] == what_counts(whole)
        # Three epochs ended at 1 % of the largest rate; of five, two are still to come.
        assert whole.curve("learning_rate")[2] == pytest.approx(0.001)
        assert extended.curve("learning_rate")[3] > 0.01
        assert extended.curve("learning_rate")[4] == pytest.approx(0.001)


class TestRefusals:
    """All said before any data is read."""

    @pytest.fixture(autouse=True)
    def no_data(self, monkeypatch):
        def explode(*arguments, **options):
            raise AssertionError("data was read")

        monkeypatch.setattr(datasets, "load", explode)

    def test_data_would_be_read_otherwise(self, tmp_path):
        with pytest.raises(AssertionError, match="data was read"):
            train(tiny_config(), directory=tmp_path)
        assert files_of(tmp_path) == []

    def test_impossible_configuration(self, tmp_path):
        with pytest.raises(ValueError, match="network must be one of"):
            train(tiny_config(network="unet"), directory=tmp_path)

    def test_folder_that_holds_a_run(self, unbroken):
        whole = unbroken("sgd")
        before = files_of(whole.directory)
        with pytest.raises(ValueError, match=r"already holds a training run\. Pass resume=True \(--resume\)"):
            train(whole.config, directory=whole.directory)
        assert files_of(whole.directory) == before

    def test_run_of_another_configuration(self, unbroken):
        whole = unbroken("sgd")
        before = (whole.directory / "record.json").read_text()
        other = replace(whole.config, learning_rate=0.5, horizontal_flip=False, epochs=9)
        expected = r"horizontal_flip was True, now False; learning_rate was 0\.1, now 0\.5\. Resume"
        with pytest.raises(ValueError, match=expected) as error:
            train(other, directory=whole.directory, resume=True)
        assert "epochs was" not in str(error.value)
        assert (whole.directory / "record.json").read_text() == before

    def test_record_that_is_none(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"record\.json is missing\. Start one with train"):
            load_run(tmp_path)
        for text in ("{", "{}", '{"config": {}}', "[1]"):
            (tmp_path / "record.json").write_text(text)
            with pytest.raises(ValueError, match=r"is (not a training record|damaged)"):
                load_run(tmp_path)
            with pytest.raises(ValueError, match=r"is (not a training record|damaged)"):
                train(tiny_config(), directory=tmp_path, resume=True)

    def test_last_weights_that_are_gone(self, unbroken, tmp_path):
        whole = unbroken("sgd")
        shutil.copytree(whole.directory, tmp_path / "run")
        for path in (tmp_path / "run").glob("last-*.keras"):
            path.unlink()
        with pytest.raises(FileNotFoundError, match=r"last-0003\.keras is missing"):
            run_of(tmp_path / "run", replace(whole.config, epochs=4), resume=True)


ENDLESS = """
import signal, sys
from segnet_nb import model
from segnet_nb.training import train
from tests.training_helpers import tiny_config, tiny_network, tiny_pair

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the shell has set
model.build_network = tiny_network
run = train(
    tiny_config(epochs=100_000, schedule="constant"),
    directory=sys.argv[1],
    resume=True,
    progress=False,
    data=tiny_pair(),
    on_epoch=lambda report, model: print(report.epoch, flush=True),
)
print(run.status, len(run.history), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_then_kill_then_resume(tmp_path):
    """Ctrl-C ends a process cleanly; a second one resumes and is killed; a third one resumes."""
    folder = tmp_path / "run"
    command = [sys.executable, "-c", ENDLESS, str(folder)]
    options = {"cwd": Path(__file__).parents[2], "text": True, "stdout": subprocess.PIPE}

    with subprocess.Popen(command, stderr=subprocess.PIPE, **options) as process:
        assert process.stdout.readline() == "1\n", process.stderr.read()[-3000:]
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors[-3000:]
    run = load_run(folder)
    epochs = len(run.history)
    assert said.splitlines()[-1] == f"interrupted {epochs}"
    assert run.status == "interrupted"
    assert files_of(folder) == ["best.keras", *last_two(epochs), "record.json"]
    assert np.isfinite(run.model.predict_on_batch(np.zeros((1, 16, 24, 3)))).all()

    with subprocess.Popen(command, stderr=subprocess.DEVNULL, **options) as process:
        assert process.stdout.readline() == f"{epochs + 1}\n"
        process.kill()
    killed = load_run(folder)
    assert killed.status == "running"
    assert len(killed.history) > epochs
    assert what_counts(killed)[:epochs] == what_counts(run)

    config = replace(killed.config, epochs=len(killed.history) + 1)
    resumed = run_of(folder, config, resume=True)
    assert (resumed.status, len(resumed.history)) == ("finished", config.epochs)
    assert what_counts(resumed)[:-1] == what_counts(killed)
    assert files_of(folder) == ["best.keras", *last_two(config.epochs), "record.json"]
