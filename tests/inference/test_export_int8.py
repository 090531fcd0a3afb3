"""Exported files of 8-bit integers, calibrated on images."""

from __future__ import annotations

import tempfile

import keras
import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import datasets
from segnet_nb.inference import export_check
from segnet_nb.inference.export_calibration import calibration_images
from segnet_nb.inference.runtimes import open_exported

if keras.backend.backend() != "tensorflow":
    pytest.skip("files are made from TensorFlow's graph", allow_module_level=True)

SIZE = (48, 64)
DATA = datasets.load("synthetic", "train", image_size=SIZE, count=6)
kl = keras.layers


def by_colour():
    """A network that unpools, and whose labels depend on the colours more than on the indices."""
    image = keras.Input((None, None, 3), name="image")
    x = kl.Conv2D(4, 3, padding="same", name="first")(kl.Rescaling(1 / 255)(image))
    values, indices = sn.layers.MaxPoolingWithIndices2D()(kl.ReLU()(x))
    unpooled = sn.layers.MaxUnpooling2D()([values, indices, x])
    x = kl.Concatenate()([x, unpooled])
    model = keras.Model(image, kl.Conv2D(3, 3, padding="same", name="last")(x))
    random = np.random.default_rng(0)
    weights = [random.normal(size=value.shape) for value in model.get_weights()]
    weights[2][:, :, 4:] *= 0.05
    model.set_weights(weights)
    # No class is larger on average, so all of them occur.
    weights[3] -= np.asarray(model(DATA.images)).mean((0, 1, 2))
    model.set_weights(weights)
    return model


@pytest.fixture(scope="module", params=["onnx", "tflite"])
def written(request, tmp_path_factory):
    model, place = by_colour(), tmp_path_factory.mktemp("int8")
    path = place / f"network.{request.param}"
    return model, sn.export(model, path, output="labels", image_size=SIZE, calibration=DATA)


def test_the_share_of_labels_is_that_of_the_file(written):
    model, found = written
    labels = open_exported(found.path)(DATA.images)
    expected = np.asarray(model(DATA.images.astype("float32"))).argmax(-1)
    assert labels.dtype == np.uint8 and len(np.unique(expected)) == 3
    assert found.labels_differ == pytest.approx((labels != expected).mean())
    assert 0 < found.labels_differ < 0.1  # fewer bits change something, but not much
    assert found.max_difference is None and found.precision == "int8"
    assert f"labels in int8, {found.size_bytes / 1e6:.1f} MB" in str(found)
    assert f"{found.labels_differ:.2%} of the labels on the calibration images" in str(found)


def test_weights_are_bytes(written):
    _, found = written
    if found.path.suffix == ".onnx":
        import onnx

        graph = onnx.load(found.path).graph
        bytes_of_kernels = sum(
            int(np.prod(each.dims)) for each in graph.initializer if each.data_type == onnx.TensorProto.INT8
        )
        assert bytes_of_kernels >= 2 * 9 * 3 * 4
        assert {"QuantizeLinear", "DequantizeLinear"} <= {*found.operators}
    else:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=str(found.path))
        kernels = [each for each in interpreter.get_tensor_details() if tuple(each["shape"]) == (4, 3, 3, 3)]
        assert [each["dtype"] for each in kernels] == [np.int8]
        assert len(kernels[0]["quantization_parameters"]["scales"]) == 4  # one for each channel


def test_input_and_scores_stay_float32(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    model, path = by_colour(), tmp_path / "place" / "network.onnx"
    sn.export(model, path, image_size=SIZE, calibration=DATA.images[:2])
    scores, expected = open_exported(path)(DATA.images[:1]), np.asarray(model(DATA.images[:1]))
    assert scores.dtype == np.float32
    assert 0 < np.abs(scores - expected).max() < 0.1 * np.abs(expected).max()
    # The quantiser's files are gone.
    assert [each.name for each in path.parent.iterdir()] == ["network.onnx"]
    assert not list((tmp_path / "temporary").iterdir())


def runs(labels):
    return lambda images: [labels(images)]


def test_a_file_that_gives_something_else_is_refused():
    model, images = by_colour(), [DATA.images[:1].astype("float32")]
    right = lambda batch: np.asarray(model(batch)).argmax(-1)  # noqa: E731
    scores = lambda batch: np.asarray(model(batch))  # noqa: E731
    found = export_check.compare_labels(model, "labels", runs(right), images)
    assert found.labels_differ == 0
    assert export_check.compare_labels(model, "logits", runs(scores), images).labels_differ == 0
    for wrong in (lambda batch: (right(batch) + 1) % 3, lambda batch: 0 * right(batch)):
        with pytest.raises(ValueError, match="labels on the calibration images differ, more than 25%"):
            export_check.compare_labels(model, "labels", runs(wrong), images)
    with pytest.raises(ValueError, match="nan or infinite"):
        export_check.compare_labels(model, "logits", runs(lambda batch: scores(batch) * np.nan), images)
    with pytest.raises(ValueError, match=r"has the shape \(1, 47, 64\), not \(1, 48, 64\)"):
        export_check.compare_labels(model, "labels", runs(lambda batch: right(batch)[:, 1:]), images)


def test_images_are_spread_over_all_of_them():
    model = by_colour()
    images = np.zeros((100, 16, 16, 3), "uint8") + np.arange(100, dtype="uint8")[:, None, None, None]
    found = calibration_images(model, images, (None, None))
    assert [int(each[0, 0, 0, 0]) for each in found[:3]] == [0, 3, 6]
    assert len(found) == 32 and int(found[-1].max()) == 99 and found[0].dtype == np.float32
    assert len(calibration_images(model, DATA, SIZE)) == 6
    np.testing.assert_array_equal(calibration_images(model, DATA, SIZE)[5][0], DATA.images[5])
    mixed = [np.zeros((16, 16, 3)), np.zeros((17, 20, 3))]
    assert [each.shape[1] for each in calibration_images(model, mixed, (None, None))] == [16, 17]


@pytest.mark.parametrize(
    ("calibration", "error", "said"),
    [
        ("camvid", TypeError, "calibration must be images .* or a dataset .*, but got str"),
        (7, TypeError, "but got int"),
        (np.zeros((0, 48, 64, 3)), ValueError, "no images. Pass about 32 training images"),
        (
            np.zeros((48, 64, 3)),
            ValueError,
            r"of the size of the file, \(48, 64\).*but got one of shape \(64, 3\)",
        ),
        (np.zeros((2, 32, 64, 3)), ValueError, r"but got one of shape \(32, 64, 3\).*with that image_size"),
        (np.full((2, 48, 64, 3), 0.5), ValueError, "calibration: .*as if scaled to 0..1"),
        (np.full((2, 48, 64, 3), np.nan), ValueError, "calibration: .*NaN or infinite"),
    ],
)
def test_what_cannot_calibrate(calibration, error, said, tmp_path):
    with pytest.raises(error, match=said):
        sn.export(by_colour(), tmp_path / "network.onnx", image_size=SIZE, calibration=calibration)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["onnx", "tflite"])
def test_a_trained_network_keeps_its_score(kind, tmp_path):
    trained = sn.pretrained.load_trained("realtime-synthetic")
    size = (120, 160)
    data = datasets.load("synthetic", "train", image_size=size, count=32)
    found = sn.export(
        trained.model, tmp_path / f"network.{kind}", output="labels", image_size=size, calibration=data
    )
    assert found.labels_differ < 0.05
    val = datasets.load("synthetic", "val", image_size=size, count=20)
    run, scores = open_exported(found.path), []
    for labels in (run(val.images), sn.predict(trained.model, val.images)):
        matrix = sn.metrics.confusion_matrix(val.labels, labels, 11, void_id=11)
        scores.append(sn.metrics.scores(matrix).mean_iou)
    assert abs(scores[0] - scores[1]) < 0.02
