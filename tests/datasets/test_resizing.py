"""Resizing against slow oracles."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings, strategies as st

from segnet_nb.datasets.resizing import resize_image, resize_labels

sides = st.integers(1, 40)


@st.composite
def label_maps(draw):
    height, width = draw(sides), draw(sides)
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).integers(0, 12, (height, width), np.uint8)


@given(labels=label_maps(), size=st.tuples(sides, sides))
@settings(deadline=None)
def test_labels_take_the_pixel_under_each_centre(labels, size):
    resized = resize_labels(labels, size)
    assert resized.shape == size
    assert resized.dtype == np.uint8
    assert set(np.unique(resized)) <= set(np.unique(labels))
    for row in range(size[0]):
        y = math.floor((row + Fraction(1, 2)) * Fraction(labels.shape[0], size[0]))
        for column in range(size[1]):
            x = math.floor((column + Fraction(1, 2)) * Fraction(labels.shape[1], size[1]))
            assert resized[row, column] == labels[y, x]


@given(labels=label_maps(), factors=st.tuples(st.integers(1, 4), st.integers(1, 4)))
@settings(deadline=None)
def test_labels_survive_upsampling_and_downsampling(labels, factors):
    size = labels.shape[0] * factors[0], labels.shape[1] * factors[1]
    there = resize_labels(labels, size)
    np.testing.assert_array_equal(resize_labels(there, labels.shape), labels)


@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    factors=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_integer_factors_are_means_of_blocks(size, factors, seed):
    shape = size[0] * factors[0], size[1] * factors[1], 3
    image = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    resized = resize_image(image, size)
    for row in range(size[0]):
        for column in range(size[1]):
            block = image[
                row * factors[0] : (row + 1) * factors[0],
                column * factors[1] : (column + 1) * factors[1],
            ]
            mean = block.reshape(-1, 3).mean(axis=0)
            # Rows and columns are rounded one after the other: half a level each.
            assert np.abs(resized[row, column] - mean).max() <= 1.0


def triangle_weights(source: int, target: int) -> np.ndarray:
    """Weight of each source pixel in each target pixel: a triangle as wide as the reduction."""
    scale = source / target
    reach = max(scale, 1.0)
    weights = np.zeros((target, source))
    for out in range(target):
        centre = (out + 0.5) * scale
        for place in range(source):
            weights[out, place] = max(0.0, 1.0 - abs(place + 0.5 - centre) / reach)
    return weights / weights.sum(axis=1, keepdims=True)


@given(shape=st.tuples(sides, sides), size=st.tuples(sides, sides), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_other_factors_weight_every_source_pixel(shape, size, seed):
    if shape[0] % size[0] == 0 and shape[1] % size[1] == 0:
        return  # The other rule, tested above.
    image = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    rows, columns = (triangle_weights(shape[axis], size[axis]) for axis in (0, 1))
    expected = np.einsum("ry,cx,yxk->rck", rows, columns, image.astype(float))
    assert np.abs(resize_image(image, size) - expected).max() <= 1.01


def test_a_fine_pattern_does_not_alias():
    # The trap of taking every n-th pixel: a chequerboard would come out black or white.
    board = (np.indices((360, 480)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = board[..., None].repeat(3, axis=-1)
    for size in ((180, 240), (192, 256), (128, 128)):
        resized = resize_image(image, size)
        assert abs(resized.mean() - 127.5) < 1
        assert resized.std() < 20
