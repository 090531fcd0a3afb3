"""A photo of one's own: nothing happens until it comes, then it is read, segmented and shown."""

from __future__ import annotations

import io

import numpy as np
import pytest
import traitlets
from PIL import Image

from segnet_nb.datasets import CAMVID
from segnet_nb.visualizers.masks import show_segmented
from segnet_nb.widgets import OwnPhoto


def halves(image):
    """Sky in the upper half, road in the lower one."""
    labels = np.full(image.shape[:2], CAMVID.index("Road"), np.uint8)
    labels[: len(labels) // 2] = CAMVID.index("Sky")
    return labels


def file(width, height, kind="png", **options):
    """An image file whose left half is red."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def choose(photo, content):
    """What the browser sends when a photo is chosen, dropped, pasted or taken."""
    photo.source.set_state({"photo": memoryview(content)})


def test_nothing_happens_without_a_photo():
    def never(image):
        raise AssertionError("nobody gave a photo")

    photo = OwnPhoto(never, CAMVID)
    assert photo.image is None and photo.labels is None
    assert photo.picture.layout.display == "none" and photo.message.value == ""
    assert repr(photo) == "OwnPhoto(no photo yet)"


def test_a_chosen_file_is_reduced_segmented_and_shown():
    photo = OwnPhoto(halves, CAMVID, longest=100)
    choose(photo, file(400, 200))
    assert photo.image.shape == (50, 100, 3)  # 400 to 100 is a quarter
    assert photo.labels.tolist() == halves(photo.image).tolist()
    assert photo.picture.layout.display == "" and photo.picture.value[:2] == b"\xff\xd8"
    assert repr(photo) == "OwnPhoto(50 x 100)"


def test_a_small_file_keeps_its_size_and_grey_becomes_rgb():
    buffer = io.BytesIO()
    Image.fromarray(np.full((20, 30), 7, np.uint8)).save(buffer, "png")
    photo = OwnPhoto(halves, CAMVID)
    photo.show(buffer.getvalue())
    assert photo.image.shape == (20, 30, 3) and np.all(photo.image == 7)


def test_a_jpeg_of_the_browser_is_read():
    photo = OwnPhoto(halves, CAMVID)
    choose(photo, file(64, 48, "jpeg", quality=95))
    assert photo.image.shape == (48, 64, 3)
    assert photo.image[24, 10, 0] > 200 and photo.image[24, 50, 0] < 50


def test_each_new_photo_is_told_to_those_who_observe_it():
    photo, seen = OwnPhoto(halves, CAMVID), []
    photo.observe(lambda change: seen.append((change["new"].shape, photo.labels.shape)), names="image")
    choose(photo, file(60, 40))
    choose(photo, b"no image")
    choose(photo, file(30, 40))
    assert seen == [((40, 60, 3), (40, 60)), ((40, 30, 3), (40, 30))]


def test_an_error_of_an_observer_is_told():
    photo = OwnPhoto(halves, CAMVID)

    def fails(change):
        raise RuntimeError("cannot look closer")

    photo.observe(fails, names="image")
    choose(photo, file(60, 40))
    assert photo.message.value == "cannot look closer"


@pytest.mark.parametrize("name", ["image", "labels"])
def test_image_and_labels_can_only_be_read(name):
    with pytest.raises(traitlets.TraitError, match="read-only"):
        setattr(OwnPhoto(halves, CAMVID), name, np.zeros((20, 20, 3), np.uint8))


def test_a_photo_is_turned_as_its_camera_says():
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter to the right: what was left is now above
    photo = OwnPhoto(halves, CAMVID)
    photo.show(file(60, 40, "jpeg", exif=turned.tobytes(), quality=95))
    assert photo.image.shape == (60, 40, 3)
    assert photo.image[5, 20, 0] > 200 and photo.image[55, 20, 0] < 50


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"no image", "not an image that can be read", id="no image"),
        pytest.param(b"", "not an image that can be read", id="empty"),
        pytest.param(file(8, 8), "at least 16 pixels on each side, but has 8 x 8", id="small"),
        pytest.param(file(4000, 40), "but has 480 x 5", id="strip"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_and_the_last_photo_stays(content, told):
    photo = OwnPhoto(halves, CAMVID)
    choose(photo, file(60, 40))
    photo._try(content)  # as a changed trait does
    assert told in photo.message.value
    assert photo.image.shape == (40, 60, 3)
    with pytest.raises(ValueError, match=told):
        photo.show(content)


def test_an_error_of_the_network_is_told():
    def fails(image):
        raise RuntimeError("out of order")

    photo = OwnPhoto(fails, CAMVID)
    choose(photo, file(60, 40))
    assert photo.message.value == "out of order" and photo.image is None


def test_labels_of_another_size_are_refused():
    photo = OwnPhoto(lambda image: np.zeros((3, 4), int), CAMVID)
    choose(photo, file(60, 40))
    assert "same height and width" in photo.message.value and photo.image is None


@pytest.mark.parametrize("longest", [15, 2049])
def test_a_size_out_of_range_is_refused(longest):
    with pytest.raises(ValueError, match="longest must be 16 to 2048"):
        OwnPhoto(halves, CAMVID, longest=longest)


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="predict must be a function"):
        OwnPhoto("small-synthetic", CAMVID)


def test_the_figure_has_the_image_the_classes_and_their_legend():
    image = np.zeros((20, 30, 3), np.uint8)
    figure = show_segmented(image, halves(image), CAMVID)
    assert [axes.get_title() for axes in figure.axes] == ["image", "prediction"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Sky", "Road"]
    # Black under 60 % of a colour: sky is (128, 128, 128), so 0.6 * 128 = 76.8.
    assert np.all(abs(figure.axes[1].images[0].get_array()[0, 0].astype(int) - 77) <= 1)
