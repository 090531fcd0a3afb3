"""Command lines that cannot work: an exit status and one sentence, no traceback, no file, soon."""

from __future__ import annotations

import json
import os
import shlex

import numpy as np
import pytest
from PIL import Image

from segnet_nb.cli.main import main
from tests.attacks import reports
from tests.attacks.lines import LINES, SWEEPS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="has pipes and links")


def prepare(folder) -> None:
    """A folder with what the lines name."""
    (folder / "file").write_text("x")
    for name in ("adir.tflite", "adir.onnx", "photos", "badrun", "pairs/images", "pairs/masks"):
        (folder / name).mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "badrun" / "record.json").write_text("{")
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (16, 24, 3), dtype=np.uint8)).save(folder / "photos" / "a.png")
    for number in range(4):
        image = rng.integers(0, 256, (16, 24, 3), dtype=np.uint8)
        Image.fromarray(image).save(folder / f"pairs/images/{number}.png")
        Image.fromarray(image[..., 0] // 128).save(folder / f"pairs/masks/{number}.png")
    (folder / "nb.ipynb").write_text(json.dumps(reports.notebook()))
    for name, text in SWEEPS.items():
        (folder / name).write_text(text)


def test_there_are_hundred_and_fifty_of_them():
    assert len(LINES) >= 150


@pytest.mark.parametrize(
    "line",
    [pytest.param(line, marks=[pytest.mark.slow] if at % 24 else []) for at, line in enumerate(LINES)],
    ids=range(len(LINES)),
)
def test_lines(tmp_path, monkeypatch, capsys, line):
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    try:
        code = main(shlex.split(line))
    except SystemExit as end:  # as argparse ends
        code = end.code
    said = capsys.readouterr()
    assert code in (0, 1, 2)
    assert "Traceback" not in said.err + said.out
    assert not (tmp_path / "hacked").exists()
    if code:
        assert said.err or said.out  # findings of the doctor
        assert len(said.err) < 3_500
        # A folder for results may have been made, but nothing is in it.
        assert set(tmp_path.iterdir()) - {tmp_path / "out"} == before
        assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
