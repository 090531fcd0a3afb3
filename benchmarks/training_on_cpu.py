"""A training step of a network with gradients and batch normalisation of our own, and with TensorFlow's.

    python -m benchmarks.training_on_cpu [--network basic] [--size 180 240] [--batch 4] [--rounds 5]

Both in one process, in turns. Prints the medians in seconds per image, and the ratio.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from segnet_nb import _convolution_gradients, _fused_normalization
from segnet_nb.model import build_network


def training_step(network, images, labels, *, fast):
    """A compiled step: forward, backward, update."""
    model = build_network(network, (None, None, 3), 11)
    if fast:
        _convolution_gradients.speed_up(model)
        _fused_normalization.speed_up(model)
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, jit_compile=False)
    return lambda: model.train_on_batch(images, labels)


def main() -> None:
    """Time both in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="basic")
    parser.add_argument("--size", type=int, nargs=2, default=(180, 240), metavar=("H", "W"))
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (chosen.batch, *chosen.size, 3)).astype("float32")
    labels = rng.integers(0, 11, (chosen.batch, *chosen.size))
    steps = {
        "TensorFlow's and Keras's": training_step(chosen.network, images, labels, fast=False),
        "ours": training_step(chosen.network, images, labels, fast=True),
    }
    times = {name: [] for name in steps}
    for step in steps.values():
        step()
    for _ in range(chosen.rounds):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            times[name].append((time.perf_counter() - began) / chosen.batch)
    medians = {name: float(np.median(each)) for name, each in times.items()}
    for name, median in medians.items():
        print(f"{name:24} {median:.3f} s per image")
    theirs, ours = medians.values()
    print(f"{theirs / ours:.2f} times as fast")


if __name__ == "__main__":
    main()
