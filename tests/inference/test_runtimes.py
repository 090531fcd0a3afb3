"""Exported files in each runtime."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import keras
import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import model as networks
from segnet_nb.inference.runtimes import open_exported

if keras.backend.backend() != "tensorflow":
    pytest.skip("files are made from TensorFlow's graph", allow_module_level=True)

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is an optional runtime (extra openvino)"
)
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 33, 46, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    keras.utils.set_random_seed(0)
    model = networks.segnet_realtime((None, None, 3), 5, filters=(4, 8, 8), dilations=(2,))
    place = tmp_path_factory.mktemp("files")
    for kind in ("onnx", "tflite"):
        sn.export(model, place / f"network.{kind}", output="logits", image_size=(33, 46), check=False)
    return model, place


@pytest.mark.parametrize(
    ("kind", "runtime"),
    [
        ("onnx", None),
        ("onnx", "onnxruntime"),
        ("tflite", None),
        ("tflite", "litert"),
        pytest.param("onnx", "openvino", marks=needs_openvino),
    ],
)
def test_gives_what_keras_gives(kind, runtime, files):
    model, place = files
    run = open_exported(place / f"network.{kind}", runtime, threads=1)
    probabilities = np.asarray(model(IMAGES.astype("float32")))
    for images in (IMAGES, IMAGES.astype("float64"), IMAGES[:1]):
        powers = np.exp(run(images).astype("float64"))
        np.testing.assert_allclose(
            powers / powers.sum(-1, keepdims=True), probabilities[: len(images)], atol=1e-4
        )
    assert run(IMAGES[0]).shape == (1, 33, 46, 5)
    first = run(IMAGES[:1])
    kept = first.copy()
    run(IMAGES[1:])
    np.testing.assert_array_equal(first, kept)  # results do not share memory


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("network.keras", {}, r"ends in .onnx or .tflite, but got 'network.keras'.*load_model"),
        (
            "network.tflite",
            {"runtime": "onnxruntime"},
            r"run in litert, but got runtime='onnxruntime'",
        ),
        ("other.tflite", {}, "no such file: .*other.tflite"),
        ("network.tflite", {"threads": 0}, "at least 1, but got 0"),
        ("broken.tflite", {}, "broken.tflite cannot be run by litert: "),
        ("broken.onnx", {}, "broken.onnx cannot be run by onnxruntime: "),
    ],
)
def test_what_cannot_be_opened(name, options, said, files):
    _, place = files
    for kind in ("onnx", "tflite"):
        (place / f"broken.{kind}").write_bytes(b"not a network")
    with pytest.raises(ValueError, match=said):
        open_exported(place / name, **options)


def test_no_framework_is_loaded(files):
    # Where a file runs there need be neither.
    code = (
        "import sys, numpy as np, segnet_nb as sn; "
        f"run = sn.open_exported({str(files[1] / 'network.tflite')!r}); "
        "print(run(np.zeros((33, 46, 3), 'uint8')).shape, {'keras', 'tensorflow'} & {*sys.modules})"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (told.stdout, told.stderr) == ("(1, 33, 46, 5) set()\n", "")


def test_images_of_another_kind(files):
    run = open_exported(files[1] / "network.tflite")
    for wrong in (IMAGES[0, 0], np.array("text"), IMAGES[:0]):
        with pytest.raises(ValueError, match=r"images must be numbers of shape \(batch, height, width, 3\)"):
            run(wrong)


@pytest.mark.parametrize(
    ("kind", "runtime", "module", "extra"),
    [("onnx", "openvino", "openvino", "openvino"), ("tflite", "litert", "ai_edge_litert", "export")],
)
def test_a_runtime_that_is_not_installed(kind, runtime, module, extra, files, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf"needs {module}.*segnet-nb\[{extra}\]"):
        open_exported(files[1] / f"network.{kind}", runtime)
