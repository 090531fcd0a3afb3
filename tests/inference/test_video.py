"""Frames segmented one at a time, their times, and video files from video files."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from segnet_nb import prediction
from segnet_nb.datasets import CAMVID, clips
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.colors import colorize, overlay
from segnet_nb.datasets.resizing import resize_image, resize_labels
from segnet_nb.datasets.video_files import Frame
from segnet_nb.inference import video, video_prediction
from segnet_nb.inference.video import FrameTimes, segment
from segnet_nb.inference.video_prediction import predict_video
from segnet_nb.networks.model import segnet_basic
from tests.video_helpers import av, decoded, lossless, times

THREE = ClassList(("a", "b", "c"), ((1, 2, 3), (40, 50, 60), (250, 0, 9), (0, 0, 0)))
# H.264 stores colours at half the resolution; greys are nearly exact.
GREYS = ClassList(("a", "b", "c"), ((0,) * 3, (128,) * 3, (250,) * 3, (0,) * 3))
RATE = Fraction(30000, 1001)


@pytest.fixture(scope="module")
def network():
    return segnet_basic((None, None, 3), 3, filters=4, kernel_size=3)


@pytest.fixture(scope="module")
def film():
    return clips.frames(count=4, size=(45, 67))


@pytest.fixture
def source(film, tmp_path):
    return lossless(tmp_path / "drive.avi", film, RATE)


# --- frames ------------------------------------------------------------------------------------------


def test_each_frame_has_the_labels_of_predict(network, film):
    found = list(segment(network, film, THREE))
    expected = np.stack([prediction.predict(network, image)[0] for image in film])
    np.testing.assert_array_equal([each.labels for each in found], expected)
    assert len(np.unique(expected)) > 1  # otherwise this would compare little
    for each, image, labels in zip(found, film, expected, strict=True):
        np.testing.assert_array_equal(each.image, image)
        np.testing.assert_array_equal(each.shown, overlay(image, labels, THREE))
    assert [each.time for each in found] == [0, 1, 2, 3]


def test_views(network, film):
    labels = prediction.predict(network, film[0])[0]
    expected = {
        "classes": colorize(labels, THREE),
        "beside": np.concatenate([film[0], overlay(film[0], labels, THREE)], axis=1),
    }
    for view, shown in expected.items():
        (each,) = segment(network, film[:1], THREE, view=view)
        np.testing.assert_array_equal(each.shown, shown)
    assert list(video.VIEWS) == ["overlay", "classes", "beside"]


def test_inference_at_another_size_and_views(network, film):
    (each,) = segment(network, film[:1], THREE, image_size=(32, 32), flip=True, scales=(1.0, 1.5))
    small = prediction.predict(network, resize_image(film[0], (32, 32)), flip=True, scales=(1.0, 1.5))[0]
    np.testing.assert_array_equal(each.labels, resize_labels(small, (45, 67)))


def test_frames_are_taken_one_at_a_time(network, film):
    taken = []

    def camera():
        for number, image in enumerate(film):
            taken.append(number)
            yield Frame(image, Fraction(number, 5))

    played = segment(network, camera(), THREE)
    assert taken == []
    assert (next(played).time, taken) == (0, [0])
    assert (next(played).time, taken) == (0.2, [0, 1])


def test_requests_that_cannot_be_are_told_before_the_first_frame(network):
    never = iter(())
    with pytest.raises(ValueError, match="view must be one of overlay, classes, beside, but got 'mask'"):
        segment(network, never, THREE, view="mask")
    with pytest.raises(ValueError, match="the network has 3 classes, but got 11 names"):
        segment(network, never, CAMVID)
    with pytest.raises(ValueError, match="scales must be"):
        segment(network, never, THREE, scales=(9.0,))


def test_steps_are_timed_by_the_clock(network, film, monkeypatch):
    # A clock that only this test moves: reading takes 10 s, inference 3 s, drawing 2 s, the user 100 s.
    now = [0.0]

    def wait(seconds, value=None):
        now[0] += seconds
        return value

    monkeypatch.setattr(video.time, "perf_counter", lambda: now[0])
    labels = np.zeros((1, 45, 67), np.uint8)
    monkeypatch.setattr(video, "predict", lambda *_, **__: wait(3, labels))
    monkeypatch.setitem(video.VIEWS, "overlay", lambda image, *_: wait(2, image))
    for each in segment(network, (wait(10, image) for image in film), THREE):
        assert each.seconds == {"decoding": 10, "inference": 3, "drawing": 2}
        wait(100)


def test_times_by_hand():
    found = FrameTimes()
    for decoding, inference in ((1, 99), (1, 2), (3, 4), (1, 9)):
        found.add({"decoding": decoding / 100, "inference": inference / 100})
    # Without the first: medians of 1, 3, 1 and of 2, 4, 9; three frames in 3 + 7 + 10 = 20 hundredths.
    assert found.medians() == {"decoding": 0.01, "inference": 0.04}
    assert found.frame_rate == pytest.approx(15)
    assert str(found) == "15.0 frames a second (decoding 10.0 ms, inference 40.0 ms)"
    alone = FrameTimes()
    alone.add({"inference": 0.5})
    assert (alone.frame_rate, alone.medians()) == (2, {"inference": 0.5})


# --- files -------------------------------------------------------------------------------------------


def test_a_video_becomes_a_video(network, film, source, tmp_path):
    done = []
    target = tmp_path / "new" / "out.mp4"
    found = predict_video(
        network, source, target, GREYS, view="classes", progress=lambda *each: done.append(each)
    )
    assert sorted(path.name for path in target.parent.iterdir()) == ["out.json", "out.mp4"]
    again = decoded(target)
    assert [each.shape for each in again] == [(46, 68, 3)] * 4  # 45 x 67, made even
    labels = np.stack([prediction.predict(network, image)[0] for image in film])
    differences = [
        [np.abs(each[:45, :67].astype(float) - colorize(truth, GREYS)).mean() for truth in labels]
        for each in again
    ]
    assert np.diag(differences).max() < 10 < 20 < np.array(differences)[~np.eye(4, dtype=bool)].min()
    assert times(target) == pytest.approx([0, 1001 / 30000, 2002 / 30000, 3003 / 30000], abs=1e-4)
    with av.open(str(target)) as container:
        stream = container.streams.video[0]
        assert (stream.average_rate, stream.codec_context.name) == (RATE, "h264")
        assert (stream.pix_fmt, len(container.streams.audio)) == ("yuv420p", 0)
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (found.frames, found.size, found.rate) == (4, (45, 67), pytest.approx(29.97, abs=0.01))
    for number, name in enumerate(THREE.names):
        assert found.shares[name] == pytest.approx((labels == number).mean(), abs=1e-5)
    assert list(found.seconds) == ["decoding", "inference", "drawing", "writing"]
    assert json.loads(target.with_suffix(".json").read_text())["shares"] == found.shares


def test_masks_are_exact(network, film, source, tmp_path):
    folder = tmp_path / "masks"
    found = predict_video(network, source, tmp_path / "out.mp4", THREE, view="classes", masks_dir=folder)
    assert [path.name for path in sorted(folder.iterdir())] == [f"{n:05d}.png" for n in (1, 2, 3, 4)]
    for path, image in zip(sorted(folder.iterdir()), film, strict=True):
        with Image.open(path) as mask:
            assert mask.getpalette()[:9] == [1, 2, 3, 40, 50, 60, 250, 0, 9]
            np.testing.assert_array_equal(mask, prediction.predict(network, image)[0])
    assert found.masks == str(folder)


def test_beside_is_twice_as_wide(network, source, tmp_path):
    predict_video(network, source, tmp_path / "out.mp4", THREE, view="beside")
    assert decoded(tmp_path / "out.mp4")[0].shape == (46, 134, 3)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interruption_leaves_no_half_file(error, network, source, tmp_path, monkeypatch):
    def stop(done, total):
        if done == 2:
            raise error

    target = tmp_path / "out" / "out.mp4"
    with pytest.raises(error):
        predict_video(network, source, target, THREE, progress=stop)
    assert list(target.parent.iterdir()) == []
    # And a video that was there before stays.
    target.write_bytes(b"before")
    with pytest.raises(error):
        predict_video(network, source, target, THREE, progress=stop)
    assert target.read_bytes() == b"before" and list(target.parent.iterdir()) == [target]


def test_requests_for_files_that_cannot_be(network, source, tmp_path):
    for target in (tmp_path / "out.avi", tmp_path / "folder" / ".." / "drive.mp4"):
        path = source if target.suffix == ".avi" else source.rename(tmp_path / "drive.mp4")
        with pytest.raises(ValueError, match=r"output must be another file that ends in \.mp4"):
            predict_video(network, path, target, THREE)
    with pytest.raises(FileNotFoundError, match="there is no video at"):
        predict_video(network, tmp_path / "gone.mp4", tmp_path / "out.mp4", THREE)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(ValueError, match=r"empty\.mp4 cannot be read as a video"):
        predict_video(network, tmp_path / "empty.mp4", tmp_path / "out.mp4", THREE)
    assert not (tmp_path / "out.mp4").exists()


def test_what_is_printed():
    found = video_prediction.VideoSummary(
        "a.mp4", "out/a-overlay.mp4", None, 9, 10, (45, 67), 29.97,
        {"Road": 0.5, "Sky": 0.3, "Car": 0.1, "Tree": 0.1}, {"decoding": 0.001, "inference": 0.02}, 33.4,
    )  # fmt: skip
    assert str(found) == (
        "out/a-overlay.mp4: 9 of 10 stated frames of 45 x 67 at 29.97 a second; Road 50%, Sky 30%, Car 10%\n"
        "33.4 frames a second here (decoding 1.0 ms, inference 20.0 ms)"
    )
