"""Images a second of the loader and of the real-time network's training step, and the memory of commands.

    python -m benchmarks.streaming [--size 240 320] [--batch 8] [--images 160] [--rounds 3]
        [--pairs 200 2000 20000]

Makes folders of JPEG and PNG pairs of 480 x 640 pixels. The loader decodes, resizes and augments as training
does, alone: from files, from the cache on disk, and from memory; the training step works on one batch, alone;
then both together, as in training. Prints medians in images a second. With ``--pairs`` also the peak memory
of ``data inspect``, of ``data doctor``, of training the network ``small`` for one epoch and of ``evaluate``
on so many pairs, in MiB, and the speed of ``data inspect``; ``--images 0`` measures this alone. 20,000 pairs
take about half an hour.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from segnet_nb.datasets import layouts
from segnet_nb.networks.model import build_network
from segnet_nb.training import TrainConfig, optimization
from segnet_nb.training.data import load_data, make_batches
from segnet_nb.training.speed import patches
from tests.large_folders import peak_memory, write_pairs


def per_second(count, work):
    """Images a second of one call that handles so many."""
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def consume(config, data):
    """Make the batches of an epoch, and drop them."""
    for _ in make_batches(config, data, 1):
        pass


def train_on_all(model, config, data):
    """An epoch of training."""
    for images, labels in make_batches(config, data, 1):
        model.train_on_batch(images, labels)


def compare_speed(root, chosen) -> None:
    """Time the loader and the training step in turns."""
    config = TrainConfig(
        dataset=str(root), network="realtime", image_size=tuple(chosen.size), batch_size=chosen.batch
    )
    kinds = {
        "loader, from files": replace(config, in_memory=False),
        "loader, from the cache": replace(config, in_memory=False, cache_dir=str(root / "cache")),
        "loader, from memory": replace(config, in_memory=True),
    }
    data = {name: load_data(each)[0] for name, each in kinds.items()}
    count = len(data["loader, from files"]) // chosen.batch * chosen.batch
    held = data["loader, from memory"]
    model = build_network("realtime", (None, None, 3), held.classes.num_classes)
    images, labels = next(iter(make_batches(config, held, 1)))
    works = {name: lambda name=name: consume(kinds[name], data[name]) for name in kinds}
    works["training step"] = lambda: [
        model.train_on_batch(images, labels) for _ in range(count // chosen.batch)
    ]
    for name in kinds:
        together = name.replace("loader", "training")
        works[together] = lambda name=name: train_on_all(model, kinds[name], data[name])
    found = {name: [] for name in works}
    with patches.applied(model, config):
        optimization.compile_model(model, config, held, 1)
        model.train_on_batch(images, labels)
        consume(kinds["loader, from the cache"], data["loader, from the cache"])
        for _ in range(chosen.rounds):
            for name, work in works.items():
                found[name].append(per_second(count, work))
    medians = {name: float(np.median(values)) for name, values in found.items()}
    for name, median in medians.items():
        print(
            f"{name:26} {median:7.1f} images/s  {median / medians['training step']:5.2f} x the training step"
        )


def compare_memory(folder, counts) -> None:
    """Print the peak memory of commands for each number of pairs, and how fast ``data inspect`` is."""
    size = ("--image-size", "48x64", "--no-in-memory", "--workers", "2")
    names = ("inspect", "doctor", "train", "evaluate")
    print("\npeak memory in MiB\n  pairs" + "".join(f"{name:>10}" for name in names), flush=True)
    speeds = {}
    for count in counts:
        root, run = write_pairs(folder / f"pairs{count}", count), folder / f"run{count}"
        train = ("--network", "small", "--epochs", "1", "--batch-size", "8", "--run-dir", run)
        evaluate = ("--weights", run, "--split", "train", "--output-dir", run)
        commands = {
            "inspect": ("data", "inspect", root),
            "doctor": ("data", "doctor", root),
            "train": ("train", "--dataset", root, *train, *size),
            "evaluate": ("evaluate", "--dataset", root, *evaluate, *size),
        }
        found = [peak_memory(*commands[name], fault=name == "doctor") for name in names]
        print(f"{count:7d}" + "".join(f"{peak:10.0f}" for peak in found), flush=True)
        speeds[count] = inspect_speed(root)
    print("\ndata inspect\n  pairs  pairs/s  processor ms a pair")
    for count, (rate, cost) in speeds.items():
        print(f"{count:7d} {rate:8.0f} {cost:20.2f}")


def inspect_speed(root) -> tuple[float, float]:
    """Pairs a second of ``data inspect``, and the time of processors that a pair takes, in milliseconds."""
    began, used = time.perf_counter(), time.process_time()
    count = len(layouts.inspect(root).reading.pairs)
    return count / (time.perf_counter() - began), 1000 * (time.process_time() - used) / count


def main() -> None:
    """Make the folders, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=2, default=(240, 320), metavar=("H", "W"))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--images", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pairs", type=int, nargs="*", default=())
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.images:
            root = write_pairs(Path(folder) / "speed", chosen.images)
            every = "".join(f"{number:06}\n" for number in range(chosen.images))
            (root / "train.txt").write_text(every)
            (root / "val.txt").write_text("000000\n")
            compare_speed(root, chosen)
        if chosen.pairs:
            compare_memory(Path(folder), chosen.pairs)


if __name__ == "__main__":
    main()
