"""Large photographs: peak memory of ``segnet-nb predict``, and tiled masks against those of whole images.

    python -m benchmarks.large_image [--megapixels 24] [--weights realtime-synthetic]
        [--whole 960 1600] [--tiles 64 128 256 512 1024]

Scenes are drawn, enlarged and put side by side (seed 0), as a photograph of 2:3. Prints the memory that
``predict`` holds at most, in a process of its own, and how many pixels of a smaller image, which fits both
ways, have the same class with tiles as without, for each distance of tiles.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

from segnet_nb.datasets import synthetic
from segnet_nb.inference import pretrained
from segnet_nb.inference.label_maps import predict_labels
from segnet_nb.inference.tiles import tile_side
from tests.large_folders import peak_memory

SCENE = (240, 320)
"""Height and width at which scenes are drawn, the size that the shipped networks were trained on."""


def photograph(height, width, *, enlarged=2, seed=0) -> np.ndarray:
    """Scenes side by side, uint8 ``(height, width, 3)``, each enlarged as often as is said."""
    size = SCENE[0] * enlarged, SCENE[1] * enlarged
    rows, columns = -(-height // size[0]), -(-width // size[1])
    scenes = synthetic.load("val", image_size=SCENE, count=min(12, rows * columns), seed=seed).images
    large = [Image.fromarray(each).resize(size[::-1], Image.Resampling.BICUBIC) for each in scenes]
    image = Image.new("RGB", (width, height))
    for place in range(rows * columns):
        row, column = divmod(place, columns)
        # Shifted from row to row, so that not all scenes end at the same columns.
        shift = row * size[1] // 3
        for left in (column * size[1] - shift, (column + columns) * size[1] - shift):
            image.paste(large[(place * 5) % len(large)], (left, row * size[0]))
    return np.asarray(image)


def agreement(model, image, tiles) -> dict[int, float]:
    """The share of pixels with the class of the whole image, for each distance of tiles."""
    whole = predict_labels(model, image, tile=0).ids
    return {tile: float((predict_labels(model, image, tile=tile).ids == whole).mean()) for tile in tiles}


def peak_of_predict(folder, image, weights) -> float:
    """The most memory, in MiB, that ``segnet-nb predict`` holds for an image, in a process of its own."""
    path = Path(folder) / "photograph.jpg"
    Image.fromarray(image).save(path, quality=92)
    return peak_memory("predict", path, "--weights", weights, "--output-dir", Path(folder) / "masks")


def main() -> None:
    """Draw, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=24)
    parser.add_argument("--weights", default="realtime-synthetic")
    parser.add_argument("--whole", type=int, nargs=2, default=(960, 1600), metavar=("H", "W"))
    parser.add_argument("--tiles", type=int, nargs="*", default=(64, 128, 256, 512, 1024))
    chosen = parser.parse_args()
    model = pretrained.load_pretrained(chosen.weights)
    for enlarged in (1, 2, 4):
        image = photograph(*chosen.whole, enlarged=enlarged)
        for tile, share in agreement(model, image, chosen.tiles).items():
            side = tile_side(*chosen.whole, tile)
            print(
                f"{chosen.weights}, {chosen.whole[0]} x {chosen.whole[1]}, scenes enlarged {enlarged} times, "
                f"--tile {tile:4d}: squares of {side or 'whole'}, {share:.4%} as whole",
                flush=True,
            )
    if chosen.megapixels:
        height = round((chosen.megapixels * 1e6 / 1.5) ** 0.5)
        with tempfile.TemporaryDirectory() as folder:
            peak = peak_of_predict(folder, photograph(height, round(1.5 * height)), chosen.weights)
        print(f"predict, {chosen.megapixels:g} megapixels, {chosen.weights}: peak memory {peak:.0f} MiB")


if __name__ == "__main__":
    main()
