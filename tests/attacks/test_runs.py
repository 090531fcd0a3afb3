"""A damaged run goes on from the epoch before with the same result, or says which file is damaged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segnet_nb._shared.errors import UserError
from segnet_nb.training import load_run, train
from tests.attacks import runs
from tests.training_helpers import tiny_config, tiny_network, tiny_pair

CONFIG = tiny_config(epochs=4, ema_momentum=0.9, deterministic=True, learning_rate=0.05)


@pytest.fixture(autouse=True, scope="module")
def small_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segnet_nb.networks.model.build_network", tiny_network)
        yield
    from segnet_nb._shared.framework import keras

    if keras.backend.backend() == "tensorflow":
        from tensorflow.python.framework import config

        config.disable_op_determinism()  # which other tests must not inherit


def run_of(folder, config, **options):
    return train(config, directory=folder, progress=False, data=tiny_pair(), **options)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A run stopped after three of four epochs, the same unbroken, and one of another seed."""
    place = tmp_path_factory.mktemp("runs")
    run_of(place / "whole", CONFIG)
    # The schedule is over all four epochs, so the run is stopped rather than shorter.
    run_of(place / "stopped", CONFIG, on_epoch=stop_after_three)
    run_of(place / "other", replace(CONFIG, seed=5), on_epoch=stop_after_three)
    return place


def stop_after_three(report, network):
    from segnet_nb.training import StopTraining

    if report.epoch == 3:
        raise StopTraining


def damaged(folders, tmp_path, damage):
    shutil.copytree(folders / "stopped", tmp_path / "run")
    damage(tmp_path / "run", folders / "other")
    return tmp_path / "run"


def test_there_are_fifty_of_them():
    assert len(runs.RECOVERED) + len(runs.REFUSED) >= 50


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if i % 3 else []) for i, name in enumerate(runs.RECOVERED)],
)
def test_it_goes_on_from_the_epoch_before(folders, tmp_path, name):
    folder = damaged(folders, tmp_path, runs.RECOVERED[name])
    resumed, whole = run_of(folder, CONFIG, resume=True), load_run(folders / "whole")
    assert resumed.status == "finished"
    assert resumed.curve("loss") == whole.curve("loss")
    assert resumed.curve("mean_iou") == whole.curve("mean_iou")
    assert resumed.best_epoch == whole.best_epoch
    for one, other in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        path.name for path in (folders / "whole").iterdir()
    )


def test_it_says_what_was_damaged(folders, tmp_path, capsys):
    folder = damaged(folders, tmp_path, runs.RECOVERED["last cut"])
    train(CONFIG, directory=folder, data=tiny_pair(), resume=True)
    assert "last-0003.keras is damaged, or of another" in capsys.readouterr().out


@pytest.mark.parametrize("name", runs.REFUSED)
def test_it_is_refused_in_one_sentence(folders, tmp_path, name):
    folder = damaged(folders, tmp_path, runs.REFUSED[name])
    before = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
    with pytest.raises((UserError, OSError)) as caught:
        run_of(folder, CONFIG, resume=True)
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message and len(message) < 600
    assert {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")} == before


@pytest.mark.parametrize("name", ["best cut", "best of another run", "best replaced by last", "best gone"])
def test_no_other_weights_are_loaded(folders, tmp_path, name):
    from segnet_nb.inference import pretrained

    folder = damaged(folders, tmp_path, runs.REFUSED[name])
    for load in (lambda: pretrained.load_trained(folder), lambda: load_run(folder).model):
        with pytest.raises(UserError, match=r"best\.keras is (damaged|missing)"):
            load()


HOLDER = """
import sys
from pathlib import Path
from segnet_nb.training import run_lock
with run_lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_training_at_a_time(tmp_path):
    """The second is told the first one's process id; a killed one leaves no lock."""
    folder = tmp_path / "run"
    command = [sys.executable, "-c", HOLDER, str(folder)]
    options = {"cwd": Path(__file__).parents[2], "text": True}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=f"process {process.pid} is training in"):
            run_of(folder, CONFIG)
        process.kill()
    assert run_of(folder, replace(CONFIG, epochs=1)).status == "finished"
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_refused_start_leaves_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        train(replace(CONFIG, dataset=str(tmp_path / "gone")), directory=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_what_a_run_wrote_is_flushed_first(tmp_path, monkeypatch):
    """Before a file takes its name, its content and then the name are flushed to the disk."""
    from segnet_nb._shared import files

    seen = []
    monkeypatch.setattr(files.os, "fsync", lambda handle: seen.append(os.fstat(handle).st_ino))
    files.write_whole(tmp_path / "a.json", "{}", durable=True)
    assert seen == [(tmp_path / "a.json").stat().st_ino, tmp_path.stat().st_ino]
    files.write_whole(tmp_path / "b.json", "{}")
    assert len(seen) == 2


def test_what_a_kill_left_is_deleted_by_a_run_that_has_done_all_epochs(folders, tmp_path):
    """Found by 100 kills: after the last epoch nothing else deleted older checkpoints."""
    shutil.copytree(folders / "whole", tmp_path / "run")
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    for name in ("last-0001.keras", "average-0001.npz", "part-best.keras"):
        (tmp_path / "run" / name).write_bytes(b"x")
    run_of(tmp_path / "run", CONFIG, resume=True)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == names
