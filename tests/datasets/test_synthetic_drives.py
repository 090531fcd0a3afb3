"""Frames of synthetic streets: labels that belong to their images, and drives that differ."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from segnet_nb.datasets import CAMVID, group_names, synthetic
from segnet_nb.datasets.resizing import resize_labels
from segnet_nb.datasets.synthetic.drives import load_drives, zoomed, zoomed_labels


def test_names_tell_the_drives():
    data = load_drives(3, 2, image_size=(24, 32))
    assert group_names(data.names) == ("drive0", "drive0", "drive1", "drive1", "drive2", "drive2")
    assert data.images.shape == (6, 24, 32, 3) and data.classes == CAMVID
    assert load_drives(1, 1).image_size == synthetic.IMAGE_SIZE


def test_a_drive_depends_on_its_number_and_the_seed_alone():
    data = load_drives(2, 3, image_size=(24, 32))
    np.testing.assert_array_equal(load_drives(1, 3, image_size=(24, 32)).images, data.images[:3])
    assert not np.array_equal(load_drives(1, 3, image_size=(24, 32), seed=1).images, data.images[:3])
    streets = [
        synthetic.load(split, image_size=(24, 32), count=2).images for split in ("train", "val", "test")
    ]
    assert not [street for street in np.concatenate(streets) if np.array_equal(street, data.images[0])]


def test_frames_of_a_drive_are_alike_and_other_drives_are_not():
    data = load_drives(4, 4, image_size=(48, 64))
    pixels = data.images.reshape(4, 4, -1).astype(float)
    within = np.abs(np.diff(pixels, axis=1)).mean(-1).max()
    between = min(np.abs(pixels[a, 0] - pixels[b, 0]).mean() for a in range(4) for b in range(4) if a != b)
    assert within < between / 1.5


def test_image_and_labels_show_the_same_part():
    # An image whose grey level is its label: whatever is shown of one must be shown of the other.
    ids = np.kron(np.arange(16, dtype=np.uint8).reshape(4, 4) % 11, np.ones((24, 32), np.uint8))
    image = np.repeat(20 * ids[..., None], 3, -1)
    frames = list(zip(zoomed(image, 4), zoomed_labels(ids, 4, ids.shape), strict=True))
    assert len(frames) == 4
    for shown, labels in frames:
        # Colours are blended along edges: a pixel whose neighbours have its label must be exact.
        inside = ndimage.maximum_filter(labels, 3) == ndimage.minimum_filter(labels, 3)
        assert inside.mean() > 0.85
        np.testing.assert_array_equal(shown[..., 0][inside], 20 * labels[inside])
    np.testing.assert_array_equal(frames[0][0], image)
    np.testing.assert_array_equal(frames[0][1], ids)
    # The last frame: 0.6 of both sides, from 0.2 of the width and 0.4 * 0.45 = 0.18 of the height on.
    left, top = 0.2 * 128, 0.18 * 96
    part = Image.fromarray(ids).resize(
        (128, 96), Image.Resampling.NEAREST, (left, top, left + 76.8, top + 57.6)
    )
    np.testing.assert_array_equal(frames[3][1], part)


def test_labels_at_another_size():
    ids = np.arange(64, dtype=np.uint8).reshape(8, 8)
    (small,) = zoomed_labels(ids, 1, (4, 4))
    np.testing.assert_array_equal(small, resize_labels(ids, (4, 4)))


@pytest.mark.parametrize(("drives", "frames"), [(0, 1), (1, 0)])
def test_none(drives, frames):
    with pytest.raises(ValueError, match="drives and frames must be at least 1, but got"):
        load_drives(drives, frames)
