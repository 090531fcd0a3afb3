"""Label maps: tiles and row bands give what arrays of the whole image would give."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from segnet_nb.inference import label_maps, tiles
from segnet_nb.inference.prediction import predict_probabilities
from segnet_nb.networks.model import segnet_basic


@pytest.fixture(scope="module")
def network():
    return segnet_basic((None, None, 3), 3, filters=4, kernel_size=3)


def whole_at_once(probabilities, size):
    """Each class enlarged as one picture: the obvious way, with the memory of the whole image."""
    planes = [
        np.asarray(Image.fromarray(plane).resize((size[1], size[0]), Image.Resampling.BILINEAR))
        for plane in np.ascontiguousarray(np.moveaxis(probabilities, -1, 0))
    ]
    return np.stack(planes, -1)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 60),
    st.integers(1, 9),
    st.integers(1, 90),
    st.integers(1, 12),
    st.integers(1, 20),
    st.data(),
)
def test_bands_of_rows_interpolate_like_the_whole(height, width, new_height, new_width, rows, data):
    """Whatever the bands and the sizes, larger or smaller."""
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    probabilities = random.random((height, width, 2), dtype=np.float32)
    cuts = sorted(set(data.draw(st.lists(st.integers(1, height), max_size=4))) | {height})
    bands = [probabilities[a:b] for a, b in zip([0, *cuts], cuts, strict=False)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(label_maps, "_PIXELS_AT_ONCE", rows * new_width)
        found = list(label_maps._enlarged(iter(bands), (height, width), (new_height, new_width)))
    assert all(len(block.probabilities) <= rows for block in found)
    joined = np.concatenate([block.probabilities for block in found])
    expected = whole_at_once(probabilities, (new_height, new_width))
    np.testing.assert_allclose(joined, expected, atol=2e-4)


def test_the_classes_and_the_mean_probability_of_an_image(network):
    image = np.random.default_rng(0).integers(0, 256, (45, 67, 3)).astype(np.uint8)
    expected = predict_probabilities(network, image)[0]
    found = label_maps.predict_labels(network, image)
    np.testing.assert_array_equal(found.ids, expected.argmax(-1))
    assert found.ids.dtype == np.uint8
    assert found.mean_probability == pytest.approx(expected.max(-1).mean(), abs=1e-6)


def test_tiles_at_another_size_of_inference(network, monkeypatch):
    """Tiles, then rows of tiles as bands, then enlarged: as from one array of tiled probabilities."""
    random = np.random.default_rng(1)
    image = Image.fromarray(random.integers(0, 256, (60, 100, 3)).astype(np.uint8))
    image = np.asarray(image.resize((1000, 600), Image.Resampling.BILINEAR))
    monkeypatch.setattr(label_maps, "_PIXELS_AT_ONCE", 7 * 1000)
    found = label_maps.predict_labels(network, image, image_size=(480, 800), tile=64)
    small = label_maps.resize_image(image, (480, 800))
    probabilities = np.zeros((480, 800, 3), np.float32)
    for block in tiles.blocks(network, small, tiles.tile_side(480, 800, 64)):
        rows, columns = block.probabilities.shape[:2]
        probabilities[block.top : block.top + rows, block.left : block.left + columns] = block.probabilities
    expected = whole_at_once(probabilities, (600, 1000))
    best = np.sort(expected, -1)
    clear = best[..., -1] - best[..., -2] > 1e-4  # not decided by rounding
    assert clear.mean() > 0.95
    np.testing.assert_array_equal(found.ids[clear], expected.argmax(-1)[clear])


def test_no_array_of_probabilities_covers_a_large_image(network, monkeypatch):
    """Six tiles: what exists at any time is a tile and the ends of the tiles before."""
    largest = []
    blocks = label_maps.blocks
    monkeypatch.setattr(
        label_maps,
        "blocks",
        lambda *a, **o: (largest.append(b.probabilities.size) or b for b in blocks(*a, **o)),
    )
    image = np.zeros((600, 1100, 3), np.uint8)
    label_maps.predict_labels(network, image, tile=64)
    assert len(largest) > 6
    assert max(largest) <= 448 * 448 * 3 < image.size / 2


def test_examples_in_docstrings_hold():
    assert doctest.testmod(label_maps).failed == 0
