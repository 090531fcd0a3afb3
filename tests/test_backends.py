"""The core on PyTorch and on JAX: the same tests in a separate process, without TensorFlow."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).parents[1]

# Layers, networks and losses; the long cases of the networks run only in the slow run.
CORE = (
    *(
        f"networks/test_{name}.py"
        for name in ("layers", "layers_contract", "layers_compiled", "layers_peers")
    ),
    *(f"networks/test_{name}.py" for name in ("normalization", "subpixel", "model")),
    *("losses/test_losses.py", "losses/test_loss_classes.py"),
)
RUNS = ("networks/test_model_runs.py", "inference/test_prediction.py", "training/test_training_parts.py")

STEP = """
import sys
import numpy as np
import keras
from segnet_nb import layers, losses, model, normalization
from segnet_nb.metrics.streaming import MeanIoU

network = model.segnet_basic((None, None, 3), 11, filters=4, kernel_size=3, output="logits")
images = np.random.default_rng(0).uniform(0, 255, (2, 17, 20, 3)).astype("float32")
labels = np.random.default_rng(1).integers(0, 12, (2, 17, 20))
network.compile("adam", losses.CrossEntropyDice(from_logits=True, void_id=11), jit_compile=False)
assert np.isfinite(network.train_on_batch(images, labels))
assert network.predict_on_batch(images).shape == (2, 17, 20, 11)
print(keras.backend.backend(), "tensorflow" in sys.modules)
"""

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="started once, from the run on TensorFlow"
)


def installed(backend):
    return pytest.mark.skipif(
        importlib.util.find_spec(backend) is None, reason=f"{backend} is not installed, and is optional"
    )


def python(backend, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=1700,
        check=False,
    )


backends = pytest.mark.parametrize(
    "backend",
    [
        pytest.param("torch", marks=installed("torch")),
        pytest.param("jax", marks=[installed("jax"), pytest.mark.slow]),
    ],
)


@backends
def test_core_builds_trains_and_predicts_without_tensorflow(backend):
    # Keras itself looks for TensorFlow when a model is saved, so saving is not tested here.
    run = python(backend, "-c", STEP)
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.split() == [backend, "False"]


def assert_passes(run):
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    last = run.stdout.strip().splitlines()[-1]
    assert " passed" in last and "failed" not in last and "error" not in last


@pytest.mark.slow
@pytest.mark.timeout(1800)
@backends
def test_same_tests_pass(backend):
    files = [f"tests/{name}" for name in CORE]
    assert_passes(python(backend, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@backends
def test_same_tests_of_whole_networks_pass(backend):
    files = [f"tests/{name}" for name in RUNS]
    assert_passes(python(backend, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files))
