"""Folders of many photographs, made quickly: coloured rectangles as JPEG, their classes as PNG."""

from __future__ import annotations

import json
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
