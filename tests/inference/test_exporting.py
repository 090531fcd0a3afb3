"""Exported networks: run by other programs, they give what Keras gives."""

from __future__ import annotations

import re
import sys

import keras
import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import model as networks
from segnet_nb.inference.runtimes import open_exported
from segnet_nb.networks.catalogue import NETWORKS
from segnet_nb.networks.decoders import DECODERS

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="made from TensorFlow's graph"
)
FORMATS = ["onnx", "tflite"]
ANY_SIZE = (None, None, 3)


def tiny(**options):
    keras.utils.set_random_seed(0)
    model = networks.segnet_basic(ANY_SIZE, 5, filters=4, kernel_size=3, **options)
    # Fresh batch normalisation hides what moving statistics do.
    random = np.random.default_rng(1)
    changed = [
        value + random.uniform(0, 0.3, value.shape) * (value.ndim == 1) for value in model.get_weights()
    ]
    model.set_weights(changed)
    # Logits of a few units, as in trained networks: softmax multiplies the rounding of large ones.
    for layer in model.layers:
        if layer.name == "classifier":
            layer.set_weights([value / 100 for value in layer.get_weights()])
    return model


def exported(model, path, **options):
    found = sn.export(model, path, **options)
    return found, open_exported(path)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A network, and what exporting it gave."""
    model, place = tiny(), tmp_path_factory.mktemp("exported")
    return model, {kind: sn.export(model, place / f"network.{kind}") for kind in FORMATS}


@pytest.mark.parametrize("kind", FORMATS)
def test_any_size_and_any_number_of_images(kind, written):
    model, found = written[0], written[1][kind]
    run = open_exported(found.path)
    assert found.size_bytes == found.path.stat().st_size
    assert found.max_difference < 1e-4
    random = np.random.default_rng(0)
    for shape in [(1, 32, 48), (3, 17, 16), (2, 45, 60), (1, 99, 33)]:
        images = random.uniform(0, 255, (*shape, 3)).astype("float32")
        expected = np.asarray(model(images, training=False))
        assert run(images).dtype == np.float32
        np.testing.assert_allclose(run(images), expected, atol=1e-4)
        # The masks agree too, except where two classes are as good as equal.
        sure = np.diff(np.sort(expected, -1)[..., -2:])[..., 0] > 1e-3
        assert (run(images).argmax(-1) == expected.argmax(-1))[sure].all()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_fixed_size(kind, tmp_path):
    model = tiny(output="logits")
    found, run = exported(model, tmp_path / f"network.{kind}", image_size=(45, 67))
    images = np.random.default_rng(0).uniform(0, 255, (2, 45, 67, 3)).astype("float32")
    expected = np.asarray(model(images, training=False))
    np.testing.assert_allclose(run(images), expected, atol=1e-5 * np.abs(expected).max())
    assert found.max_difference < 1e-4


def test_operators_are_built_in(written):
    # ONNX: each operator of the graph is of the standard domain; TFLite: none is custom or from TensorFlow.
    import onnx

    model = onnx.load(written[1]["onnx"].path)
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    assert [(each.domain, each.version) for each in model.opset_import if not each.domain] == [("", 17)]
    assert written[1]["onnx"].operators == tuple(sorted({node.op_type for node in model.graph.node}))
    found = written[1]["tflite"]
    assert {"CONV_2D", "MUL", "GREATER"} <= {*found.operators}
    assert not [name for name in found.operators if re.match("Flex|CUSTOM|[a-z]", name)]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("decoder", [name for name in DECODERS if name != "segnet"])
@pytest.mark.slow
def test_every_decoder(decoder, kind, tmp_path):
    assert sn.export(tiny(decoder=decoder), tmp_path / f"network.{kind}").max_difference < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("network", NETWORKS)
def test_networks_without_training_at_the_size_of_camvid(network, kind, tmp_path):
    # Their values are close together, so that rounding swaps the order in many windows.
    keras.utils.set_random_seed(0)
    model = networks.build_network(network, ANY_SIZE, 11, output="softmax")
    found = sn.export(model, tmp_path / f"network.{kind}", image_size=(360, 480), output="labels")
    assert found.max_difference < 1e-4 and found.labels_differ < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("network", ["small", "lean", "realtime"])
def test_networks_at_any_size(network, kind, tmp_path):
    model = networks.build_network(network, ANY_SIZE, 3, output="softmax")
    assert sn.export(model, tmp_path / f"network.{kind}").max_difference < 1e-4


def tiny_realtime(**options):
    keras.utils.set_random_seed(0)
    return networks.segnet_realtime(ANY_SIZE, 5, filters=(4, 8, 8), dilations=(2,), **options)


@pytest.mark.parametrize(("kind", "size"), [("onnx", None), ("tflite", (45, 67))])
def test_labels(kind, size, tmp_path):
    model = tiny_realtime()
    checked = kind == "tflite"  # the file of any size is compared below, at one
    path = tmp_path / f"network.{kind}"
    found, run = exported(model, path, image_size=size, output="labels", check=checked)
    images = np.random.default_rng(1).uniform(0, 255, (2, 45, 67, 3)).astype("float32")
    labels = run(images)
    assert labels.dtype == np.uint8 and labels.shape == (2, 45, 67)
    probabilities = np.asarray(model(images, training=False))
    sure = np.diff(np.sort(probabilities, -1)[..., -2:])[..., 0] > 1e-3
    assert sure.mean() > 0.9 and len(np.unique(labels)) > 1
    np.testing.assert_array_equal(labels[sure], probabilities.argmax(-1)[sure])
    # Softmax does not change the order, so it is left out; scores are not rearranged, labels are.
    assert not {"Softmax", "SOFTMAX"} & {*found.operators}
    assert (found.output, found.precision) == ("labels", "float32") and "labels in float32" in str(found)
    assert found.labels_differ == (0 if checked else None)
    assert ("0.00% of the labels" if checked else "not checked") in str(found)


def test_logits_of_a_network_of_probabilities(tmp_path):
    model = tiny_realtime()
    found, run = exported(model, tmp_path / "network.tflite", image_size=(32, 48), output="logits")
    images = np.random.default_rng(1).uniform(0, 255, (1, 32, 48, 3)).astype("float32")
    logits = run(images).astype("float64")
    powers = np.exp(logits)
    np.testing.assert_allclose(powers / powers.sum(-1, keepdims=True), model(images), atol=1e-4)
    assert found.output == "logits" and found.max_difference < 1e-4


def test_dilated_convolutions_are_one_operator_and_the_check_can_be_left_out(tmp_path):
    found = sn.export(tiny_realtime(), tmp_path / "network.tflite", image_size=(32, 48), check=False)
    assert found.max_difference is None and found.labels_differ is None and "not checked" in str(found)
    assert not [name for name in found.operators if "SPACE_TO_BATCH" in name]


def test_a_bayesian_network_is_exported_without_chance(tmp_path, capfd):
    found, run = exported(tiny(dropout=0.5), tmp_path / "network.tflite")
    images = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype("float32")
    np.testing.assert_array_equal(run(images), run(images))
    assert found.max_difference < 1e-4
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("network.pb", {}, r"exported to .onnx or .tflite, but got 'network.pb'"),
        ("network.onnx", {"image_size": (45,)}, r"must be \(height, width\).*got \(45,\)"),
        ("network.onnx", {"image_size": (0, 45)}, r"must be \(height, width\).*got \(0, 45\)"),
        ("network.onnx", {"output": "masks"}, r"one of probabilities, logits, labels, but got 'masks'"),
    ],
)
def test_what_cannot_be_exported(name, options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        sn.export(tiny(), tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_a_network_of_one_size_takes_no_other(tmp_path):
    model = networks.segnet_basic((32, 48, 3), 2, filters=4, kernel_size=3)
    with pytest.raises(ValueError, match=r"accepts, \(32, 48\) .*, but got \(48, 48\)"):
        sn.export(model, tmp_path / "network.tflite", image_size=(48, 48))
    assert sn.export(model, tmp_path / "network.tflite").max_difference < 1e-4


def test_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r"ONNX needs tf2onnx.*segnet-nb\[export\]"):
        sn.export(tiny(), tmp_path / "network.onnx")
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(ModuleNotFoundError, match=r"TFLite needs ai_edge_litert.*segnet-nb\[export\]"):
        sn.export(tiny(), tmp_path / "network.tflite")


def test_another_backend(tmp_path, monkeypatch):
    model = tiny()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r"Keras runs on jax.*KERAS_BACKEND=tensorflow"):
        sn.export(model, tmp_path / "network.onnx")
