"""The pretrained weights: found, whole, and as good as their card says."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from segnet_nb import datasets, metrics, pretrained
from segnet_nb.inference.prediction import predict, predict_probabilities
from segnet_nb.training import Run, packing
from segnet_nb.training.config import TrainConfig


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A copy of the shipped weights that a test may spoil."""
    folder = tmp_path / "weights"
    shutil.copytree(pretrained.directory(), folder)
    monkeypatch.setattr(pretrained, "_PLACES", (folder,))
    return folder


@pytest.mark.parametrize("name", pretrained.available())
def test_a_card_says_where_the_weights_are_from(name):
    card = pretrained.card(name)
    TrainConfig.from_dict(card["config"])
    assert card["command"].startswith("segnet-nb train")
    assert card["licence"] and card["versions"]["keras"] and card["config"]["seed"] >= 0
    assert ("non-commercial" in card["licence"]) == (card["config"]["dataset"] == "camvid")


@pytest.mark.parametrize("name", pretrained.available())
def test_a_card_says_what_its_scores_were_measured_on(name):
    card = pretrained.card(name)
    assert card["validated_on"] == packing.validated_on(TrainConfig.from_dict(card["config"]))
    assert ("drive 0016E5" in card["validated_on"]) == (card["config"]["dataset"] == "camvid")
    if "test" in card:
        # A figure on test was measured elsewhere: with drives, date and commit, or not at all.
        assert all(part in card["tested_on"] for part in ("0001TP", "Seq05VD", "2026-11-25", "51199e0"))


def test_what_other_scores_were_measured_on():
    held_out = TrainConfig(dataset="camvid", hold_out=("0006R0", "0001TP"))
    assert packing.validated_on(held_out).endswith("held out of training: 0006R0, 0001TP")
    assert packing.validated_on(TrainConfig(dataset="data/mine")) == "mine, validation split"
    few = packing.validated_on(TrainConfig(dataset="camvid", val_count=8))
    assert few.startswith("CamVid's validation split: 8 images of the drive 0016E5")


def test_the_shipped_weights_reach_the_score_of_their_card():
    card = pretrained.card("small-synthetic")
    config = TrainConfig.from_dict(card["config"])
    data = datasets.load("synthetic", "val", image_size=config.image_size, count=config.val_count)
    labels = predict(pretrained.load_pretrained("small-synthetic"), data.images)
    found = metrics.scores(metrics.confusion_matrix(data.labels, labels))
    # float16 rounds the weights to 3 digits, which moves hardly a pixel.
    assert abs(found.mean_iou - card["validation"]["mean_iou"]) < 0.005
    assert abs(found.global_accuracy - card["validation"]["global_accuracy"]) < 0.002


def test_softmax_and_logits_are_the_same_network():
    image = np.random.default_rng(0).integers(0, 256, (1, 33, 45, 3)).astype(np.uint8)
    found = [
        predict_probabilities(pretrained.load_pretrained("small-synthetic", output=kind), image)
        for kind in ("softmax", "logits")
    ]
    assert found[0].shape == (1, 33, 45, 11)
    assert np.allclose(found[0], found[1], atol=1e-6)


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match=r"no weights are called 'huge'.*small-synthetic"):
        pretrained.load_pretrained("huge")


def test_damaged_weights_are_not_loaded(shelf):
    path = shelf / "small-synthetic.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"small-synthetic\.safetensors is damaged: its SHA-256 is"):
        pretrained.load_pretrained("small-synthetic")


def test_what_is_packed_comes_back(shelf):
    from segnet_nb.networks.model import build_network

    model = build_network("small", (None, None, 3), 11)
    run = Run(TrainConfig(), shelf, history=[{"epoch": 1, "mean_iou": 0.1, "seconds": 60.0}], best_epoch=1)
    model.save(run.best_path)
    packing.pack(run, "mine", command="segnet-nb train", licence="none")
    back = pretrained.load_pretrained("mine", output="logits")
    for ours, theirs in zip(model.get_weights(), back.get_weights(), strict=True):
        assert np.array_equal(ours.astype("float16").astype("float32"), theirs)
    card = json.loads((shelf / "mine.json").read_text())
    assert card["minutes"] == 1.0 and card["parameters"] == model.count_params()
    assert not [path.name for path in shelf.iterdir() if "part" in path.name]


def test_a_run_without_a_completed_epoch_is_not_packed(tmp_path):
    run = Run(dataclasses.replace(TrainConfig(), epochs=2), tmp_path)
    with pytest.raises(ValueError, match="no completed epoch"):
        packing.pack(run, "none", command="", licence="")


class TestBestFor:
    def write(self, folder, name, dataset, mean_iou, dropout=0.0, network="lean"):
        config = {"dataset": dataset, "dropout": dropout, "network": network}
        about = {"name": name, "config": config, "validation": {}}
        about["validation"]["mean_iou"] = mean_iou
        (folder / f"{name}.json").write_text(json.dumps(about))

    @pytest.fixture
    def cards(self, tmp_path, monkeypatch):
        monkeypatch.setattr(pretrained, "_PLACES", (tmp_path,))
        self.write(tmp_path, "drawn", "synthetic", 0.9)
        self.write(tmp_path, "streets", "camvid", 0.5)
        self.write(tmp_path, "better", "camvid", 0.6)
        return tmp_path

    def test_of_the_dataset_the_best(self, cards):
        assert pretrained.best_for("camvid") == "better"
        assert pretrained.best_for("synthetic") == "drawn"

    def test_where_there_are_none_drawn_streets(self, cards):
        self.write(cards, "asked", "synthetic", 0.1, dropout=0.3)
        assert pretrained.best_for("camvid", dropout=True) == "asked"
        assert pretrained.best_for("mine") == "drawn"

    def test_of_a_network_where_there_are_some(self, cards):
        assert pretrained.best_for("camvid", network="realtime") == "better"  # there are none
        self.write(cards, "fast", "synthetic", 0.3, network="realtime")
        self.write(cards, "faster", "synthetic", 0.4, network="realtime")
        assert pretrained.best_for("camvid", network="realtime") == "faster"
        self.write(cards, "road", "camvid", 0.2, network="realtime")
        assert pretrained.best_for("camvid", network="realtime") == "road"
        assert pretrained.best_for("synthetic", network="realtime") == "faster"
        assert pretrained.best_for("camvid") == "better"

    def test_of_a_network_that_was_trained_on_streets_alone(self, cards):
        self.write(cards, "road", "camvid", 0.2, network="realtime")
        assert pretrained.best_for("synthetic", network="realtime") == "road"

    def test_of_synthetic_scenes_those_that_the_lessons_describe(self, cards):
        self.write(cards, "described", "synthetic", 0.1, network="small")
        assert pretrained.best_for("synthetic") == "described"
        assert pretrained.best_for("mine") == "drawn"

    def test_none_at_all(self, cards):
        with pytest.raises(ValueError, match=r"no weights for 'camvid' with dropout come with the package"):
            pretrained.best_for("camvid", dropout=True)


def test_an_installed_wheel_has_the_weights(tmp_path):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    # Far from the clone, and with nothing of it on the path.
    code = "from segnet_nb import pretrained; print(pretrained.__file__, *pretrained.available())"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    place, *names = done.stdout.split()
    assert Path(place).is_relative_to(tmp_path)
    assert names == list(pretrained.available())
    for name in names:
        stored = (tmp_path / "installed" / "segnet_nb" / "weights" / f"{name}.safetensors").read_bytes()
        assert hashlib.sha256(stored).hexdigest() == pretrained.card(name)["sha256"]


def test_the_command_of_a_card_is_one_that_the_command_line_takes(monkeypatch, capsys):
    from segnet_nb import cli, training

    asked = []
    monkeypatch.setattr(
        training, "train", lambda config, **_: asked.append(config) or Run(config, Path(), best_epoch=0)
    )
    for name in pretrained.available():
        about = pretrained.card(name)
        assert cli.main(about["command"].split()[1:]) == 0
        wanted = {**asked[-1].to_dict(), "train_count": about["config"]["train_count"]}
        assert wanted == TrainConfig.from_dict(about["config"]).to_dict()
    capsys.readouterr()
