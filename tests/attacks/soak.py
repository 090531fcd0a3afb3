"""Hours of use in one process: ``python -m tests.attacks.soak --widgets 500 --reports 200 --trainings 100``.

Inspectors are opened, moved and closed; a notebook is run as a report; short trainings run. For comparison
``--keras 100`` makes and trains as many networks with Keras alone. After each tenth of each, the memory of
the process is measured. Memory that still grows by more than a tenth after the first third, or a thread,
process, file, descriptor or widget that is left at the end, is a failure.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass
class Soak:
    """What was measured over many repetitions of one thing.

    Attributes:
        name: of what was repeated.
        count: how many times.
        memory: megabytes of this process after each tenth.
        left: what was left at the end that was not there after the first repetitions.
        seconds: of all repetitions.
    """

    name: str
    count: int
    memory: list[float] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def growth(self) -> float:
        """Memory at the end over that after a third, which is when all has been loaded, minus 1."""
        return self.memory[-1] / self.memory[len(self.memory) // 3] - 1

    @property
    def is_flat(self) -> bool:
        """Whether nothing grew and nothing is left."""
        return self.growth < 0.1 and not self.left

    def __str__(self) -> str:
        left = ", ".join(self.left) or "nothing left"
        return (
            f"{self.name}: {self.count} times in {self.seconds:.0f} s, {self.memory[0]:.0f} to "
            f"{self.memory[-1]:.0f} MB, {100 * self.growth:+.1f} % after the first third, {left}"
        )


def megabytes() -> float:
    """Memory of this process that is in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def children() -> set[str]:
    """Processes that this one started."""
    own, found = str(os.getpid()), set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parts = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if parts[1] == own and parts[0] != "Z":
            found.add(folder.name)
    return found


def held() -> dict[str, set[str]]:
    """What this process holds, by kind."""
    import ipywidgets

    return {
        "threads": {thread.name for thread in threading.enumerate()},
        "processes": children(),
        "temporary files": {path.name for path in Path(tempfile.gettempdir()).iterdir()},
        "widgets": set(getattr(ipywidgets.widgets.widget, "_instances", {})),
    }


def descriptors() -> int:
    """How many files are open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def repeated(name: str, count: int, once: Callable[[int], object]) -> Soak:
    """Repeat something and measure."""
    soak, tenth, began = Soak(name, count), max(1, count // 10), time.monotonic()
    warm = max(1, count // 3)
    before, files = held(), 0
    for number in range(count):
        once(number)
        if number + 1 == warm:
            gc.collect()
            before, files = held(), descriptors()
        if (number + 1) % tenth == 0 or number + 1 == count:
            gc.collect()
            soak.memory.append(megabytes())
    soak.seconds = time.monotonic() - began
    for kind, things in held().items():
        if new := things - before[kind]:
            soak.left.append(f"{len(new)} {kind}: {', '.join(sorted(new)[:3])}")
    if (more := descriptors() - files) > 0:
        soak.left.append(f"{more} descriptors")
    return soak


@contextmanager
def own_temporary_folder() -> Iterator[Path]:
    """A folder in which nothing but this process writes temporary files."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before


def widgets(count: int) -> Soak:
    """Open inspectors, move their controls, close them."""
    import segnet_nb as sn
    from segnet_nb.probes import AblationBench
    from tests.widgets.test_predicting import MAKERS

    data = sn.datasets.load("synthetic", "val", image_size=(45, 60), count=2)
    network = sn.load_pretrained("small-synthetic")
    bench = AblationBench(network, data.images, data.labels, data.classes, names=data.names)
    makers = list(MAKERS.values())

    def once(number: int) -> None:
        shown = makers[number % len(makers)](bench)
        if hasattr(shown, "seed"):
            shown.seed = number % 5
        shown.ask()
        shown.get_state()
        shown.close()

    return repeated("inspectors", count, once)


def reports(count: int, folder: Path) -> Soak:
    """Run a notebook with a table, a figure and a parameter."""
    from segnet_nb import reports as package
    from tests.report_helpers import write_notebook

    notebook = write_notebook(
        folder, "#M # Title\n$x^2$", "print('x' * 1000)", "[x] * 10", parameters="x: int = 1  # a number"
    )

    def once(number: int) -> None:
        package.run(notebook, {"x": number}, folder / "out", progress=False, name="soak")

    return repeated("reports", count, once)


def trainings(count: int, folder: Path) -> Soak:
    """Train a tiny network for an epoch, with an average of its weights, and load the run."""
    import shutil

    from segnet_nb.networks import model
    from segnet_nb.training import load_run, train
    from tests.training_helpers import tiny_config, tiny_network, tiny_pair

    built, model.build_network = model.build_network, tiny_network
    config = tiny_config(epochs=1, ema_momentum=0.9)

    def once(number: int) -> None:
        run = train(config, directory=folder / "run", progress=False, data=tiny_pair())
        assert np.isfinite(run.curve("loss")).all()
        load_run(folder / "run").model  # noqa: B018
        shutil.rmtree(folder / "run")

    try:
        return repeated("trainings", count, once)
    finally:
        model.build_network = built


def keras_alone(count: int) -> Soak:
    """Make, compile and train a network of two layers for a step, without this package."""
    import keras

    images, labels = np.zeros((2, 16, 24, 3), np.float32), np.zeros((2, 16, 24, 11), np.float32)

    def once(_: int) -> None:
        layers = [keras.layers.Conv2D(4, 3, padding="same"), keras.layers.Conv2D(11, 1)]
        network = keras.Sequential([keras.Input((16, 24, 3)), *layers])
        network.compile("adamw", "mse", jit_compile=False)
        network.train_on_batch(images, labels)

    return repeated("networks of Keras alone", count, once)


def main() -> int:
    """Run what is asked for and print what was measured; 1 if anything grew or is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("widgets", 500), ("reports", 200), ("trainings", 100), ("keras", 0)):
        parser.add_argument(f"--{name}", type=int, default=default, help="how many (default: %(default)s)")
    options = parser.parse_args()
    flat = True
    with own_temporary_folder(), tempfile.TemporaryDirectory(dir=os.curdir) as place:
        folder = Path(place).absolute()
        for count, soak in (
            (options.widgets, widgets),
            (options.reports, lambda count: reports(count, folder)),
            (options.trainings, lambda count: trainings(count, folder)),
            (options.keras, keras_alone),
        ):
            if not count:
                continue
            found = soak(count)
            flat &= found.is_flat
            print(found, flush=True)
    return not flat


if __name__ == "__main__":
    sys.exit(main())
