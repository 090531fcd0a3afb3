"""The exercises as they stand in the notebooks, and small variables for their cells to run with."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np

from segnet_nb import TrainConfig, course, datasets, keras
from segnet_nb.datasets.classes import CAMVID
from segnet_nb.visualizers.class_distribution import class_distribution
from segnet_nb.widgets import LossLab
from tests.course import inspected

SOLUTIONS = Path(__file__).parents[2] / "notebooks" / "solutions"
LESSONS = sorted(path.name[:2] for path in SOLUTIONS.glob("*.ipynb") if course.exercise_ids(path.name[:2]))


@dataclass(frozen=True)
class Cells:
    """An exercise in its notebook."""

    unsolved: str
    solution: str
    check: str


@cache
def exercises(lesson: str) -> dict[str, Cells]:
    """Number to cells, for every answer of a lesson."""
    (path,) = SOLUTIONS.glob(f"{lesson}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    answers = [place for place, cell in enumerate(cells) if "unsolved" in cell.metadata]
    return {
        f"{lesson}.{number}": Cells(
            cells[place].metadata["unsolved"], cells[place].source, cells[place + 1].source
        )
        for number, place in enumerate(answers, start=1)
    }


def code_of(lesson: str) -> str:
    """All code of a solved lesson."""
    (path,) = SOLUTIONS.glob(f"{lesson}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


# --- variables ------------------------------------------------------------------------------------------


@cache
def _streets() -> Any:
    return datasets.load("synthetic", "train", image_size=(90, 120), count=24)


@cache
def _network() -> Any:
    """A network that reads the class of a pixel from the red of the image, ten per class."""
    image = keras.Input((None, None, 3))
    ids = keras.ops.cast(keras.ops.round(image[..., 0] / 10), "int32")
    return keras.Model(image, keras.ops.one_hot(keras.ops.minimum(ids, 10), 11))


def _noise(count: int, *, readable: bool, seed: int) -> datasets.Dataset:
    """Images whose red gives the classes away, or does not."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 11, (count, 16, 24)).astype("uint8")
    images = rng.integers(0, 110, (count, 16, 24, 3)).astype("uint8")
    if readable:
        images[..., 0] = labels * 10
    return datasets.Dataset(images, labels, CAMVID, tuple(f"{seed}_{n}" for n in range(count)))


def _lesson01() -> dict[str, Any]:
    from segnet_nb.course.lesson01 import GRID

    return {"grid": np.array(GRID)}


def _lesson03() -> dict[str, Any]:
    train = _streets()
    train = replace(train, images=train.images.copy(), labels=train.labels.copy())
    classes = train.classes
    shares = {"train": class_distribution(train.labels, classes)}
    return {"train": train, "classes": classes, "shares": shares, "replace": replace}


def _lesson04() -> dict[str, Any]:
    return {"keras": keras, "LossLab": LossLab, "task": LossLab(preset="blobs", blur=0.0)}


def _lesson05() -> dict[str, Any]:
    few, val_data = _noise(4, readable=True, seed=1), _noise(6, readable=False, seed=2)
    config = TrainConfig(epochs=12, batch_size=4, image_size=(16, 24))
    run = SimpleNamespace(history=[{}] * 12, config=config)
    learnt = SimpleNamespace(model=_network())
    return {
        "run": run,
        "config": config,
        "epochs": 12,
        "batch_size": 4,
        "train_data": range(30),  # not a multiple of the batch
        "few": few,
        "val_data": val_data,
        "learnt": learnt,
        "by_val": SimpleNamespace(model=keras.Sequential([_network(), keras.layers.Identity()])),
        # A training of these would take a minute; what is judged is its network.
        "sn": SimpleNamespace(train=lambda *_, **__: learnt),
        "datasets": SimpleNamespace(load=lambda *_, **__: few),
        "tempfile": SimpleNamespace(mkdtemp=lambda: ""),
        "dataset": "synthetic",
        "height": 16,
        "width": 24,
    }


def namespace(lesson: str) -> dict[str, Any]:
    """What a lesson has in its variables when the exercises begin, smaller."""
    own = globals().get(f"_lesson{lesson}") or getattr(inspected, f"lesson{lesson}", dict)
    return {"np": np, "course": course, **own()}


def printed(lesson: str, number: str, answer: str, variables: dict[str, Any] | None = None) -> str:
    """What the check cell of an exercise prints after a cell with this answer."""
    variables = namespace(lesson) if variables is None else variables
    exec(answer, variables)
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(exercises(lesson)[number].check, variables)
    return output.getvalue()
