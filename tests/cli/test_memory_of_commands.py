"""The memory of a command does not grow with the number of images."""

from __future__ import annotations

import sys

import pytest

from tests.large_folders import peak_memory, write_pairs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")

FEW = 200
GROWTH = 1.25
SMALL = ("--image-size", "48x64")  # of the network; files are 480 x 640
STREAMED = ("--no-in-memory", "--workers", "2")


def commands(root, run_directory):
    """Examine, train for an epoch with validation, and evaluate on the training split; in this order."""
    train = ("--network", "small", "--epochs", "1", "--batch-size", "8", "--run-dir", run_directory)
    evaluate = ("--weights", run_directory, "--split", "train", "--output-dir", run_directory)
    return {
        "inspect": ("data", "inspect", root),
        "doctor": ("data", "doctor", root),
        "train": ("train", "--dataset", root, *train, *SMALL, *STREAMED),
        "evaluate": ("evaluate", "--dataset", root, *evaluate, *SMALL, *STREAMED),
    }


def peaks(tmp_path, count):
    root = write_pairs(tmp_path / f"{count}", count)
    found = commands(root, tmp_path / f"run{count}")
    return {name: peak_memory(*command, fault=name == "doctor") for name, command in found.items()}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return peaks(tmp_path_factory.mktemp("few"), FEW)


@pytest.mark.timeout(3600)
@pytest.mark.slow
@pytest.mark.parametrize("count", [2_000, 20_000])
def test_the_peak_is_that_of_a_few_images(few, tmp_path, count):
    many = peaks(tmp_path, count)
    growth = {name: many[name] / few[name] for name in few}
    assert all(0.5 < each < GROWTH for each in growth.values()), (few, many)


def test_inspecting_many_images_takes_no_more_than_a_few(tmp_path):
    """2,000 images of 240 x 320 pixels; decoded at once, they would take 586 MiB."""
    few, many = (
        peak_memory("data", "inspect", write_pairs(tmp_path / f"{count}", count, size=(240, 320)))
        for count in (100, 2_000)
    )
    assert 0.5 * few < many < 1.1 * few, (few, many)


@pytest.mark.slow
def test_ten_pairs_of_24_megapixels_take_less_than_3_gigabytes(tmp_path):
    """Decoded, one image has 4000 * 6000 * 3 = 72 MB, all with their masks 960 MB."""
    root = write_pairs(tmp_path / "large", 10, size=(4000, 6000), cells=(40, 60))
    train = commands(root, tmp_path / "run")["train"]
    assert 500 < peak_memory(*train, "--image-size", "240x320") < 3 * 1024


LOAD = """
from segnet_nb import datasets
data = datasets.load(sys.argv[1], in_memory=sys.argv[2] == "True", workers=2)
status = sum(int(labels.max()) > 4 for image, labels in data.pairs())
"""


def test_the_peak_counts_what_is_held(tmp_path):
    """In memory, 80 images of 480 x 640 pixels take 80 * 480 * 640 * 4 bytes = 93.75 MiB more."""
    root = write_pairs(tmp_path, 100)
    streamed, held = (peak_memory(root, kind, code=LOAD) for kind in (False, True))
    assert held > streamed + 0.8 * 93.75
