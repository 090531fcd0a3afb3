"""Images as PNG files, read back by Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from segnet_nb import visualizers


@pytest.mark.parametrize("shape", [(5, 7, 3), (5, 7), (1, 1, 3)])
def test_the_pixels_come_back(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    with Image.open(io.BytesIO(visualizers.png(pixels))) as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        (np.zeros((4, 4, 3)), r"but got float64 of shape \(4, 4, 3\)\. Values in 0\.\.1 become"),
        (np.zeros((4, 4, 4), np.uint8), r"got uint8 of shape \(4, 4, 4\)"),
        (np.zeros(4, np.uint8), r"got uint8 of shape \(4,\)"),
    ],
    ids=["floats", "four channels", "a row"],
)
def test_others_are_refused(pixels, told):
    with pytest.raises(ValueError, match=told):
        visualizers.png(pixels)
