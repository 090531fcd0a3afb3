"""When processes that train ask TensorFlow for oneDNN's kernels, and that those change rounding alone."""

from __future__ import annotations

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from segnet_nb.training.speed import remembered
from segnet_nb.training.speed.onednn import VARIABLE, prefer_onednn
from tests.training_helpers import tiny_config, tiny_network

# Prints, when the named module asks, whether TensorFlow is imported already; then ends the process.
ASKS = """
import sys
from segnet_nb.training.speed import onednn
def told():
    print("too late" if "tensorflow" in sys.modules else "in time")
    raise SystemExit
onednn.prefer_onednn = told
"""
TRAIN = ASKS + "from segnet_nb.cli.main import main\nmain(['train', '--recipe', 'realtime'])\n"
SWEEP = """
from pathlib import Path
from segnet_nb.sweeps import child
child._run_training(Path('.'), {'timeout_seconds': 1.0})
"""
# Losses and weights of three steps of SegNet-Basic with 16 channels, from one seed.
STEPS = """
import sys
import numpy as np
from segnet_nb._shared.framework import keras
from segnet_nb.networks.model import build_network
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
model = build_network("basic16", (32, 48, 3), 11)
model.compile(keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
images = rng.uniform(0, 255, (2, 32, 48, 3)).astype("float32")
labels = rng.integers(0, 11, (2, 32, 48))
losses = [model.train_on_batch(images, labels) for _ in range(3)]
np.savez(sys.argv[1], losses, *model.get_weights())
"""


@pytest.fixture
def fresh(monkeypatch):
    """A process that has not imported TensorFlow, on x86-64, without the variable."""
    monkeypatch.setenv(VARIABLE, "")  # so that it is restored
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)


@pytest.mark.usefixtures("fresh")
class TestThisProcess:
    def test_it_is_asked_for(self):
        prefer_onednn()
        assert os.environ[VARIABLE] == "1"

    def test_a_value_of_the_user_stays(self, monkeypatch):
        monkeypatch.setenv(VARIABLE, "0")
        prefer_onednn()
        assert os.environ[VARIABLE] == "0"

    def test_after_tensorflow_was_imported_it_is_too_late(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tensorflow", None)
        prefer_onednn()
        assert VARIABLE not in os.environ

    def test_other_processors_are_left_alone(self, monkeypatch):
        monkeypatch.setattr("platform.machine", lambda: "arm64")
        prefer_onednn()
        assert VARIABLE not in os.environ


@pytest.mark.parametrize("text", [TRAIN, ASKS + SWEEP], ids=["train", "sweep"])
def test_who_trains_asks_in_time(text):
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == "in time", done.stderr


def test_a_choice_is_remembered_for_each_kind_of_kernels(monkeypatch):
    keys = []
    for value in ("0", "1"):
        monkeypatch.setenv(VARIABLE, value)
        keys.append(remembered.key(tiny_network(), tiny_config()))
    assert keys[0] != keys[1]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow alone has them")
def test_they_change_numbers_by_rounding_alone(tmp_path):
    found = []
    for value in ("0", "1"):
        path = tmp_path / f"{value}.npz"
        subprocess.run(
            [sys.executable, "-c", STEPS, path], env=os.environ | {VARIABLE: value}, check=True, timeout=300
        )
        found.append([*np.load(path).values()])
    plain, onednn = found
    assert 0.5 < plain[0][0] < 20 and plain[0][2] != plain[0][0]
    for one, other in zip(plain, onednn, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
