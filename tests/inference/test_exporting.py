"""Exported networks: run by other programs, they give what Keras gives."""

from __future__ import annotations

import re
import sys

import keras
import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import exporting, model as networks
from segnet_nb.networks.decoders import DECODERS

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="made from TensorFlow's graph"
)
FORMATS = ["onnx", "tflite"]
ANY_SIZE = (None, None, 3)
RUN = {"onnx": exporting.run_onnx, "tflite": exporting.run_tflite}


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
    return found, RUN[path.suffix[1:]](path.read_bytes())


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A network, and what exporting it gave."""
    model, place = tiny(), tmp_path_factory.mktemp("exported")
    return model, {kind: sn.export(model, place / f"network.{kind}") for kind in FORMATS}


@pytest.mark.parametrize("kind", FORMATS)
def test_any_size_and_any_number_of_images(kind, written):
    model, found = written[0], written[1][kind]
    run = RUN[kind](found.path.read_bytes())
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
    assert {"CONV_2D", "SELECT_V2", "GREATER"} <= {*found.operators}
    assert not [name for name in found.operators if re.match("Flex|CUSTOM|[a-z]", name)]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("decoder", [name for name in DECODERS if name != "segnet"])
@pytest.mark.slow
def test_every_decoder(decoder, kind, tmp_path):
    assert sn.export(tiny(decoder=decoder), tmp_path / f"network.{kind}").max_difference < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("network", ["small", "overview", "vgg16", "lean"])
def test_networks(network, kind, tmp_path):
    model = networks.build_network(network, ANY_SIZE, 3, output="softmax")
    assert sn.export(model, tmp_path / f"network.{kind}").max_difference < 1e-4


def test_a_bayesian_network_is_exported_without_chance(tmp_path, capfd):
    found, run = exported(tiny(dropout=0.5), tmp_path / "network.tflite")
    images = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype("float32")
    np.testing.assert_array_equal(run(images), run(images))
    assert found.max_difference < 1e-4
    assert capfd.readouterr() == ("", "")


def test_the_check_can_be_left_out(tmp_path):
    found = sn.export(tiny(), tmp_path / "network.tflite", check=False)
    assert found.max_difference is None
    assert "not checked" in str(found)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("network.pb", {}, r"exported to .onnx or .tflite, but got 'network.pb'"),
        ("network.onnx", {"image_size": (45,)}, r"must be \(height, width\).*got \(45,\)"),
        ("network.onnx", {"image_size": (0, 45)}, r"must be \(height, width\).*got \(0, 45\)"),
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


def test_values_that_swap_order_are_checked_again(tmp_path, monkeypatch):
    # The first noise differs, the next one does not: a tie but for rounding, not another network.
    made = ((lambda *_: b"made"), (lambda _: ()), (lambda _: None))
    monkeypatch.setitem(exporting._FORMATS, ".tflite", made)
    found = [0.5, 1e-6]
    monkeypatch.setattr(exporting, "_difference_on", lambda *_: found.pop(0))
    assert sn.export(tiny(), tmp_path / "network.tflite").max_difference == 1e-6
    found = [0.5, 0.4, 0.3]
    with pytest.raises(ValueError, match=r"by 3\.0e-01"):
        sn.export(tiny(), tmp_path / "again.tflite")


def test_another_answer_is_refused(tmp_path, monkeypatch):
    model = tiny()

    def running(change):
        """A format whose file gives what the network gives, changed."""
        run = lambda images: change(np.asarray(model(images, training=False)))  # noqa: E731
        return (lambda *_: b"made"), (lambda _: ()), (lambda _: run)

    for change, said in (
        (lambda x: x + np.float32(2e-3), r"2\.\de-03"),
        (lambda x: x * np.float32("nan"), "nan"),
    ):
        monkeypatch.setitem(exporting._FORMATS, ".tflite", running(change))
        with pytest.raises(
            ValueError, match=rf"differs from the Keras network by {said}.*Nothing was written"
        ):
            sn.export(model, tmp_path / "network.tflite")
    monkeypatch.setitem(exporting._FORMATS, ".tflite", running(lambda x: x[:, 1:]))
    with pytest.raises(ValueError, match=r"by inf"):
        sn.export(model, tmp_path / "network.tflite")
    assert not list(tmp_path.iterdir())


def test_without_onnx(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r"segnet-nb\[export\]; TFLite needs no extra package"):
        sn.export(tiny(), tmp_path / "network.onnx")


def test_another_backend(tmp_path, monkeypatch):
    model = tiny()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r"Keras runs on jax.*KERAS_BACKEND=tensorflow"):
        sn.export(model, tmp_path / "network.onnx")
