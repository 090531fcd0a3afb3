"""A training step with gradients and batch normalisation of our own, and with TensorFlow's and Keras's.

    python -m benchmarks.training_on_cpu [--network basic] [--size 180 240] [--batch 4] [--rounds 5]

All in one process, in turns; with the networks basic and basic16 also the last layers as one, as
``sampled_statistics`` asks for. Prints the medians in seconds per image, and the ratios.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from segnet_nb.networks.model import build_network
from segnet_nb.training.speed import convolution_gradients, fused_normalization, linear_end


def training_step(network, images, labels, *, fast, sampled=False):
    """A compiled step, forward, backward, update; None if the network cannot be trained this way."""
    model = build_network(network, (None, None, 3), 11)
    if sampled and not linear_end.replacements(model):
        return None
    changes = (
        convolution_gradients.replacements(model) + fused_normalization.replacements(model) if fast else []
    )
    for owner, name, value in changes + (linear_end.replacements(model) if sampled else []):
        setattr(owner, name, value)  # for as long as this process times it
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
        "ours, last layers as one": training_step(chosen.network, images, labels, fast=True, sampled=True),
    }
    steps = {name: step for name, step in steps.items() if step is not None}
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
        print(f"{name:26} {median:.3f} s per image")
    slowest, *others = medians.values()
    print(*(f"{slowest / other:.2f}" for other in others), "times as fast")


if __name__ == "__main__":
    main()
