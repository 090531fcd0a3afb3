"""A training step of a network with each speed-up of ``segnet_nb.training.speed``, and without any.

    python -m benchmarks.training_on_cpu [--network basic] [--size 180 240] [--batch 4] [--rounds 5]

All in one process, in turns; with the networks basic and basic16 also with the last layers as one, as
``sampled_statistics`` asks for. Prints medians and minima in seconds per image, and the median of the ratios.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as in `segnet-nb train`

import keras
import numpy as np

from segnet_nb.networks.catalogue import has_linear_end
from segnet_nb.networks.model import build_network
from segnet_nb.training import TrainConfig
from segnet_nb.training.freed_memory import keep_freed_memory
from segnet_nb.training.speed.patches import DEFAULT_SPEED_UPS, applicable, applied


def training_step(network, images, labels, *, used=(), sampled=False):
    """A compiled step, forward, backward, update, with some speed-ups."""
    model = build_network(network, (None, None, 3), 11)
    config = TrainConfig(network=network, sampled_statistics=sampled)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, jit_compile=False)
    with applied(model, config, used):
        model.train_on_batch(images, labels)
        compiled = model.train_function

    def step():
        model.train_function = compiled
        return model.train_on_batch(images, labels)

    return step


def kinds(network):
    """The speed-ups of each row, and whether the last layers are trained as one."""
    names = applicable(build_network(network, (None, None, 3), 11))
    default = tuple(name for name in DEFAULT_SPEED_UPS if name in names)
    rows = {"none": ((), False)}
    rows |= {name: ((name,), False) for name in names}
    rows |= {"the default": (default, False), "all": (names, False)}
    if has_linear_end(network, "segnet"):
        rows["the default, last layers as one"] = (default, True)
    return rows


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
    keep_freed_memory()
    steps = {
        name: training_step(chosen.network, images, labels, used=used, sampled=sampled)
        for name, (used, sampled) in kinds(chosen.network).items()
    }
    times = {name: [] for name in steps}
    for _ in range(chosen.rounds):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            times[name].append((time.perf_counter() - began) / chosen.batch)
    plain = np.array(times["none"])
    for name, each in times.items():
        ratio = float(np.median(plain / each))
        seconds = f"{np.median(each):.3f} s per image, at least {min(each):.3f}"
        print(f"{name:32} {seconds}; {ratio:.2f} times as fast")


if __name__ == "__main__":
    main()
