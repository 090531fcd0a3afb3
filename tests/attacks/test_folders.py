"""Folders of data that would make a reader wait, stop or run out of memory: one sentence each."""

from __future__ import annotations

import os
import socket

import numpy as np
import pytest
from PIL import Image

from segnet_nb._shared.errors import UserError
from segnet_nb.cli.main import main
from segnet_nb.datasets import registry
from tests.attacks.folders import FOLDERS

COMMANDS = ("data inspect {}", "data doctor {}", "train --dataset {} --run-dir run")


def test_there_are_hundred_and_fifty_of_them():
    assert len(FOLDERS) >= 150


@pytest.mark.skipif(os.name == "nt", reason="has pipes, links and names that are no text")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if at % 12 else []) for at, name in enumerate(FOLDERS)],
)
def test_damaged_folders(tmp_path, capsys, name):
    """They are read, or refused in at most three lines; nothing is written."""
    write, damage = FOLDERS[name]
    root = tmp_path / "data"
    root.mkdir()
    write(root)
    damage(root)
    before = set(tmp_path.glob("data/*"))
    capsys.readouterr()
    for command in ("inspect", "doctor"):
        code = main(["data", command, str(root)])
        said = capsys.readouterr()
        assert code in (0, 1, 2)
        assert "Traceback" not in said.err
        assert said.err.count("\n") <= 3 and len(said.err) < 2_000
        assert len(said.out) < 20_000
    try:
        registry.load(root, "train", image_size=(16, 20))
    except UserError as error:
        assert len(str(error)) < 2_000
    except OSError as error:
        assert error.filename
    assert set(tmp_path.glob("data/*")) == before


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for name, shape, high in (("images", (16, 20, 3), 256), ("masks", (16, 20), 3)):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(3):
            pixels = rng.integers(0, high, shape, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def refused(capsys, words):
    for command in COMMANDS:
        assert main(command.format("data").split()) in (1, 2), command
        captured = capsys.readouterr()
        said = captured.out + captured.err
        assert words in said
        assert "Traceback" not in said


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
@pytest.mark.parametrize("place", ["images/a.png", "masks/a.png", "classes.json", "train.txt"])
def test_a_pipe(folder, capsys, place):
    os.mkfifo(folder / place)
    refused(capsys, f"{place} is a pipe")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no sockets in folders")
def test_a_socket(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder / "images")  # a name of at most 107 bytes
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("a.png")
    monkeypatch.chdir(folder.parent)
    refused(capsys, "images/a.png is a pipe, a socket")


@pytest.mark.parametrize("name", ["classes.json", "dataset.json"])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_without_a_bottom(folder, capsys, name, opening):
    (folder / name).write_text(opening * 200_000)
    refused(capsys, f"{name} has lists or objects nested too deeply")


def test_a_folder_with_the_name_of_an_image(folder, capsys):
    (folder / "images" / "more.png").mkdir()
    assert main(["data", "inspect", "data"]) == 0
    assert main(["data", "doctor", "data"]) == 0
    capsys.readouterr()
    assert len(registry.load(folder, "train", image_size=(16, 20))) > 0


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_a_link_to_nowhere(folder, capsys):
    (folder / "images" / "c.png").symlink_to(folder / "gone.png")
    refused(capsys, "images/c.png")


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_links_in_a_circle(folder, capsys):
    (folder / "images" / "again").symlink_to(folder, target_is_directory=True)
    assert main(["data", "inspect", "data"]) in (0, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_two_hundred_and_fifty_six_classes(folder):
    (folder / "classes.txt").write_text("\n".join(f"class {number}" for number in range(256)))
    try:
        loaded = registry.load(folder, "train", image_size=(16, 20))
    except UserError as error:
        assert "256" in str(error) and "\n" not in str(error)
    else:
        assert loaded.classes.num_classes <= 256


SIZES = ["0x10", "10x0", "-5x10", "1000000x1000000", "10x", "x", "10x10x10", "nan", "1e3x1e3", "٣x٣"]


@pytest.mark.parametrize("size", SIZES)
def test_sizes(folder, capsys, size):
    try:
        code = main(["train", "--dataset", "data", "--run-dir", "run", f"--image-size={size}"])
    except SystemExit as end:  # as argparse ends
        code = end.code
    assert code in (1, 2)
    said = capsys.readouterr().err
    assert "Traceback" not in said and "image" in said
    assert not (folder.parent / "run").exists()


def test_told_before_the_work(folder, capsys):
    """The folder of the scores is a file: no network is loaded for that."""
    (folder / "file").write_text("")
    line = "evaluate --weights small-synthetic --dataset synthetic --output-dir data/file/scores"
    assert main(line.split()) == 2
    captured = capsys.readouterr()
    assert "data/file" in captured.err and captured.out == ""


def test_more_images_than_there_can_be(folder, capsys):
    assert main(["train", "--dataset", "synthetic", "--run-dir", "run", "--train-count", "99999999"]) == 2
    assert "at most 10,000,000 images" in capsys.readouterr().err
