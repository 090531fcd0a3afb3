"""``segnet-nb predict`` with video files."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from segnet_nb.cli import _videos, main
from segnet_nb.datasets import clips
from segnet_nb.inference import video
from tests.video_helpers import decoded, lossless

WEIGHTS = "small-synthetic"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lossless(Path("drive.mkv"), clips.frames(count=3, size=(45, 67)), 25)
    return tmp_path


def error_of(capsys):
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("error: "), err
    return err


def test_the_command(place, capsys):
    assert main(["predict", "drive.mkv", "--weights", WEIGHTS]) == 0
    assert sorted(path.name for path in Path("predictions").iterdir()) == [
        *("drive-overlay.json", "drive-overlay.mp4")
    ]
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{Path('predictions/drive-overlay.mp4')}: 3 frames of 45 x 67 at 25 a second; ")
    assert "%" in first and "frames a second here (decoding " in second
    assert len(decoded(Path("predictions/drive-overlay.mp4"))) == 3
    assert json.loads(Path("predictions/drive-overlay.json").read_text())["frames"] == 3


def test_options_of_the_command(place, capsys):
    line = f"predict drive.mkv --weights {WEIGHTS} --video-view beside --video-masks --output-dir out"
    assert main([*line.split(), "--image-size", "32x48", "--flip"]) == 0
    capsys.readouterr()
    assert decoded(Path("out/drive-beside.mp4"))[0].shape == (46, 134, 3)
    assert len(list(Path("out/drive-masks").iterdir())) == 3


def test_the_views_are_those_of_the_package():
    assert tuple(video.VIEWS) == _videos._VIEWS


def test_videos_that_cannot_be(place, capsys):
    Path("street.png").touch()
    Path("empty.mp4").touch()
    Path("drive.mp4").write_text("no film")
    for line, message in {
        "gone.mp4": "there is no video at gone.mp4.",
        "empty.mp4": "empty.mp4 cannot be read as a video: ",
        "drive.mkv street.png": "got videos and images in one command. Pass them in two commands.",
        "drive.mkv drive.mp4": "two videos share a name, so their results would. Rename one.",
        "drive.mkv --video-view mask": "",
    }.items():
        command = ["predict", *line.split(), "--weights", WEIGHTS]
        if not message:
            with pytest.raises(SystemExit):
                main(command)
            assert "invalid choice: 'mask'" in capsys.readouterr().err
            continue
        assert main(command) == 2
        assert message in error_of(capsys)
    assert not Path("predictions").exists()


def test_a_second_video_that_is_broken_is_told_before_the_first_is_segmented(place, capsys):
    Path("empty.mp4").touch()
    assert main(["predict", "drive.mkv", "empty.mp4", "--weights", WEIGHTS]) == 2
    assert "empty.mp4 cannot be read as a video" in error_of(capsys)
    assert not Path("predictions").exists()


def test_without_pyav(place, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    assert main(["predict", "drive.mkv", "--weights", WEIGHTS]) == 2
    assert error_of(capsys).startswith("error: videos need PyAV: pip install av")


class Terminal:
    """A stream that is a terminal and keeps what is written to it."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return True


def test_progress_on_a_terminal_and_nowhere_else(place, capsys, monkeypatch):
    with _videos._progress(Path("drive.mkv")) as progress:
        assert progress is None
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with _videos._progress(Path("drive.mkv")) as progress:
        for done in (1, 2, 3):
            progress(done, 3)
    with _videos._progress(Path("camera.mkv")) as progress:
        progress(1, 0)  # how many there are is not known
    assert "drive.mkv" in terminal.text and "?" in terminal.text


# Each frame is told and then waits, so that the signal comes in the middle of the file.
INTERRUPTED = """
import signal, sys, time
from segnet_nb.cli import main
from segnet_nb.inference import video_prediction

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the shell has set
write = video_prediction.VideoWriter.write

def slow(self, *frame):
    write(self, *frame)
    print("frame", flush=True)
    time.sleep(60)

video_prediction.VideoWriter.write = slow
sys.exit(main(["predict", "drive.mkv", "--weights", "small-synthetic"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_leaves_no_half_file(place):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{INTERRUPTED}"]
    pipes = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=place, **pipes) as process:
        assert process.stdout.readline() == "frame\n", process.stderr.read()[-3000:]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "interrupted"
    assert list((place / "predictions").iterdir()) == []
