"""Tiles: where they are, that they cover an image once, and that their result is that of the whole image."""

from __future__ import annotations

import doctest
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb.datasets import synthetic
from segnet_nb.inference import pretrained, tiles
from segnet_nb.inference.prediction import predict_probabilities
from segnet_nb.networks.model import segnet_basic


@given(st.integers(1, 20_000), st.integers(2, 80))
def test_spans_cover_a_side_with_overlap_and_alignment(length, steps):
    side = tiles.OVERLAP + 32 * steps
    found = tiles.spans(length, side)
    assert found[0][0] == 0 and found[-1][1] == length
    for start, stop in found:
        assert start % 32 == 0 and 0 < stop - start <= side
    for (start, stop), (following, _) in pairwise(found):
        assert following > start and stop - following >= tiles.OVERLAP


@pytest.mark.parametrize(
    ("height", "width", "tile", "scales", "side"),
    [
        (1080, 1920, None, (1.0,), 0),  # 2.07 megapixels
        (1081, 1943, None, (1.0,), 1408),  # 2.10 megapixels
        (1080, 1920, None, (0.5, 1.5), 938 // 32 * 32),  # 1408 / 1.5 = 938, down to a multiple of 32
        (4000, 6000, 0, (1.0,), 0),
        (4000, 6000, 100, (1.0,), 128 + 384),  # rounded up to a multiple of 32
        (512, 512, 128, (1.0,), 0),  # it fits into one tile
        (512, 513, 128, (1.0,), 512),
    ],
)
def test_when_and_how_large(height, width, tile, scales, side):
    assert tiles.tile_side(height, width, tile, scales) == side


@pytest.mark.parametrize("tile", [-1, 1, 63])
def test_tiles_that_are_too_small(tile):
    with pytest.raises(
        ValueError, match=f"tile must be at least 64 pixels, or 0 for no tiles, but got {tile}"
    ):
        tiles.check_tile(tile)


def assembled(found, size):
    """Blocks as one array, and how often each pixel was covered."""
    whole, covered = np.zeros(size, np.float32), np.zeros(size[:2], int)
    for block in found:
        rows, columns = block.probabilities.shape[:2]
        place = np.s_[block.top : block.top + rows, block.left : block.left + columns]
        whole[place] = block.probabilities
        covered[place] += 1
    return whole, covered


class Constant:
    """Stands in for ``predict_probabilities``: the colours of the image as probabilities of three classes."""

    def __init__(self, noise=0.0):
        self.noise, self.random = noise, np.random.default_rng(0)

    def __call__(self, model, image, **_):
        share = image / np.maximum(image.sum(-1, keepdims=True), 1)
        return (share + self.noise * self.random.uniform(-1, 1, image.shape)).astype(np.float32)[None]


class ThreeClasses:
    output_shape = (None, None, None, 3)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(0, 99))
def test_each_pixel_is_covered_once_and_equal_tiles_blend_to_themselves(height, width, seed):
    """Weights add up to 1: where all tiles agree, so does the result, up to rounding."""
    image = np.random.default_rng(seed).integers(1, 256, (height, width, 3)).astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "predict_probabilities", Constant())
        side = tiles.tile_side(height, width, 64)
        whole, covered = assembled(tiles.blocks(ThreeClasses(), image, side), image.shape)
    assert (covered == 1).all()
    np.testing.assert_allclose(whole, image / image.sum(-1, keepdims=True), atol=2e-6)


def test_weights_by_hand(monkeypatch):
    """Two tiles of 448 in 480 columns share 416: the first counts alone until 3/8, the second from 5/8 on.

    The second tile starts at 32. Halfway through the overlap, at 32 + 208 = 240, both count half:
    pixel 240 lies 208.5 / 416 of the way, so the second has 4 * 208.5 / 416 - 1.5 = 0.50481 of the weight.
    """
    monkeypatch.setattr(
        tiles,
        "predict_probabilities",
        lambda _, image, **__: np.full((1, *image.shape[:2], 3), float(image[0, 0, 0] > 0), np.float32),
    )
    image = np.zeros((10, 480, 3), np.uint8)
    image[:, 32:] = 1  # the first tile starts with 0, the second with 1
    whole, _ = assembled(tiles.blocks(ThreeClasses(), image, 448), image.shape)
    row = whole[0, :, 0]
    assert (row[: 32 + 156] == 0).all() and (row[32 + 260 :] == 1).all()
    assert row[240] == pytest.approx(4 * 208.5 / 416 - 1.5, abs=1e-6)
    assert (np.diff(row) >= 0).all()


def test_an_image_as_a_whole_is_one_block():
    model = segnet_basic((None, None, 3), 3, filters=4, kernel_size=3)
    image = np.random.default_rng(0).integers(0, 256, (45, 67, 3)).astype(np.uint8)
    (block,) = tiles.blocks(model, image, 0)
    np.testing.assert_array_equal(block.probabilities, predict_probabilities(model, image)[0])


def test_tiles_give_the_mask_of_the_whole_image():
    """At least 99.5 % of the pixels, on an image that fits both ways, with trained weights."""
    model = pretrained.load_pretrained("small-synthetic")
    scenes = synthetic.load("val", image_size=(240, 320), count=6).images
    image = np.concatenate([np.concatenate(scenes[3 * i : 3 * i + 3], axis=1) for i in range(2)])
    assert image.shape == (480, 960, 3)
    side = tiles.tile_side(480, 960, 64)
    assert len(tiles.spans(960, side)) == 9
    whole, _ = assembled(tiles.blocks(model, image, side), (480, 960, 11))
    expected = predict_probabilities(model, image)[0].argmax(-1)
    assert len(np.unique(expected)) > 5
    assert (whole.argmax(-1) == expected).mean() >= 0.995


def test_examples_in_docstrings_hold():
    assert doctest.testmod(tiles).failed == 0
