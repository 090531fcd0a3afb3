"""Take the screenshot of the gallery for docs/sweeps.md.

    python -m tools.shoot_gallery [--folder docs] [--view compare] [--width 1280] [--dark]

Each run is a prediction by small-synthetic of the same four synthetic streets, in another light, with noise
of another strength and another seed: scores and masks are real, and nothing is trained. Needs Chromium.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import segnet_nb as sn
from tests.browser.conftest import chromium, launched
from tests.sweeps.generated import key_of, png, write_run

ROOT = Path(__file__).parents[1]
AXES = {"exposure": [0.4, 0.7, 1.0, 1.4], "noise": [0, 8, 16], "seed": [0, 1, 2]}


def write_runs(folder: Path) -> None:
    """Write a sweep of predictions."""
    data = sn.datasets.load("synthetic", "val", image_size=(180, 240), count=4)
    model = sn.load_pretrained("small-synthetic")
    keys = [hashlib.sha256(image.tobytes()).hexdigest()[:16] for image in data.images]
    (folder / "images").mkdir()
    for key, image, labels in zip(keys, data.images, data.labels, strict=True):
        Image.fromarray(image).save(folder / "images" / f"{key}.jpg", quality=85)
        void = np.where(labels == data.classes.void_id, 255, labels).astype(np.uint8)
        (folder / "images" / f"{key}-truth.png").write_bytes(png(void))
    records = []
    for exposure, noise, seed in itertools.product(*AXES.values()):
        added = np.random.default_rng(seed).normal(0, max(noise, 1e-9), data.images.shape)
        images = np.clip(data.images * exposure + added, 0, 255).astype(np.uint8)
        record, files = run_of(dict(zip(AXES, (exposure, noise, seed), strict=True)), data, keys)
        labels = sn.predict(model, images).astype(np.uint8)
        files |= {mask["mask"]: png(ids) for mask, ids in zip(record["masks"], labels, strict=True)}
        counts = sn.metrics.confusion_matrix(data.labels, labels, data.classes.num_classes)
        found = sn.metrics.scores(counts)
        record["scores"] = {"mean_iou": found.mean_iou, "global_accuracy": found.global_accuracy}
        iou = dict(zip(data.classes.names, found.class_iou.tolist(), strict=True))
        record["class_scores"] = {"iou": iou}
        write_run(folder / "runs" / record["key"], record, files)
        records.append(record)
    plan = {
        **{"schema": 1, "name": "small-synthetic in other light", "kind": "notebook", "source": ""},
        **{"fixed": {"weights": "small-synthetic"}, "axes": AXES, "seeds_parameter": "seed"},
        **{"maximize": "mean_iou", "runs": [record["key"] for record in records]},
    }
    (folder / "sweep.json").write_text(json.dumps(plan), encoding="utf-8")


def run_of(values: dict[str, Any], data: Any, keys: list[str]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The record of a run without its scores, and no files yet."""
    parameters = {"weights": "small-synthetic", **values}
    masks = [
        {"image": key, "name": f"{i + 1:04d}", "mask": f"masks/{i + 1:04d}.png"} for i, key in enumerate(keys)
    ]
    classes = {"names": data.classes.names, "colors": data.classes.colors[:-1]}
    return {
        **{"schema": 1, "key": key_of(parameters), "parameters": parameters, "state": "finished"},
        **{"error": None, "history": [], "masks": masks, "classes": classes, "seconds": None},
    }, {}


def main() -> None:
    """Write the runs and their gallery, open it and save a screenshot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "docs")
    parser.add_argument("--view", default="compare")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    if chromium() is None:
        raise SystemExit("no Chromium: `make browser` installs it on Debian as root.")
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        write_runs(Path(folder))
        index = sn.sweeps.write_gallery(folder)
        key = [
            key_of({"weights": "small-synthetic", "exposure": e, "noise": 8, "seed": 0}) for e in (1.0, 0.7)
        ]
        page = browser.new_page(
            viewport={"width": options.width, "height": 860}, color_scheme="dark" if options.dark else "light"
        )
        page.goto(f"{index.as_uri()}#view={options.view}&run={key[0]}&compare={key[1]}&mode=difference")
        page.wait_for_timeout(1500)
        pixels = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        options.folder.mkdir(parents=True, exist_ok=True)
        target = options.folder / "gallery.jpg"
        pixels.save(target, quality=80, subsampling=0, optimize=True)
        print(f"{target.name}: {pixels.size}, {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
