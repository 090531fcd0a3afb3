"""Frames from files, folders, a camera and a drawn street; and back to a file that moves."""

from __future__ import annotations

import base64
import io
import sys
import types

import numpy as np
import pytest
from PIL import Image, ImageSequence

from segnet_nb.datasets.clips import animation, frames, picture, show, stream
from tests.video_helpers import lossless


def levels(clip):
    """The mean brightness of each frame."""
    return clip.mean((1, 2, 3))


def plain(level):
    return np.full((24, 32, 3), level, np.uint8)


def test_a_synthetic_scene_zooms_in():
    clip = frames(count=4, size=(48, 64))
    assert clip.shape == (4, 48, 64, 3) and clip.dtype == np.uint8
    np.testing.assert_array_equal(clip, frames(count=4, size=(48, 64)))
    assert not np.array_equal(clip, frames(count=4, size=(48, 64), seed=1))
    # Each frame is the first one's middle part, enlarged: the last shows 0.6 of both sides.
    first = Image.fromarray(frames(count=1, size=(96, 128))[0])
    left, top = 128 * 0.2, 96 * 0.4 * 0.45
    part = first.resize((64, 48), Image.Resampling.BOX, (left, top, left + 128 * 0.6, top + 96 * 0.6))
    assert np.abs(np.asarray(part, float) - clip[-1]).mean() < 8
    assert np.abs(np.asarray(part, float) - clip[0]).mean() > 8


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_an_animated_file(ending, tmp_path):
    path = tmp_path / f"clip.{ending}"
    pictures = [Image.fromarray(plain(level)) for level in (0, 100, 200)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    np.testing.assert_allclose(levels(frames(path, size=(12, 16))), [0, 100, 200], atol=3)
    np.testing.assert_allclose(levels(frames(path, count=2, size=(12, 16))), [0, 100], atol=3)


def test_a_folder_in_the_order_of_names(tmp_path):
    for name, level in (("b.png", 90), ("a.png", 10), ("c.jpg", 200)):
        Image.fromarray(plain(level)).save(tmp_path / name)
    (tmp_path / "notes.txt").touch()
    np.testing.assert_allclose(levels(frames(tmp_path, size=(12, 16))), [10, 90, 200], atol=2)


def test_a_video(tmp_path):
    path = lossless(tmp_path / "clip.mkv", [plain(level) for level in (0, 100, 200)])
    np.testing.assert_array_equal(levels(frames(path, size=(12, 16))), [0, 100, 200])
    np.testing.assert_array_equal(levels(frames(path, count=2, size=(24, 32))), [0, 100])


def test_a_clip_is_read_as_it_is_asked_for(monkeypatch):
    opened = camera(monkeypatch, 5)
    clip = stream("camera", count=5, size=(12, 16))
    assert opened == []
    next(clip)
    assert (opened[0].left, opened[0].released) == (4, False)
    clip.close()
    assert opened[0].released


def test_a_picture_can_take_the_place_of_the_one_before():
    shown = picture(plain(200))
    with Image.open(io.BytesIO(shown.data)) as again:
        assert (again.format, again.size) == ("JPEG", (32, 24))
        np.testing.assert_allclose(np.asarray(again), 200, atol=2)


def camera(monkeypatch, given):
    """OpenCV with a camera that gives so many pictures, red ones, its colours blue first."""
    opened = []

    class Capture:
        def __init__(self, number):
            self.left, self.released = given, False
            self.number = number
            opened.append(self)

        def read(self):
            self.left -= 1
            return (self.left >= 0, np.full((24, 32, 3), (0, 0, 250), np.uint8))

        def release(self):
            self.released = True

    monkeypatch.setitem(sys.modules, "cv2", types.SimpleNamespace(VideoCapture=Capture))
    return opened


def test_a_camera(monkeypatch):
    opened = camera(monkeypatch, 5)
    clip = frames("camera:2", count=3, size=(12, 16))
    assert clip.shape == (3, 12, 16, 3)
    assert clip[0, 0, 0].tolist() == [250, 0, 0]
    assert [(each.number, each.released) for each in opened] == [(2, True)]


def test_a_camera_without_images(monkeypatch):
    opened = camera(monkeypatch, 0)
    with pytest.raises(ValueError, match=r"camera 0 returns no image"):
        frames("camera")
    assert opened[0].released


def test_a_camera_without_opencv(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install opencv-python-headless"):
        frames("camera")


def test_files_that_are_no_clips(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no clip at .*gone.gif"):
        frames(tmp_path / "gone.gif")
    with pytest.raises(FileNotFoundError, match=r"no images in"):
        frames(tmp_path)
    (tmp_path / "film.txt").touch()
    with pytest.raises(ValueError, match=r"film.txt is not a video, nor an animated GIF.*Pass one of these"):
        frames(tmp_path / "film.txt")
    (tmp_path / "film.mp4").touch()
    with pytest.raises(ValueError, match=r"film.mp4 cannot be read as a video.*ffmpeg"):
        frames(tmp_path / "film.mp4")
    with pytest.raises(ValueError, match=r"at least 1, but got 0"):
        frames(count=0)


def test_an_animation_has_its_frame_rate():
    clip = np.stack([plain(level) for level in (0, 100, 200)])
    with Image.open(io.BytesIO(animation(clip, fps=5))) as picture:
        assert picture.info["loop"] == 0
        found = []
        for frame in ImageSequence.Iterator(picture):
            frame.load()
            found.append((np.asarray(frame.convert("RGB")).mean(), frame.info["duration"]))
    np.testing.assert_allclose(found, [(0, 200), (100, 200), (200, 200)], atol=3)


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 8, 8)), np.zeros((8, 8, 3), np.uint8), np.zeros((0, 8, 8, 3), np.uint8)]
)
def test_frames_of_another_shape(bad):
    with pytest.raises(ValueError, match=r"frames must be uint8 of shape"):
        animation(bad)


def test_a_frame_rate_of_zero():
    with pytest.raises(ValueError, match=r"fps must be above 0, but got 0"):
        animation(np.zeros((1, 8, 8, 3), np.uint8), fps=0)


def test_a_clip_is_shown_without_a_script():
    clip = np.stack([plain(level) for level in (0, 200)])
    page = show(clip, fps=4, text='two "greys"').data
    assert 'alt="two &quot;greys&quot;"' in page and "<script" not in page
    content = base64.b64decode(page.split("base64,")[1].split('"')[0])
    assert content == animation(clip, fps=4)
