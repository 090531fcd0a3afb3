"""Inference with the last linear layers folded into one, as in the package, and layer by layer.

    python -m benchmarks.folding [--decoders segnet nearest] [--size 360 480] [--batch 2] [--rounds 5]

SegNet-Basic, both in one process, alternating. Prints the medians in seconds per image, and the ratio.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from segnet_nb.networks.folding import folded
from segnet_nb.networks.model import segnet_basic


def main() -> None:
    """Time both alternately for each decoder and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decoders", nargs="+", default=["segnet"])
    parser.add_argument("--size", type=int, nargs=2, default=(360, 480), metavar=("H", "W"))
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    images = np.random.default_rng(0).uniform(0, 255, (chosen.batch, *chosen.size, 3)).astype("float32")
    for decoder in chosen.decoders:
        model = segnet_basic((None, None, 3), 11, decoder=decoder)
        kinds = {"layer by layer": model, "folded": folded(model)}
        times = {name: [] for name in kinds}
        for each in kinds.values():
            each.predict_on_batch(images)
        for _ in range(chosen.rounds):
            for name, each in kinds.items():
                began = time.perf_counter()
                each.predict_on_batch(images)
                times[name].append((time.perf_counter() - began) / chosen.batch)
        plain, fast = (float(np.median(times[name])) for name in kinds)
        print(f"{decoder:28} layer by layer {plain:.3f}, folded {fast:.3f} s per image: ", end="")
        print(f"{plain / fast:.2f} times as fast")


if __name__ == "__main__":
    main()
