"""Folders of many photographs, made quickly: coloured rectangles as JPEG, their classes as PNG."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

COLORS = np.array([(40, 80, 160), (120, 120, 120), (30, 140, 50), (200, 60, 40), (220, 200, 90)], np.uint8)


def write_pairs(root, count, size=(480, 640), seed=0, cells=(15, 20)):
    """Write ``images/*.jpg``, ``masks/*.png`` and ``classes.json``; no two images are the same."""
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True, exist_ok=True)
    classes = {f"class {number}": number for number in range(len(COLORS))}
    (root / "classes.json").write_text(json.dumps({"classes": classes}))
    rows, columns = size[0] // cells[0], size[1] // cells[1]

    def write(number):
        random = np.random.default_rng((seed, number))
        ids = random.integers(0, len(COLORS), cells, dtype=np.uint8)
        colors = COLORS[ids] + random.integers(0, 30, (*cells, 3), dtype=np.uint8)
        image, mask = (each.repeat(rows, 0).repeat(columns, 1) for each in (colors, ids))
        Image.fromarray(image).save(root / "images" / f"{number:06}.jpg", quality=75)
        Image.fromarray(mask).save(root / "masks" / f"{number:06}.png", compress_level=1)

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(write, range(count)):
            pass
    return root


PEAK = """
import re, sys
from pathlib import Path
{code}
print(status, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""
COMMAND = "from segnet_nb.cli import main; status = main(sys.argv[1:])"


def peak_memory(*arguments, code=COMMAND, fault=False):
    """The most memory, in MiB, that a command of ``segnet-nb`` holds, in a process of its own, on Linux.

    Args:
        arguments: of the command line.
        code: what to run in place of ``segnet-nb``; it sets ``status``.
        fault: whether exit status 1 is right as well.
    """
    run = subprocess.run(
        [sys.executable, "-c", PEAK.format(code=code), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    status, kilobytes = map(int, run.stderr.split()[-2:])
    assert status in ((0, 1) if fault else (0,)), run.stderr[-3000:]
    return kilobytes / 1024
