"""A training step on Linux with freed memory kept for the next step, as in the package, and released.

    python -m benchmarks.freed_memory [--network basic] [--size 120 160] [--batch 12] [--rounds 3]

Each round starts one process of each kind, alternating, that times eight steps. Prints the medians in seconds
per image, the most memory held, and the ratio.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

STEPS = 8
KINDS = {"released": False, "kept": True}


def time_steps(chosen: argparse.Namespace) -> None:
    """Print the median time of a step per image and the peak memory; run in a separate process."""
    from segnet_nb.training.freed_memory import keep_freed_memory

    if chosen.child == "kept":
        keep_freed_memory()
    from benchmarks.training_on_cpu import training_step
    from segnet_nb.training.speed.patches import DEFAULT_SPEED_UPS

    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (chosen.batch, *chosen.size, 3)).astype("float32")
    labels = rng.integers(0, 11, (chosen.batch, *chosen.size))
    step = training_step(chosen.network, images, labels, used=DEFAULT_SPEED_UPS)
    step()
    times = []
    for _ in range(STEPS):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    print(np.median(times) / chosen.batch, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Time both kinds alternately and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="basic")
    parser.add_argument("--size", type=int, nargs=2, default=(120, 160), metavar=("H", "W"))
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=KINDS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        time_steps(chosen)
        return
    found = {kind: [] for kind in KINDS}
    for _ in range(chosen.rounds):
        for kind in KINDS:
            command = [sys.executable, "-m", "benchmarks.freed_memory", *sys.argv[1:], "--child", kind]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[kind].append([float(number) for number in done.stdout.split()])
    medians = {kind: np.median(each, axis=0) for kind, each in found.items()}
    for kind, (seconds, megabytes) in medians.items():
        print(f"freed memory {kind:10} {seconds:.3f} s per image, {megabytes:.0f} MB")
    print(f"{medians['released'][0] / medians['kept'][0]:.2f} times as fast")


if __name__ == "__main__":
    main()
