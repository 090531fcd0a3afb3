"""Folders of many files: listed in little memory, and matched as a few files are."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb.datasets import layouts
from segnet_nb.datasets.layouts.pairing import by_stem, match, match_twins
from segnet_nb.datasets.layouts.pairs import File
from segnet_nb.datasets.layouts.similar import _Frames, _spread
from segnet_nb.datasets.layouts.tree import all_differ
from segnet_nb.datasets.mask_encoding import FolderError

IMAGES, MASKS = Path("i"), Path("m")
STEMS = st.sampled_from(["a", "b", "a_b", "mask", "1", "10", "2", "a.v2", "A", "b_mask", "img_1"])


@pytest.mark.parametrize("mark", ["", "_mask"])
def test_a_listing_takes_a_few_hundred_bytes_a_pair(tmp_path, mark):
    """Two names of 11 characters as Python's strings take 120 bytes; the rest is the pair and its name."""
    count = 3000
    for folder, end in (("images", ".jpg"), ("masks", f"{mark}.png")):
        (tmp_path / folder).mkdir()
        for number in range(count):
            (tmp_path / folder / f"{number:07}{end}").touch()
    layouts.open_reading(tmp_path)  # what is imported and compiled is not counted
    tracemalloc.start()
    try:
        reading = layouts.open_reading(tmp_path)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(reading.pairs) == count and 120 < held / count < 320 and peak / count < 380


@settings(deadline=None)
@given(
    st.lists(STEMS, unique=True, min_size=1, max_size=6),
    st.sampled_from(["{}.png", "{}_mask.png", "mask_{}.png", "{}_L.gif", "{}.jpg.png"]),
    st.lists(STEMS, max_size=1),
)
def test_twin_folders_are_matched_as_any_others(stems, mask, more):
    images = sorted(f"{stem}.jpg" for stem in stems)
    masks = sorted({mask.format(stem) for stem in [*stems, *more]})
    found = match_twins((IMAGES, images), (MASKS, masks))
    expected = match(
        by_stem(File(IMAGES, name) for name in images), by_stem(File(MASKS, name) for name in masks)
    )
    if found is not None:
        assert dict(found.pairs) == expected.pairs and set(found.pairs.values()) == {*expected.pairs.values()}
        assert (found.rule, found.extra, len(found.pairs)) == (expected.rule, (), len(images))
        assert found.pairs[stems[0]][0].name == f"{stems[0]}.jpg" and "missing" not in found.pairs
    else:
        assert mask != "{}.png" or set(more) - set(stems)


def test_images_of_one_name_are_refused(tmp_path):
    for name in ("images/a.jpg", "images/a.png", "masks/a.png", "masks/a_mask.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(FolderError, match=r"a\.jpg and a\.png .* have the same name"):
        layouts.open_reading(tmp_path)


@settings(deadline=None)
@given(st.lists(st.text(max_size=2)))
def test_names_differ(names):
    assert all_differ(names) == (len(set(names)) == len(names))


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1), st.integers(0, 60))
def test_the_nearest_frame(numbers, wanted):
    found = _Frames([f"film_{number:04}" for number in numbers]).nearest("film_", wanted)
    assert abs(numbers[found] - wanted) == min(abs(number - wanted) for number in numbers)


def test_parts_make_the_whole():
    thumbnails = np.random.default_rng(0).integers(0, 256, (600, 8, 8), dtype=np.uint8)
    np.testing.assert_allclose(_spread(thumbnails), thumbnails.reshape(600, 64).std(1))
