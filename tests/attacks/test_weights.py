"""Every damaged or hostile file of weights gives one sentence, runs no code and needs little memory."""

from __future__ import annotations

import os
import resource
import sys

import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb._shared.errors import UserError
from segnet_nb.inference import model_archive
from tests.attacks import weights


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    from segnet_nb.networks.model import segnet_basic

    path = tmp_path_factory.mktemp("good") / "network.keras"
    segnet_basic((None, None, 3), 3, filters=4, kernel_size=3).save(path)
    return path


def test_there_are_eighty_of_them():
    assert len(weights.CHANGES) >= 80


def test_the_good_one_loads(good):
    model = sn.load_model(good)
    assert model.output_shape == (None, None, None, 3)
    rewritten = good.with_name("rewritten.keras")
    rewritten.write_bytes(weights.archived(weights.members(good.read_bytes())))
    for one, other in zip(model.get_weights(), sn.load_model(rewritten).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", weights.CHANGES)
def test_one_sentence(good, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = weights.write(good, tmp_path, name)
    before = set(tmp_path.rglob("*"))
    try:
        loaded = sn.load_model(path)
    except UserError as error:
        message = str(error)
        assert str(path) in message or path.name in message
        assert "\n" not in message and len(message) < 500
    else:
        # A flipped bit may hit what no one reads, such as the time of a member: the values are the same.
        assert "flipped" in name
        for one, other in zip(loaded.get_weights(), sn.load_model(good).get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["weight inflates", "bomb in the weights", "filters of gigabytes"])
def test_little_memory(good, tmp_path, name):
    path = weights.write(good, tmp_path, name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError):
        sn.load_model(path)
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 500e6


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("network.h5", "HDF5"),
        ("network.pkl", "runs code"),
        ("network.pt", "runs code"),
        ("network.txt", "no .keras file"),
    ],
)
def test_other_formats(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UserError, match=words):
        sn.load_model(tmp_path / name)


def test_no_regular_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no network at"):
        sn.load_model(tmp_path / "none.keras")
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(UserError, match="no regular file"):
        sn.load_model(tmp_path / "folder.keras")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.keras")  # reading it would wait for ever
        with pytest.raises(UserError, match="no regular file"):
            sn.load_model(tmp_path / "pipe.keras")


def test_further_layers_by_name(tmp_path):
    from segnet_nb._shared.framework import keras

    inputs = keras.Input((8, 8, 3))
    keras.Model(inputs, keras.layers.Dense(2)(inputs)).save(tmp_path / "dense.keras")
    with pytest.raises(UserError, match=r"names the class 'Dense'.*allow_layers=\['Dense'\]"):
        sn.load_model(tmp_path / "dense.keras")
    assert sn.load_model(tmp_path / "dense.keras", allow_layers=["Dense"]).output_shape[-1] == 2


def test_every_allowed_layer_exists():
    from segnet_nb._shared.framework import keras

    assert [name for name in model_archive.LAYERS if not hasattr(keras.layers, name)] == []
