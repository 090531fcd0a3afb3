"""Polygons: drawn by the centres of pixels they give the mask back, holes included; files of two tools."""

from __future__ import annotations

import doctest
import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from segnet_nb.datasets import CAMVID, synthetic
from segnet_nb.datasets.classes import numbered_classes
from segnet_nb.inference import polygon_files, polygons
from segnet_nb.inference.polygons import mask_polygons


def drawn(points, shape):
    """A polygon filled by the even-odd rule at the centres of pixels: an independent rasteriser."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    x, y = columns + 0.5, rows + 0.5
    crossings = np.zeros(shape, int)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, 0), strict=True):
        if y0 != y1:
            spans = (y0 <= y) != (y1 <= y)
            crossings += spans & (x0 + (y - y0) / (y1 - y0) * (x1 - x0) > x)
    return crossings % 2 == 1


def mask_of(found, shape, void):
    """All polygons as one mask; no pixel may be in two."""
    mask, count = np.full(shape, void), np.zeros(shape, int)
    for each in found:
        inside = drawn(each.points, shape)
        mask[inside] = each.class_id
        count += inside
    assert count.max(initial=0) <= 1
    return mask


@settings(max_examples=150, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 3)))
def test_polygons_give_any_mask_back(ids):
    """Id 3 is void and has no polygon."""
    np.testing.assert_array_equal(mask_of(mask_polygons(ids, 3), ids.shape, 3), ids)


def test_holes_within_holes():
    """Rings of two classes around each other, and a hole that touches its outline at a corner."""
    ids = np.zeros((13, 15), np.uint8)
    for border, value in ((1, 1), (3, 0), (5, 1)):
        ids[border:-border, border:-border] = value
    ids[0, 0], ids[2, 2] = 1, 0
    found = list(mask_polygons(ids, 2))
    np.testing.assert_array_equal(mask_of(found, ids.shape, 9), ids)


def test_one_outline_per_region_and_no_more_points_than_corners():
    ids = np.zeros((10, 20), np.uint8)
    ids[2:6, 3:9] = 1  # 4 x 6 pixels
    ids[7:9, 12:19] = 1
    first, second = [each for each in mask_polygons(ids, 2) if each.class_id == 1]
    # A rectangle has its four corners cut by half a pixel: eight points, 4 * 1/8 less area.
    assert len(first.points) == len(second.points) == 8
    assert sorted((first.area, second.area)) == [14 - 0.5, 24 - 0.5]
    assert first.points.min(0).tolist() == [3, 2] and first.points.max(0).tolist() == [9, 6]


@pytest.fixture(scope="module")
def scene():
    return synthetic.load("val", image_size=(90, 120), count=1).labels[0]


def test_a_scene_within_a_pixel_of_the_outlines_where_outlines_are_drawn_too(scene):
    """Pillow colours the outline itself, so only pixels beside another class may differ."""
    mask = np.full(scene.shape, 255, np.uint8)
    for each in sorted(mask_polygons(scene, 12), key=lambda one: -one.area):
        picture = Image.new("1", scene.shape[::-1])
        ImageDraw.Draw(picture).polygon([tuple(point) for point in (each.points - 0.5).tolist()], 1, 1)
        mask[np.asarray(picture)] = each.class_id
    padded = np.pad(scene, 1, mode="edge")
    neighbours = [padded[dy : dy + 90, dx : dx + 120] for dy in range(3) for dx in range(3)]
    at_border = np.any([each != scene for each in neighbours], axis=0)
    assert (mask == scene)[~at_border].all()
    assert (mask == scene).mean() > 0.85


def test_coco(scene):
    """Parsed as JSON; drawn from the file, the polygons are the mask; boxes and categories fit."""
    images = [
        {"file_name": "a.png", "size": [90, 120], "ids": scene},
        {"file_name": "b/c.jpg", "size": [90, 120], "ids": scene[::-1]},
    ]
    found = json.loads("".join(polygon_files.coco(images, CAMVID, lambda entry: entry["ids"])))
    assert [each["file_name"] for each in found["images"]] == ["a.png", "b/c.jpg"]
    assert [each["name"] for each in found["categories"]] == list(CAMVID.names)
    assert [each["id"] for each in found["annotations"]] == list(range(1, len(found["annotations"]) + 1))
    names = {each["id"]: each["name"] for each in found["categories"]}
    for image in found["images"]:
        assert (image["height"], image["width"]) == (90, 120)
        mask = np.full((90, 120), CAMVID.void_id, np.uint8)
        for each in found["annotations"]:
            if each["image_id"] == image["id"]:
                points = np.reshape(each["segmentation"][0], (-1, 2))
                left, top, width, height = each["bbox"]
                assert [left, top] == points.min(0).tolist()
                np.testing.assert_allclose([left + width, top + height], points.max(0), atol=0.01)
                inside = drawn(points, mask.shape)
                assert abs(each["area"] - inside.sum()) <= max(2, len(points) / 4)
                mask[inside] = CAMVID.names.index(names[each["category_id"]])
        np.testing.assert_array_equal(mask, images[image["id"] - 1]["ids"])


def test_coco_of_nothing():
    found = json.loads("".join(polygon_files.coco([], numbered_classes(2), lambda _: None)))
    assert found["images"] == found["annotations"] == [] and len(found["categories"]) == 2


def test_labelme(scene, tmp_path):
    found = polygon_files.labelme(scene, CAMVID, tmp_path / "in" / "a.png", tmp_path / "out" / "trip")
    found = json.loads(json.dumps(found))
    assert found["imagePath"] == "../../in/a.png" and found["imageData"] is None
    assert (found["imageHeight"], found["imageWidth"]) == (90, 120)
    mask = np.full((90, 120), CAMVID.void_id, np.uint8)
    for shape in found["shapes"]:
        assert shape["shape_type"] == "polygon"
        mask[drawn(np.array(shape["points"]), mask.shape)] = CAMVID.names.index(shape["label"])
    np.testing.assert_array_equal(mask, scene)


def test_unknown_formats():
    with pytest.raises(ValueError, match="polygons must be one of coco, labelme, but got 'voc'"):
        polygon_files.check_format("voc")


@pytest.mark.parametrize("module", [polygons, polygon_files])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
