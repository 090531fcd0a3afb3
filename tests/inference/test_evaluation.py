"""Evaluation: equal to the metrics computed at once, and the command that prints and writes it."""

from __future__ import annotations

import dataclasses
import json
from functools import cache

import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import cli, datasets, metrics, prediction, pretrained
from segnet_nb.datasets import camvid
from segnet_nb.inference.evaluation import evaluate

WEIGHTS = "small-synthetic"


@cache
def network():
    return pretrained.load_pretrained(WEIGHTS)


@cache
def data(count=3):
    return datasets.load("synthetic", "val", image_size=(48, 64), count=count)


def test_in_batches_it_is_what_the_metrics_say_of_all_images():
    told = []
    found = evaluate(network(), data(), batch_size=2, progress=lambda *now: told.append(now))
    predictions = prediction.predict(network(), data().images)
    np.testing.assert_array_equal(found.matrix, metrics.confusion_matrix(data().labels, predictions))
    assert found.scores.mean_iou == metrics.scores(found.matrix).mean_iou
    assert found.boundary_f1 == pytest.approx(metrics.boundary_f1(data().labels, predictions).score)
    assert found.images == 3 and found.seconds > 0 and told == [(2, 3), (3, 3)]


def test_options_reach_the_prediction():
    found = evaluate(network(), data(), flip=True, scales=(1, 1.5), boundary=False)
    predictions = prediction.predict(network(), data().images, flip=True, scales=(1, 1.5))
    np.testing.assert_array_equal(found.matrix, metrics.confusion_matrix(data().labels, predictions))
    assert found.boundary_f1 is None and "boundary" not in str(found)


def test_what_is_written_is_plain_json():
    found = evaluate(network(), data())
    held = json.loads(json.dumps(found.to_dict()))
    assert held["mean_iou"] == found.scores.mean_iou and held["boundary_f1"] == found.boundary_f1
    assert held["confusion_matrix"] == found.matrix.tolist()
    assert held["class_names"] == list(datasets.CAMVID.names) and held["images"] == 3
    assert "mean" in str(found) and "boundary F1" in str(found) and "3 images" in str(found)


def test_another_number_of_classes_and_no_images():
    from segnet_nb.networks.model import segnet_basic

    other = segnet_basic((None, None, 3), 5, filters=2, kernel_size=3)
    with pytest.raises(ValueError, match="the network has 5 classes, the data 11"):
        evaluate(other, data())
    with pytest.raises(ValueError, match="got no images"):
        empty = datasets.Dataset(data().images[:0], data().labels[:0], data().classes, ())
        evaluate(network(), empty)


@cache
def bayesian():
    return pretrained.load_pretrained("small-synthetic-bayesian")


def test_samples_are_scored_by_their_mean_and_their_uncertainty():
    found = evaluate(bayesian(), data(), samples=4, boundary=False, batch_size=2)
    # The same by hand: in batches of two, each with the number of its first image as seed.
    drawn = [
        sn.predict_with_uncertainty(bayesian(), data().images[i : i + 2], samples=4, seed=i) for i in (0, 2)
    ]
    labels, truth = np.concatenate([each.labels for each in drawn]), data().labels
    np.testing.assert_array_equal(found.matrix, metrics.confusion_matrix(truth, labels))
    known = truth != 11
    for name, retained in found.monte_carlo.retained_accuracy.items():
        uncertainty = np.concatenate([getattr(each, name) for each in drawn])[known]
        certain = np.argsort(uncertainty, kind="stable")[: int(0.8 * known.sum())]
        assert retained == pytest.approx((labels == truth)[known][certain].mean(), abs=0.002)
        assert retained > found.scores.global_accuracy
    assert found.monte_carlo.single_accuracy == pytest.approx(
        evaluate(bayesian(), data(), boundary=False).scores.global_accuracy
    )
    assert found.monte_carlo.single_retained_accuracy > found.monte_carlo.single_accuracy
    held = json.loads(json.dumps(found.to_dict()))["monte_carlo"]
    assert held["samples"] == 4 and set(held["retained_accuracy"]) == {
        "variance",
        "entropy",
        "mutual_information",
    }
    assert "mean of 4 samples" in str(found) and "monte_carlo" not in evaluate(network(), data()).to_dict()


def test_samples_need_dropout_and_the_size_of_the_image():
    with pytest.raises(ValueError, match="has no dropout"):
        evaluate(network(), data(), samples=4)
    with pytest.raises(ValueError, match="without flip and scales"):
        evaluate(bayesian(), data(), samples=4, flip=True)
    with pytest.raises(ValueError, match="without flip and scales"):
        evaluate(bayesian(), data(), samples=4, scales=(0.5,))


# --- the command -------------------------------------------------------------------------------------


def test_the_command_prints_and_writes(tmp_path, capsys):
    path = tmp_path / "folder" / f"evaluation-{WEIGHTS}-synthetic-val.json"
    options = ["--dataset", "synthetic", "--split", "val", "--count", "3", "--image-size", "48x64"]
    assert cli.main(["evaluate", "--weights", WEIGHTS, *options, "--output-dir", str(path.parent)]) == 0
    said = capsys.readouterr().out
    expected = evaluate(network(), data())
    lines = str(expected).splitlines()[:-1]  # all but the time
    assert said.splitlines()[: len(lines)] == lines
    held = json.loads(path.read_text())
    assert held["mean_iou"] == pytest.approx(expected.scores.mean_iou)
    asked = {"weights": WEIGHTS, "dataset": "synthetic", "split": "val", "image_size": [48, 64]}
    assert {name: held[name] for name in asked} == asked
    assert (held["flip"], held["scales"]) == (False, [1.0])
    assert str(path) in said and [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_file_is_evaluated_too(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network().save("mine.keras")
    options = ["--dataset", "synthetic", "--count", "1", "--image-size", "32x48", "--no-boundary", "--flip"]
    assert cli.main(["evaluate", "--weights", "mine.keras", *options]) == 0
    (path,) = tmp_path.glob("reports/*.json")
    assert path.name == "evaluation-mine-synthetic-val.json"
    held = json.loads(path.read_text())
    assert held["boundary_f1"] is None and held["flip"] is True
    capsys.readouterr()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--weights", "none"], "no weights are called 'none'"),
        (["--weights", "gone.keras"], "no network at gone.keras"),
        (["--weights", WEIGHTS, "--scales", "9"], "scales must be one or more numbers"),
    ],
)
def test_impossible_requests(options, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evaluate", "--dataset", "synthetic", "--count", "1", *options]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.camvid
def test_on_real_camvid(tmp_path, capsys):
    if not camvid.is_available("val"):
        pytest.skip("CamVid is not here: set SEGNET_NB_CAMVID or run `segnet-nb data camvid`")
    path = tmp_path / f"evaluation-{WEIGHTS}-camvid-val.json"
    command = ["evaluate", "--weights", WEIGHTS, "--count", "2", "--output-dir", str(tmp_path)]
    assert cli.main(command) == 0
    held = json.loads(path.read_text())
    # It never saw a photograph: better than chance, no more.
    assert 0.05 < held["mean_iou"] < 0.6 and held["images"] == 2 and held["image_size"] == [360, 480]
    capsys.readouterr()


def named(*names):
    """The first images of the validation data under other names."""
    whole = data()
    kept = slice(len(names))
    return dataclasses.replace(
        whole, images=whole.images[kept], labels=whole.labels[kept], names=tuple(names)
    )


class TestGroups:
    def test_each_group_is_scored_as_if_alone_and_the_whole_stays(self):
        drives = named("x_0", "y_1", "x_2")
        found = evaluate(network(), drives, by="drive")
        plain = evaluate(network(), drives)
        np.testing.assert_array_equal(found.matrix, plain.matrix)
        assert found.boundary_f1 == plain.boundary_f1 and not plain.groups
        assert list(found.groups) == ["x", "y"]
        for name, chosen in (("x", [0, 2]), ("y", [1])):
            alone = evaluate(
                network(),
                dataclasses.replace(
                    drives,
                    images=drives.images[chosen],
                    labels=drives.labels[chosen],
                    names=tuple(drives.names[i] for i in chosen),
                ),
            )
            np.testing.assert_array_equal(found.groups[name].matrix, alone.matrix)
            assert found.groups[name].boundary_f1 == pytest.approx(alone.boundary_f1, abs=1e-12)
            assert found.groups[name].images == len(chosen)

    def test_table_and_json(self):
        found = evaluate(network(), named("drive1_0", "z_1"), by="drive", boundary=False)
        lines = str(found).splitlines()
        head = next(i for i, line in enumerate(lines) if line.startswith("group "))
        assert lines[head].split() == ["group", "images", "G", "C", "mIoU", "BF"]
        first = lines[head + 1].split()
        assert first[:2] == ["drive1", "1"] and first[-1] == "-"
        assert float(first[4]) == pytest.approx(100 * found.groups["drive1"].scores.mean_iou, abs=0.051)
        held = json.loads(json.dumps(found.to_dict()))
        assert held["groups"]["z"]["mean_iou"] == found.groups["z"].scores.mean_iou
        assert "groups" not in evaluate(network(), named("a_0"), boundary=False).to_dict()

    def test_an_expression_that_does_not_match_is_an_error_before_any_prediction(self):
        with pytest.raises(ValueError, match="does not match the image name"):
            evaluate(network(), named("a_0"), by="^b")

    def test_the_command_line(self, tmp_path, capsys):
        options = ["--dataset", "synthetic", "--count", "2", "--image-size", "32x48", "--no-boundary"]
        options += ["--by", "(.)$", "--output-dir", str(tmp_path)]
        assert cli.main(["evaluate", "--weights", WEIGHTS, *options]) == 0
        assert "group  images" in capsys.readouterr().out
        (path,) = tmp_path.glob("*.json")
        held = json.loads(path.read_text())
        assert held["by"] == "(.)$" and sorted(held["groups"]) == ["0", "1"]
