"""Networks on data of other classes: refused with both lists, or mapped by name."""

from __future__ import annotations

import doctest
import json

import numpy as np
import pytest
from PIL import Image

from segnet_nb import cli, inference
from segnet_nb.datasets.classes import ClassList, numbered_classes
from segnet_nb.datasets.image_files import read_mask
from segnet_nb.inference import class_mapping
from segnet_nb.inference.class_mapping import fitted, map_by_name, mapped
from segnet_nb.inference.pretrained import TrainedNetwork
from segnet_nb.networks.model import segnet_basic


def named(*names):
    return ClassList(names, tuple((i, i, i) for i in range(len(names) + 1)))


@pytest.fixture(scope="module", params=["softmax", "logits"])
def network(request):
    return segnet_basic((None, None, 3), 3, filters=4, kernel_size=3, output=request.param)


IMAGE = np.random.default_rng(0).integers(0, 256, (1, 20, 28, 3)).astype(np.uint8)


def test_probabilities_are_moved_added_and_scaled(network):
    """Classes 0 and 2 of three are class 1 of two; class 1 has no counterpart."""
    found = mapped(network, map_by_name(named("car", "sky", "truck"), named("x", "Car"), ["truck=car"]))
    before = inference.predict_probabilities(network, IMAGE)
    after = inference.predict_probabilities(found, IMAGE)
    np.testing.assert_allclose(after[..., 1], 1, atol=1e-5)
    np.testing.assert_allclose(after[..., 0], 0, atol=1e-5)
    found = mapped(network, map_by_name(named("b", "a", "c"), named("a", "b")))
    after = inference.predict_probabilities(found, IMAGE)
    known = before[..., :2].sum(-1) > 1e-6  # elsewhere the class that is left out is all but certain
    assert known.sum() > 20
    expected = before[known][:, [1, 0]] / before[known][:, :2].sum(-1, keepdims=True)
    np.testing.assert_allclose(after[known], expected, atol=1e-4)
    np.testing.assert_allclose(after.sum(-1), 1, atol=1e-5)


def test_the_same_names_in_another_order_give_the_same_classes_by_name(network):
    one, two = named("a", "b", "c"), named("c", "a", "b")
    plain = inference.predict(network, IMAGE)
    moved = inference.predict(mapped(network, map_by_name(one, two)), IMAGE)
    np.testing.assert_array_equal(np.array(one.names)[plain], np.array(two.names)[moved])


def test_other_classes_are_an_error_that_lists_both(network):
    trained = TrainedNetwork("mine", network, named("a", "b", "c"))
    assert fitted(trained, named("A", "b", "c"), "the data has") == (network, None)
    for other in (named("a", "c", "b"), named("a", "b"), named("a", "b", "d")):
        with pytest.raises(
            ValueError, match=rf"3 classes \(a, b, c\), .*\({', '.join(other.names)}\).*--map-classes"
        ):
            fitted(trained, other, "the dataset")


def test_without_names_the_numbers_are_compared(network):
    unknown = TrainedNetwork("mine", network, numbered_classes(3), classes_known=False)
    assert fitted(unknown, named("x", "y", "z"), "the dataset")[0] is network
    with pytest.raises(ValueError, match=r"3 classes \(names not known\), the dataset others: 2 \(x, y\)"):
        fitted(unknown, named("x", "y"), "the dataset")


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["a"], "pairs such as car=vehicle, the network's name first, but got 'a'"),
        (["=x"], "pairs such as"),
        (["q=x"], "unknown class 'q'. Choose from: a, b"),
        (["a=q"], "unknown class 'q'. Choose from: x, y"),
        ([], "no class can be mapped: the network has a, b, the data x, y"),
    ],
)
def test_maps_that_cannot_be(pairs, message):
    with pytest.raises(ValueError, match=message):
        map_by_name(named("a", "b"), named("x", "y"), pairs)


def test_what_is_left_over_is_said():
    found = map_by_name(named("a", "b", "c"), named("x", "a"), ["b=", "c=a"])
    assert found.ids == (1, None, 1)
    assert str(found) == (
        "classes mapped by name: a -> a, c -> a; of the network only, never predicted: b; of the data only, "
        "always missed: x"
    )


@pytest.fixture
def labelled(tmp_path):
    """A folder of two classes with gaps in its values; the network of the tests knows neither order."""
    for kind in ("images", "masks"):
        (tmp_path / "mine" / kind).mkdir(parents=True)
    for name in ("a", "b", "c"):
        random = np.random.default_rng(ord(name))
        Image.fromarray(random.integers(0, 256, (32, 48, 3)).astype(np.uint8)).save(
            tmp_path / "mine" / "images" / f"{name}.png"
        )
        Image.fromarray((random.integers(0, 2, (32, 48)) * 7 + 3).astype(np.uint8)).save(
            tmp_path / "mine" / "masks" / f"{name}.png"
        )
    classes = {"classes": {"Road": 10, "Sky": 3}, "void": 255}
    (tmp_path / "mine" / "classes.json").write_text(json.dumps(classes))
    return tmp_path / "mine"


def test_evaluate_refuses_other_classes_or_maps_them(labelled, tmp_path, capsys):
    line = ["evaluate", "--weights", "small-synthetic", "--dataset", str(labelled), "--no-boundary"]
    line += ["--output-dir", str(tmp_path / "out")]
    assert cli.main(line) == 2
    said = capsys.readouterr().err
    assert "11 classes (Sky, Building, Pole, Road," in said and "others: 2 (Road, Sky)" in said
    assert said.count("\n") == 1 and not (tmp_path / "out").exists()
    assert cli.main([*line, "--map-classes"]) == 0
    assert "classes mapped by name: Sky -> Sky, Road -> Road" in capsys.readouterr().out
    assert cli.main([*line, "--map-classes", "Pavement=Road"]) == 0
    assert "Pavement -> Road" in capsys.readouterr().out


def test_predict_into_a_labelled_folder(labelled, capsys):
    """Masks get the values of the folder; into another folder, the ids of the network."""
    line = ["predict", str(labelled / "images"), "--weights", "small-synthetic", "--output-dir"]
    masks = labelled / "masks"
    assert cli.main([*line, str(masks)]) == 2
    assert "the labelled folder" in capsys.readouterr().err
    assert len(list(masks.iterdir())) == 3
    assert cli.main([*line, str(masks), "--map-classes"]) == 0
    assert set(np.unique(Image.open(masks / "a-mask.png"))) <= {3, 10}
    assert json.loads((masks / "predictions.json").read_text())["classes"]["names"] == ["Road", "Sky"]
    assert cli.main([*line, str(labelled / "predictions")]) == 0
    capsys.readouterr()
    assert cli.main([*line, str(labelled / "predictions"), "--map-classes"]) == 2
    assert "has no classes.json" in capsys.readouterr().err


def test_predict_into_a_folder_of_colours(labelled, capsys):
    """Masks are read by the colours of the folder; files of the user stay, and a second call resumes."""
    content = {"classes": {"Road": [[1, 2, 3], [9, 9, 9]], "Sky": [4, 5, 6]}, "colors": {"Sky": [0, 0, 255]}}
    (labelled / "classes.json").write_text(json.dumps(content))
    masks = labelled / "labels"
    line = ["predict", str(labelled / "images"), "--weights", "small-synthetic", "--map-classes"]
    line += ["--output-dir", str(masks)]
    assert cli.main(line) == 0
    encoding = class_mapping.labelled_folder(masks)
    for name in ("a", "b", "c"):
        with Image.open(masks / f"{name}-mask.png") as picture:
            ids, shown = np.asarray(picture), np.asarray(picture.convert("RGB"))
        np.testing.assert_array_equal(np.array([[1, 2, 3], [4, 5, 6]])[ids], shown)
        found = encoding.decode(read_mask(masks / f"{name}-mask.png"), name)
        np.testing.assert_array_equal(found, ids)
    capsys.readouterr()
    assert cli.main(line) == 0
    assert "3 images were done already" in capsys.readouterr().out
    before = {path: path.read_bytes() for path in masks.iterdir()}
    (masks / "b-mask.png").write_bytes(b"drawn by hand")
    assert cli.main([*line, "--redo"]) == 2
    assert "b-mask.png exists, and predict has not written it or it was edited" in capsys.readouterr().err
    after = {path: path.read_bytes() for path in masks.iterdir()}
    assert after == {**before, masks / "b-mask.png": b"drawn by hand"}


def test_examples_in_docstrings_hold():
    assert doctest.testmod(class_mapping).failed == 0
