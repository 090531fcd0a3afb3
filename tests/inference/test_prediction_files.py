"""Image files in, files of masks, overlays and numbers out; the commands predict and export."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from PIL import Image

import segnet_nb as sn
from segnet_nb import cli, datasets, model, prediction, pretrained, training
from segnet_nb.datasets import CAMVID, synthetic
from segnet_nb.datasets.classes import ClassList, numbered_classes
from segnet_nb.datasets.colors import overlay
from segnet_nb.inference.prediction_files import image_files, predict_files
from segnet_nb.inference.runtimes import open_exported
from segnet_nb.networks.model import segnet_basic
from segnet_nb.training import packing
from tests.training_helpers import tiny_config, tiny_network, tiny_pair

THREE = ClassList(("a", "b", "c"), ((1, 2, 3), (40, 50, 60), (250, 0, 9), (0, 0, 0)))


@pytest.fixture(scope="module")
def network():
    return segnet_basic((None, None, 3), 3, filters=4, kernel_size=3)


@pytest.fixture
def street(tmp_path):
    image = synthetic.load("val", image_size=(45, 67), count=1).images[0]
    path = tmp_path / "in" / "street.png"
    path.parent.mkdir()
    Image.fromarray(image).save(path)
    return path


def test_what_is_written(network, street, tmp_path):
    image = np.asarray(Image.open(street))
    expected = prediction.predict(network, image)[0]
    done = []
    found = predict_files(
        network, [street], tmp_path / "new" / "out", THREE, progress=lambda *each: done.append(each)
    )
    out = tmp_path / "new" / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        *("predictions.json", "street-mask.png", "street-overlay.png")
    ]
    mask = Image.open(out / "street-mask.png")
    assert mask.mode == "P"
    assert mask.getpalette()[:12] == [1, 2, 3, 40, 50, 60, 250, 0, 9, 0, 0, 0]
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_array_equal(Image.open(out / "street-overlay.png"), overlay(image, expected, THREE))
    assert json.loads((out / "predictions.json").read_text()) == found
    assert found["classes"] == THREE.to_dict()
    (entry,) = found["images"]
    assert entry["size"] == [45, 67]
    for number, name in enumerate(THREE.names):
        assert entry["shares"][name] == pytest.approx((expected == number).mean(), abs=1e-5)
    probable = prediction.predict_probabilities(network, image).max(-1).mean()
    assert entry["mean_probability"] == pytest.approx(probable, abs=1e-4)
    assert done == [(0, 1), (1, 1)]


def test_a_mask_has_the_size_of_its_image_whatever_the_size_of_inference(network, street, tmp_path):
    found = predict_files(network, [street], tmp_path, THREE, image_size=(32, 32))
    assert found["images"][0]["size"] == [45, 67]
    assert np.asarray(Image.open(tmp_path / "street-mask.png")).shape == (45, 67)
    assert np.asarray(Image.open(tmp_path / "street-overlay.png")).shape == (45, 67, 3)


def test_views_are_averaged(network, street, tmp_path):
    predict_files(network, [street], tmp_path, THREE, flip=True, scales=(1.0, 1.5))
    expected = prediction.predict(network, np.asarray(Image.open(street)), flip=True, scales=(1.0, 1.5))[0]
    np.testing.assert_array_equal(Image.open(tmp_path / "street-mask.png"), expected)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "I;16"])
def test_images_of_other_modes(mode, network, tmp_path):
    grey = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32) // 4
    picture = (
        Image.fromarray(grey) if mode == "I;16" else Image.fromarray(grey.astype(np.uint8)).convert(mode)
    )
    assert picture.mode == mode
    picture.save(tmp_path / "one.png")
    assert predict_files(network, [tmp_path], tmp_path / "out", THREE)["images"][0]["size"] == [32, 32]


def test_a_folder_stands_for_its_images_in_order(tmp_path):
    for name in ("b.jpg", "a.png", "notes.txt", "c.JPEG"):
        (tmp_path / name).touch()
    assert [path.name for path in image_files([tmp_path])] == ["a.png", "b.jpg", "c.JPEG"]


def test_images_that_do_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no image at .*gone.png"):
        image_files([tmp_path / "gone.png"])
    with pytest.raises(FileNotFoundError, match=r"no images in"):
        image_files([tmp_path])
    with pytest.raises(ValueError, match=r"got no images"):
        image_files([])


def test_what_cannot_be_read_is_named_and_what_was_done_stays(network, street, tmp_path):
    broken = tmp_path / "in" / "zebra.png"
    broken.write_text("no picture")
    told = []
    found = predict_files(network, [tmp_path / "in"], tmp_path / "out", THREE, on_failure=told.append)
    assert (tmp_path / "out" / "street-mask.png").exists()
    assert [entry["mask"] for entry in found["images"]] == ["street-mask.png"]
    (failed,) = found["failed"]
    assert failed["image"] == str(broken)
    assert [failed["error"]] == told and "zebra.png cannot be read as an image" in told[0]
    assert json.loads((tmp_path / "out" / "predictions.json").read_text()) == found


def test_classes_of_another_network(network, street, tmp_path):
    with pytest.raises(ValueError, match=r"has 3 classes, but got 11 names"):
        predict_files(network, [street], tmp_path, CAMVID)


def test_the_command(street, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["predict", str(street), "--weights", "small-synthetic", "--output-dir", str(out)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("street-mask.png: ") and "%" in printed[0]
    assert printed[1] == str(out / "predictions.json")
    found = json.loads((out / "predictions.json").read_text())
    assert found["classes"] == CAMVID.to_dict()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.png", "--weights", "small-synthetic"], "no image at gone.png"),
        (["{street}", "--weights", "smal"], "no weights are called 'smal'. There are: "),
        (["{street}", "--weights", "gone.keras"], "no network at gone.keras"),
        (["{street}", "--weights", "small-synthetic", "--scales", "9"], "scales must be"),
    ],
)
def test_a_command_that_cannot_be(arguments, message, street, capsys):
    assert cli.main(["predict", *(each.format(street=street) for each in arguments)]) == 2
    assert message in capsys.readouterr().err


def test_a_run_knows_its_classes_and_its_folder_is_found(tmp_path, monkeypatch):
    # A card is packed of a network that its configuration builds again.
    monkeypatch.setattr(model, "build_network", tiny_network)
    train, val = tiny_pair()
    named = [
        type(data)(data.images, data.labels % 3, THREE, data.names, data.source) for data in (train, val)
    ]
    run = training.train(tiny_config(), directory=tmp_path / "mine", progress=False, data=tuple(named))
    assert training.load_run(run.directory).classes == THREE
    for weights in (run.directory, run.directory / "best.keras"):
        found = pretrained.load_trained(weights)
        assert (found.name, found.classes) == ("mine", THREE)
    # Away from its record nothing is known but the number.
    run.model.save(tmp_path / "alone.keras")
    found = pretrained.load_trained(tmp_path / "alone.keras")
    assert (found.name, found.classes) == ("alone", numbered_classes(3))
    card = packing.pack(run, "mine", command="none", licence="none", directory=tmp_path)
    assert ClassList.from_dict(json.loads(card.read_text())["classes"]) == THREE


def test_the_export_command(tmp_path, capsys):
    path = tmp_path / "network.tflite"
    options = ["--weights", "realtime-synthetic", "--image-size", "96x128"]
    assert cli.main(["export", str(path), *options]) == 0
    assert f"{path}: probabilities in float32, " in capsys.readouterr().out
    assert path.stat().st_size > 1e6
    assert cli.main(["export", str(tmp_path / "a.pb"), "--weights", "small-synthetic"]) == 2


@pytest.mark.slow
def test_the_export_command_of_labels_in_bytes(tmp_path, capsys):
    path = tmp_path / "network.tflite"
    options = ["--weights", "realtime-synthetic", "--image-size", "96x128", "--output", "labels"]
    assert cli.main(["export", str(path), *options, "--int8", "synthetic"]) == 0
    said = capsys.readouterr().out
    assert f"{path}: labels in int8, " in said and "of the labels on the calibration images differ" in said
    assert path.stat().st_size < 1e6
    data = datasets.load("synthetic", "val", image_size=(96, 128), count=2)
    labels = open_exported(path)(data.images)
    expected = sn.predict(pretrained.load_trained("realtime-synthetic").model, data.images)
    assert labels.dtype == np.uint8 and (labels == expected).mean() > 0.95


def test_the_export_command_names_the_extra_in_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    assert cli.main(["export", str(tmp_path / "a.onnx"), "--weights", "small-synthetic"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ONNX needs tf2onnx") and said.count("\n") == 1
