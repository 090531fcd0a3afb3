"""Errors on the command line: what users can fix is one line and a status; a bug keeps its traceback."""

from __future__ import annotations

import errno
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segnet_nb import reports
from segnet_nb._shared.errors import (
    DivergedError,
    MissingFileError,
    MissingPackageError,
    OutOfMemoryError,
    UserError,
)
from segnet_nb.cli import main

WEIGHTS = "small-synthetic"


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    """The error of a command, which is one line."""
    _, err = capsys.readouterr()
    assert "Traceback" not in err and err.count("\n") == 1 and err.startswith("error: "), err
    return err.removeprefix("error: ").removesuffix("\n")


@pytest.fixture
def raised(monkeypatch):
    """Makes ``report`` raise an error."""

    def set_error(error: BaseException) -> list[str]:
        def run(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(reports, "run", run)
        return ["report", "a.ipynb"]

    return set_error


class ResourceExhaustedError(Exception):
    """As TensorFlow's: known by its name."""


class Narrower(ResourceExhaustedError):
    pass


def system_error(number: int, path: str | None = "out/a.json") -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (UserError("wrong"), 2, "wrong"),
        (MissingFileError("no file at a.png."), 2, "no file at a.png."),
        (MissingPackageError("ONNX needs tf2onnx."), 2, "ONNX needs tf2onnx."),
        (DivergedError("the loss became nan. Lower it."), 1, "the loss became nan. Lower it."),
        (OutOfMemoryError("the images need 9 GB."), 2, "the images need 9 GB."),
        (reports.ReportError("stopped"), 1, "stopped"),
        (system_error(errno.ENOSPC), 2, "No space left on device: out/a.json. Free some disk space or"),
        (system_error(errno.ENOSPC, None), 2, "No space left on device. Free some disk space or"),
        (system_error(errno.EACCES), 2, "Permission denied: out/a.json. Change its permissions or"),
        (system_error(errno.EROFS), 2, "Read-only file system: out/a.json. Choose a folder"),
        (system_error(errno.EIO), 2, "Input/output error: out/a.json. Check the path."),
        (PermissionError(errno.EACCES, "choose another folder", "out"), 2, "choose another folder: out"),
        (MemoryError(), 2, "out of memory. Use smaller images (--image-size) or a smaller batch"),
        (MemoryError("cannot allocate"), 2, "out of memory (cannot allocate). Use smaller images"),
        (ResourceExhaustedError("OOM: [4,360]\nmore"), 2, "out of memory (OOM: [4,360]). Use smaller"),
        (Narrower("OOM"), 2, "out of memory (OOM). Use smaller"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_users_can_fix_is_one_line(raised, capsys, error, status, message):
    line = raised(error)
    assert main(line) == status
    assert error_of(capsys).startswith(message)
    assert main(["--traceback", *line]) == status
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        *(
            ValueError("a bug"),
            TypeError("a bug"),
            KeyError("a bug"),
            IndexError("a bug"),
            RuntimeError("a bug"),
        ),
        *(
            ZeroDivisionError("a bug"),
            OSError("a bug"),
            FileNotFoundError("a bug"),
            FloatingPointError("a bug"),
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_other_error_is_a_bug_and_keeps_its_traceback(raised, capsys, error):
    assert main(raised(error)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1].startswith(type(error).__name__) and "a bug" in lines[-1]


def test_interrupting_is_one_line_and_130(raised, capsys):
    assert main(raised(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


# --- real commands with real mistakes --------------------------------------------------------------


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with an image and with files that are not what their names say."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save("street.png")
    Path("text.png").write_text("no image")
    Path("empty.keras").touch()
    zipfile.ZipFile("zip.keras", "w").close()
    Path("empty").mkdir()
    Path("file").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"predict text.png --weights {WEIGHTS}", "text.png cannot be read as"),
        (f"predict empty --weights {WEIGHTS}", "there are no images in empty."),
        (f"predict gone --weights {WEIGHTS}", "there is no image at gone."),
        ("predict street.png --weights empty.keras", "empty.keras is damaged or no saved network: a "),
        (
            "predict street.png --weights zip.keras",
            "zip.keras is damaged or no saved network: it must hold config.json ",
        ),
        ("predict street.png --weights empty", "empty/best.keras is missing"),
        (
            f"predict street.png --weights {WEIGHTS} --output-dir file",
            "File exists: file. Move that file away",
        ),
        (
            f"predict street.png --weights {WEIGHTS} --output-dir file/out",
            "file. Move that file away or choose another folder.",
        ),
        (f"evaluate --dataset gone --weights {WEIGHTS}", "'gone'"),
        (f"evaluate --dataset gone/far --weights {WEIGHTS}", "gone/far"),
        (f"evaluate --dataset synthetic --split some --weights {WEIGHTS}", "'some'"),
        (f"evaluate --dataset synthetic --count 0 --weights {WEIGHTS}", "count must be"),
        (
            f"export out.pb --weights {WEIGHTS}",
            "a network is exported to .onnx or .tflite, but got 'out.pb'.",
        ),
        (f"export out.onnx --weights {WEIGHTS} --int8 gone", "'gone'"),
        (f"export file/out.tflite --weights {WEIGHTS}", "file is no folder to write to. Pass another path."),
        ("report text.png", "text.png is not a valid notebook"),
        ("report gone.ipynb", "there is no notebook at gone.ipynb."),
        ("data verify --data-dir gone", "gone"),
        ("data camvid --data-dir file", "File exists"),
        ("data doctor gone", "'gone'"),
        ("train --epochs 0", "epochs must be"),
        ("train --recipe best", "'best'"),
        (
            "train --initial-weights gone.keras --train-count 8 --val-count 2 --run-dir run",
            "'gone.keras'",
        ),
        ("train --dataset empty", "empty/images"),
    ],
)
def test_mistakes_are_one_line_that_says_what_to_do(line, message, place, capsys):
    before = sorted(place.rglob("*"))
    assert main(line.split()) == 2
    assert message in error_of(capsys)
    made = [path for path in place.rglob("*") if path not in before]
    assert not [path for path in made if path.is_file() and "run" not in path.parts], made


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train --image-size abc", "argument --image-size: expected tuple[int, int], got 'abc'"),
        (
            f"predict a.png --image-size abc --weights {WEIGHTS}",
            "argument --image-size: expected tuple[int, int]",
        ),
        (f"evaluate --count few --weights {WEIGHTS}", "argument --count: invalid int value: 'few'"),
        ("predict a.png", "the following arguments are required: --weights"),
    ],
)
def test_arguments_that_do_not_parse(line, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(line.split())
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_full_disk_is_named_with_the_file(place, monkeypatch, capsys):
    def full(path: Path, *_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    command = ["predict", "street.png", "--weights", WEIGHTS]
    assert main(command) == 2
    assert error_of(capsys).startswith("No space left on device: predictions/street-mask.png. Free some")
    assert list(Path("predictions").iterdir()) == []


def test_a_network_of_another_kind(place, capsys):
    from segnet_nb import keras

    keras.Sequential([keras.Input((4,)), keras.layers.ReLU()]).save("flat.keras")
    assert main(["predict", "street.png", "--weights", "flat.keras"]) == 2
    assert "flat.keras holds no segmentation network: it maps (None, 4) to (None, 4)." in error_of(capsys)


def test_a_layer_that_is_not_allowed(place, capsys):
    from segnet_nb import keras

    inputs = keras.Input((None, None, 3))
    keras.Model(inputs, keras.layers.Dense(11, "softmax")(inputs)).save("dense.keras")
    assert main(["predict", "street.png", "--weights", "dense.keras"]) == 2
    assert "--allow-layers Dense" in error_of(capsys)
    line = "predict street.png --weights dense.keras --allow-layers Dense --output-dir out"
    assert main(line.split()) == 0


def test_exporting_makes_the_folder(place, capsys):
    assert main(["export", "new/folder/out.tflite", "--weights", WEIGHTS, "--image-size", "32x32"]) == 0
    assert Path("new/folder/out.tflite").stat().st_size > 1e6
    capsys.readouterr()


def test_a_training_that_diverges(place, monkeypatch, capsys):
    from segnet_nb import keras

    monkeypatch.setattr(keras.Model, "train_on_batch", lambda *_, **__: float("nan"))
    line = "train --image-size 32x32 --train-count 8 --val-count 2 --run-dir run --learning-rate 0.5"
    assert main(line.split()) == 1
    assert '"status": "interrupted"' in Path("run/record.json").read_text()
    assert "the loss became nan in epoch 1, step 1. Lower learning_rate (now 0.5)" in error_of(capsys)
