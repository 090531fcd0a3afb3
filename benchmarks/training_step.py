"""One training step of SegNet-Basic in this package and in PyTorch, alternating in one process.

    python -m benchmarks.training_step [--size 176 240] [--batch 4] [--rounds 7]

Prints seconds per image and the ratio. Needs the extra `peers` (torch).
"""

from __future__ import annotations

import argparse
import os
import platform
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
import torch

import segnet_nb as sn
from benchmarks.peers import torch_basic


def keras_step(images, labels):
    """A compiled training step: forward, backward, update."""
    model = sn.segnet_basic((None, None, 3), 11, output="logits")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, jit_compile=False)
    images, labels = tf.constant(images), tf.constant(labels)
    return lambda: model.train_on_batch(images, labels)


def torch_step(images, labels):
    """The same step in PyTorch."""
    torch.set_num_threads(os.cpu_count() or 1)
    model = torch_basic()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    x = torch.tensor(images).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    y = torch.tensor(labels).long()

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=2, default=(176, 240), metavar=("H", "W"))
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (chosen.batch, *chosen.size, 3)).astype("float32")
    labels = rng.integers(0, 11, (chosen.batch, *chosen.size)).astype("int32")
    steps = {"segnet_nb": keras_step(images, labels), "PyTorch": torch_step(images, labels)}
    seconds = {name: [] for name in steps}
    for step in steps.values():
        step(), step()
    # Alternating, so that other load on the machine affects both.
    for _ in range(chosen.rounds):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            seconds[name].append((time.perf_counter() - started) / chosen.batch)
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    print(f"SegNet-Basic, {chosen.batch} x {chosen.size[0]} x {chosen.size[1]}, float32, training step")
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, TensorFlow {tf.__version__}, "
        f"PyTorch {torch.__version__}, medians of {chosen.rounds}"
    )
    for name, value in medians.items():
        print(f"{name:<10} {value:.3f} s an image")
    print(f"ratio      {medians['PyTorch'] / medians['segnet_nb']:.2f}")


if __name__ == "__main__":
    main()
