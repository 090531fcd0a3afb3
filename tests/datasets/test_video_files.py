"""Frames of video files as PyAV decodes them, with their times; files that are no videos; H.264 out."""

from __future__ import annotations

import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb._shared.errors import MissingPackageError, UserError
from segnet_nb.datasets import synthetic
from segnet_nb.datasets.video_files import VideoReader, VideoWriter, is_available, is_video
from tests.video_helpers import decoded, grey, lossless, sound_only, times, turned


def written(path, images, rate=10, at=None):
    with VideoWriter(path, images[0].shape[:2], rate) as writer:
        for number, image in enumerate(images):
            writer.write(image, None if at is None else at[number])
    return path


def test_names_of_videos():
    assert all(map(is_video, ("a.mp4", "b/c.MOV", "d.mkv", "e.avi", "f.webm")))
    assert not any(map(is_video, ("a.png", "mp4", "b.mp4.txt", "")))
    assert is_available()


@pytest.mark.parametrize("size", [(24, 32), (45, 67), (16, 17)])
def test_frames_are_read_as_they_are(size, tmp_path):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (*size, 3)).astype(np.uint8) for _ in range(4)]
    with VideoReader(lossless(tmp_path / "a.mkv", images, Fraction(30000, 1001))) as video:
        assert (video.size, video.count, video.pixel_aspect) == (size, 4, 1)
        assert float(video.rate) == pytest.approx(29.97, abs=0.01)
        frames = list(video)
    assert [frame.image.dtype for frame in frames] == [np.uint8] * 4
    for frame, image in zip(frames, images, strict=True):
        np.testing.assert_array_equal(frame.image, image)
    # Matroska rounds times to milliseconds: 0, 33, 67, 100.
    np.testing.assert_allclose([float(frame.time) for frame in frames], [0, 0.033, 0.067, 0.1], atol=1e-6)


def test_a_telephone_that_was_held_upright(tmp_path):
    image = grey(0, (24, 32))
    image[:12, :16] = 200  # the upper left corner; a quarter clockwise, it is at the upper right
    with VideoReader(turned(written(tmp_path / "a.mp4", [image]), tmp_path / "b.mp4")) as video:
        assert video.size == (32, 24)
        (frame,) = video
    assert frame.image.shape == (32, 24, 3)
    corners = [frame.image[y, x].mean() > 100 for y, x in ((4, 4), (4, 20), (28, 4), (28, 20))]
    assert corners == [False, True, False, False]


def test_what_is_written_is_read_again(tmp_path):
    images = list(synthetic.load("val", image_size=(48, 64), count=3).images)
    path = written(tmp_path / "a.mp4", images, 25)
    found = decoded(path)
    assert len(found) == 3 and found[0].shape == (48, 64, 3)
    for image, again in zip(images, found, strict=True):
        # Colours at half the resolution and compression; a swap of red and blue, or of frames, is far more.
        assert np.abs(image.astype(float) - again).mean() < 8
        assert np.abs(image[..., ::-1].astype(float) - again).mean() > 8
    assert times(path) == pytest.approx([0, 0.04, 0.08])


def test_colours_are_kept(tmp_path):
    image = grey(0, (32, 32))
    image[...] = (200, 30, 60)
    (again,) = decoded(written(tmp_path / "a.mp4", [image]))
    np.testing.assert_allclose(again.mean((0, 1)), (200, 30, 60), atol=4)


@pytest.mark.parametrize(("size", "even"), [((45, 67), (46, 68)), ((45, 64), (46, 64)), ((48, 67), (48, 68))])
def test_an_odd_side_gets_its_last_line_twice(size, even, tmp_path):
    image = grey(40, size)
    image[-1], image[:, -1] = 220, 220
    (again,) = decoded(written(tmp_path / "a.mp4", [image]))
    assert again.shape == (*even, 3)
    if size[0] % 2:
        assert again[-2:, 5:-5].mean() > 180
    if size[1] % 2:
        assert again[5:-5, -2:].mean() > 180


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_times_of_a_variable_rate_are_kept_and_always_rise(tmp_path_factory, hundredths):
    wanted = sorted(hundredths)
    path = tmp_path_factory.mktemp("v") / "a.mp4"
    written(path, [grey(100)] * len(wanted), at=[Fraction(each, 100) for each in wanted])
    found = np.array(times(path))
    assert len(found) == len(wanted)
    assert np.all(np.diff(found) > 0)
    # Equal times are moved by one unit of 1/90000 s each; a file starts at its first frame.
    np.testing.assert_allclose(found, np.array(wanted) / 100 - (wanted[0] / 100 - found[0]), atol=1e-3)


def test_frames_of_another_kind(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", (24, 32), 10) as writer:
        for bad in (grey(0, (24, 30)), grey(0).astype(float), grey(0)[..., 0]):
            with pytest.raises(UserError, match=r"a frame must be uint8 of shape \(24, 32, 3\), but got"):
                writer.write(bad)
        writer.write(grey(0))
    with pytest.raises(UserError, match="rate must be above 0"):
        VideoWriter(tmp_path / "b.mp4", (24, 32), 0)
    assert not (tmp_path / "b.mp4").exists()


@pytest.mark.parametrize("frames", [0, 2])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, OSError])
def test_an_error_while_writing_is_what_is_told(frames, kind, tmp_path):
    with pytest.raises(kind, match="mine"), VideoWriter(tmp_path / "a.mp4", (24, 32), 10) as writer:
        for _ in range(frames):
            writer.write(grey(0))
        raise kind("mine")


# --- files that cannot be read -----------------------------------------------------------------------


def test_files_that_are_no_videos(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no video at .*gone.mp4\. Pass"):
        VideoReader(tmp_path / "gone.mp4")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no film " * 1000)
    whole = written(tmp_path / "whole.mp4", [grey(each) for each in range(20)]).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    for name in ("empty.mp4", "text.mp4", "cut.mp4"):
        with pytest.raises(UserError, match=rf"{name} cannot be read as a video: .*Check that a player"):
            VideoReader(tmp_path / name)
    with pytest.raises(UserError, match=r"sound\.mp4 cannot be read as a video: it has no pictures"):
        VideoReader(sound_only(tmp_path / "sound.mp4"))


def test_a_file_that_is_damaged_later_on(tmp_path):
    images = [np.random.default_rng(each).integers(0, 256, (32, 32, 3)).astype(np.uint8) for each in range(6)]
    path = lossless(tmp_path / "a.avi", images, codec="png")
    content = bytearray(path.read_bytes())
    at = [n for n in range(len(content)) if content[n : n + 4] == b"00dc"][3] + 8  # the fourth frame's data
    content[at : at + 2000] = bytes(2000)
    path.write_bytes(content)
    read = []
    with VideoReader(path) as video, pytest.raises(UserError) as caught:
        for frame in video:
            read.append(frame.image)
    # Decoders work ahead, so that the error may come a few frames early.
    assert 1 <= len(read) <= 3
    np.testing.assert_array_equal(read, images[: len(read)])
    assert f"a.avi cannot be read as a video after frame {len(read)}: Invalid data" in str(caught.value)


def test_without_pyav(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    for opened in (lambda: VideoReader("a.mp4"), lambda: VideoWriter(tmp_path / "a.mp4", (24, 32), 10)):
        with pytest.raises(MissingPackageError, match=r"videos need PyAV: pip install av.*extra 'video'"):
            opened()
