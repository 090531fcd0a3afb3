"""A few random files for every reader; ``python -m tests.attacks.fuzz --count 10000`` gives it thousands."""

from __future__ import annotations

import json

import pytest
from hypothesis import strategies as st

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.layouts import class_files, shapes
from segnet_nb.datasets.mask_encoding import FolderError
from tests.attacks import folders, fuzz
from tests.datasets.layouts import writers

QUICK = ("images", "masks", "lines", "class files", "class lists", "JSON", "parameter cells", "parameters")


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    return fuzz.readers(frameworks=False)


@pytest.mark.parametrize("name", QUICK)
def test_random_files(readers, name):
    _, finding = fuzz.fuzz(readers[name], 20, seed=0)
    assert not finding


@pytest.mark.slow
def test_many_random_files():
    for name, reader in fuzz.readers().items():
        _, finding = fuzz.fuzz(reader, 100, seed=1)
        assert not finding, name


def test_good_files_are_accepted_and_no_json_is_not(readers):
    """A reader that accepted or refused everything would test nothing."""
    for writer in (writers.coco, writers.supervisely, folders.with_classes, folders.write_pinned):
        reader = readers[f"layout {writer.__name__}"]
        assert reader.give(json.dumps(fuzz.json_of(writer)[1]).encode()), writer
        assert not reader.give(b"["), writer
    for name, good in (("sweep files", fuzz.SWEEP), ("notebooks", json.dumps(fuzz.NOTEBOOK))):
        assert readers[name].give(good.encode()), name
        assert not readers[name].give(b"["), name


def test_another_exception_is_a_finding():
    reader = fuzz.Reader(st.just(b"x"), "a.txt", lambda path: 1 / 0)
    assert "ZeroDivisionError" in fuzz.fuzz(reader, 3, seed=0)[1]


# --- What was found ---


@pytest.mark.parametrize("minor", [None, "5", 1.5, []])
def test_a_minor_version_that_is_no_number(tmp_path, minor):
    """nbformat asserts that it is."""
    (tmp_path / "a.ipynb").write_text(json.dumps(fuzz.NOTEBOOK | {"nbformat_minor": minor}))
    with pytest.raises(UserError, match=r"a\.ipynb is not a valid notebook: its nbformat_minor is "):
        fuzz.page(tmp_path / "a.ipynb")


@pytest.mark.parametrize("number", ["²", "٣", "9" * 5000])
def test_numbers_that_only_look_like_ids(tmp_path, number):
    """``str.isdigit`` is true of the first, ``int`` reads the second, and Python refuses the third."""
    (tmp_path / "classes.csv").write_text(f"id,name\n{number},Sky\n1,Car\n", encoding="utf-8")
    declared = class_files.read_class_file(tmp_path / "classes.csv")
    assert [entry.values for entry in declared.entries] == [(0,), (1,)]  # the numbers of the lines


def test_counts_of_coco_against_a_slow_reader():
    """The packed counts of a mask of 0, 0, 1, 1, 1, 0 are 2, 3, 1; those of pycocotools are the oracle."""
    coder = pytest.importorskip("pycocotools.mask", reason="pycocotools is an optional package")
    import numpy as np

    assert shapes._unpacked("231") == [2, 3, 1]
    masks = np.random.default_rng(0).random((20, 9, 11)) < 0.5
    for mask in masks:
        packed = coder.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
        flat = mask.ravel(order="F")
        ends = np.flatnonzero(np.diff(flat)) + 1
        lengths = np.diff([0, *ends, flat.size]).tolist()
        assert shapes._unpacked(packed) == ([0] if flat[0] else []) + lengths


@pytest.mark.parametrize(
    "segmentation",
    [
        {"size": [9, 11], "counts": [10**9]},
        {"size": [100_000, 100_000], "counts": [10**10]},
        {"size": [9, 11], "counts": [-1, 100]},
        {"size": [9, 11], "counts": "~~~~"},
        {"size": [9, 11], "counts": "231"},
        [[0, 0, 1e30, 0, 1, 1]],
        [[0, 0, float("nan"), 0, 1, 1]],
    ],
)
def test_segmentations_that_would_fill_the_memory(segmentation):
    with pytest.raises(shapes._InvalidShapeError):
        shapes._check_segmentation(segmentation, 9, 11)


@pytest.mark.parametrize("size", [(0, 5), (-1, 5), (10**6, 10**6), (None, 5), ("x", 5), (float("inf"), 5)])
def test_sizes_of_annotations(size):
    with pytest.raises(FolderError, match=r"^a\.json gives "):
        shapes.check_size(*size, "a.json")
    assert issubclass(FolderError, UserError)
