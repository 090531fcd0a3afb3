"""One training step of SegNet-Basic as ``train`` runs it, plain, and in PyTorch, alternating in one process.

    python -m benchmarks.training_step [--size 176 240] [--batch 4] [--rounds 7]

The speed-ups are chosen first, as at the start of a training. Prints seconds per image and the median of the
ratios. Needs the extra `peers` (torch).
"""

from __future__ import annotations

import argparse
import os
import platform
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as in `segnet-nb train`

import keras
import numpy as np
import tensorflow as tf
import torch

import segnet_nb as sn
from benchmarks.peers import torch_basic
from segnet_nb.training import TrainConfig
from segnet_nb.training.freed_memory import keep_freed_memory
from segnet_nb.training.speed import choice
from segnet_nb.training.speed.patches import applicable, applied
from segnet_nb.training.speed.timing import StepTimer


def keras_step(images, labels, used):
    """A compiled training step: forward, backward, update."""
    model = compiled_model()
    with applied(model, TrainConfig(network="basic"), used):
        model.train_on_batch(images, labels)
        compiled = model.train_function

    def step():
        model.train_function = compiled
        return float(model.train_on_batch(images, labels))

    return step


def compiled_model():
    """SegNet-Basic with the loss and the optimizer of both sides."""
    model = sn.segnet_basic((None, None, 3), 11, output="logits")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, jit_compile=False)
    return model


def chosen_speed_ups(size, batch):
    """The fastest here, measured as at the start of a training."""
    config, model = TrainConfig(network="basic", image_size=size, batch_size=batch), compiled_model()
    found = choice.fastest(applicable(model), StepTimer(model, config, 11))
    print(found.line())
    return found.used


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
    keep_freed_memory()  # of both
    steps = {
        "segnet_nb": keras_step(images, labels, chosen_speed_ups(tuple(chosen.size), chosen.batch)),
        "plain": keras_step(images, labels, ()),
        "PyTorch": torch_step(images, labels),
    }
    seconds = {name: [] for name in steps}
    for step in steps.values():
        step(), step()
    # Alternating, so that other load on the machine affects both.
    for _ in range(chosen.rounds):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            seconds[name].append((time.perf_counter() - started) / chosen.batch)
    print(f"SegNet-Basic, {chosen.batch} x {chosen.size[0]} x {chosen.size[1]}, float32, training step")
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, TensorFlow {tf.__version__}, "
        f"PyTorch {torch.__version__}, medians of {chosen.rounds}"
    )
    theirs = np.array(seconds["PyTorch"])
    for name, each in seconds.items():
        ratios = float(np.median(theirs / each)), min(theirs) / min(each)
        print(
            f"{name:<10} {np.median(each):.3f} s an image, at least {min(each):.3f}; PyTorch takes "
            f"{ratios[0]:.2f} times as long (of the minima {ratios[1]:.2f})"
        )


if __name__ == "__main__":
    main()
