"""Pooling with indices, unpooling and their gradients: offsets, argmax with scatter, and PyTorch.

    python -m benchmarks.pooling [--shape 4 180 240 64] [--rounds 11]

Prints milliseconds for forward and backward together, least and median, and the ratio of the least to that of
this package. "read and write" is one pass over the tensor. Freed memory is kept for the next round, as in a
training. Needs the extra `peers` (torch).
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import torch

from segnet_nb import layers
from segnet_nb.training.freed_memory import keep_freed_memory


def gradient_of(roundtrip):
    """A compiled function that runs a round trip and its gradient, given the gradient from above."""

    @tf.function
    def both(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = roundtrip(x)
        return y, tape.gradient(y, x, upstream)

    return both


def offsets(training):
    pool, unpool = layers.MaxPoolingWithIndices2D(), layers.MaxUnpooling2D()

    def roundtrip(x):
        values, indices = pool(x, training=training)
        return unpool([values * 1.5, indices, x], training=training)

    return roundtrip


def argmax_and_scatter(x):
    """The common implementation in TensorFlow: flat positions and scatter."""
    values, positions = tf.nn.max_pool_with_argmax(x, 2, 2, "SAME", include_batch_in_index=True)
    size = tf.size(x, out_type=tf.int64)
    flat = tf.scatter_nd(tf.reshape(positions, (-1, 1)), tf.reshape(values * 1.5, (-1,)), size[None])
    return tf.reshape(flat, tf.shape(x))


def torch_roundtrip(x, upstream):
    values, indices = torch.nn.functional.max_pool2d(x, 2, return_indices=True, ceil_mode=True)
    y = torch.nn.functional.max_unpool2d(values * 1.5, indices, 2, output_size=x.shape[2:])
    y.backward(upstream)
    x.grad = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", type=int, nargs=4, default=(4, 180, 240, 64))
    parser.add_argument("--rounds", type=int, default=11)
    chosen = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(os.cpu_count() or 1)
    random = np.random.default_rng(0)
    array, above = (random.standard_normal(chosen.shape).astype("float32") for _ in range(2))
    x, g = tf.constant(array), tf.constant(above)
    t, u = (
        torch.tensor(each).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        for each in (array, above)
    )
    t.requires_grad_(True)
    compiled, plain = gradient_of(offsets(True)), gradient_of(offsets(False))
    scattered = gradient_of(argmax_and_scatter)
    ways = {
        "offsets, compiled": lambda: compiled(x, g)[1].numpy(),
        "offsets, plain": lambda: plain(x, g)[1].numpy(),
        "argmax, scatter": lambda: scattered(x, g)[1].numpy(),
        "PyTorch": lambda: torch_roundtrip(t, u),
        "read and write": lambda: tf.negative(x).numpy(),
    }
    seconds = {name: [] for name in ways}
    for work in ways.values():
        work()
    for _ in range(chosen.rounds):
        for name, work in ways.items():
            started = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - started)
    least, medians = ({name: f(values) for name, values in seconds.items()} for f in (min, np.median))
    shape = " x ".join(map(str, chosen.shape))
    print(
        f"pool, unpool and gradients of {shape} float32, {os.cpu_count()} processors, "
        f"least and median of {chosen.rounds}"
    )
    for name, value in least.items():
        ratio = value / least["offsets, compiled"]
        print(f"{name:<18} {1000 * value:7.1f} ms {1000 * medians[name]:7.1f} ms  {ratio:5.2f}")


if __name__ == "__main__":
    main()
