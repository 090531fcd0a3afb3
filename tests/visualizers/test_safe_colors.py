"""The colour-blind-safe palette: distances as people with each kind of colour vision see them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from segnet_nb.datasets import CAMVID
from segnet_nb.datasets.classes import ClassList
from segnet_nb.visualizers import safe_colors

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISIONS = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(color, vision):
    """CIE 1976 L*a*b* of an sRGB colour, seen with one kind of vision."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in np.array(color) / 255]
    seen = np.clip(np.array(VISIONS[vision]) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    f = [np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (to_xyz @ seen) / to_xyz.sum(1)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def smallest_distance(classes, vision):
    seen = [lab(color, vision) for color in classes.colors[:-1]]
    return min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))


@pytest.mark.parametrize("vision", VISIONS)
def test_classes_are_far_apart_with_every_vision(vision):
    assert smallest_distance(safe_colors(CAMVID), vision) > 30


def test_the_published_colours_are_not():
    assert min(smallest_distance(CAMVID, vision) for vision in VISIONS) < 10


def test_white_and_grey_are_far_apart_so_that_the_measure_is_one():
    # L* of white is 100, of sRGB grey 119 just 50: both without colour.
    np.testing.assert_allclose(lab((255, 255, 255), "normal"), [100, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab((119, 119, 119), "normal"), [50, 0, 0], atol=0.1)


def test_names_and_void_stay():
    safe = safe_colors(CAMVID)
    assert safe.names == CAMVID.names
    assert safe.colors[-1] == CAMVID.colors[-1]
    assert len(set(safe.colors)) == 12


def test_fewer_classes_take_the_first_colours():
    two = ClassList(("a", "b"), ((1, 1, 1), (2, 2, 2), (3, 3, 3)))
    assert safe_colors(two).colors == (*safe_colors(CAMVID).colors[:2], (3, 3, 3))
