"""What a Dask worker does with a piece of a dataset: it predicts or scores the images that it was sent."""

from __future__ import annotations

import hashlib
import pickle
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb._shared.errors import TaskFailedError, UserError
from segnet_nb.inference.counts import Counts, Scoring
from segnet_nb.inference.image_listing import Source
from segnet_nb.inference.prediction_settings import backend_name
from segnet_nb.inference.prediction_work import Segmenter
from segnet_nb.sweeps.worker import versions_here


@dataclass(frozen=True)
class Setup:
    """What all pieces need; it is sent once to each worker.

    Attributes:
        how: what is done with each image; a ``Segmenter`` comes without its network.
        network: the network, as pickle makes it.
        digest: the SHA-256 of that.
        versions: of the packages that decide the numbers, where the command runs.
    """

    how: Scoring | Segmenter
    network: bytes
    digest: str
    versions: dict[str, str]

    @classmethod
    def of(cls, model: Any, how: Scoring | Segmenter) -> Setup:
        """The setup of a network."""
        network = pickle.dumps(model)
        return cls(how, network, hashlib.sha256(network).hexdigest(), versions_of_numbers())


@dataclass(frozen=True)
class SentImage:
    """An image file.

    Attributes:
        source: with an absolute path.
        shown: its path as the user gave it.
        identity: of the file, see ``prediction_settings.identity_of``.
        content: of the file.
    """

    source: Source
    shown: str
    identity: dict[str, int]
    content: bytes


@dataclass(frozen=True)
class Batch:
    """Images and labels that are predicted together.

    Attributes:
        start: number of the first image in the dataset.
        images: uint8, shape ``(batch, height, width, 3)``.
        labels: uint8, shape ``(batch, height, width)``.
        groups: the group of each image.
    """

    start: int
    images: np.ndarray
    labels: np.ndarray
    groups: tuple[str, ...]


Segmented = tuple[dict[str, bytes], dict[str, Any]] | UserError


def versions_of_numbers() -> dict[str, str]:
    """Versions of the packages, and the backend of Keras."""
    return versions_here() | {"backend of Keras": backend_name()}


def held(setup: Setup) -> Setup:
    """The setup as the result of a task: Dask sends it to the workers that need it, and makes it again."""
    return setup


def segment(setup: Setup, images: list[SentImage]) -> list[Segmented]:
    """The files and the entry of each image, or why there are none."""
    assert isinstance(setup.how, Segmenter)
    with _LOCK, tempfile.TemporaryDirectory(prefix="segnet-nb-") as folder:
        segmenter = replace(setup.how, model=_network(setup))
        return [_segmented(segmenter, image, Path(folder)) for image in _while_wanted(images)]


def _segmented(segmenter: Segmenter, image: SentImage, folder: Path) -> Segmented:
    copy = folder / image.source.path.name
    copy.write_bytes(image.content)
    try:
        contents, entry = segmenter.segment(image.source, copy)
    except UserError as error:
        text = str(error).replace(str(copy), image.shown).replace(str(image.source.path), image.shown)
        error.args = (text,)
        return error.with_traceback(None)
    finally:
        copy.unlink()
    return contents, entry | {"image": image.shown, "source": image.identity}


def score(setup: Setup, batches: list[Batch]) -> Counts | UserError:
    """The counts of some batches, or why there are none."""
    assert isinstance(setup.how, Scoring)
    counts = Counts(setup.how)
    with _LOCK:
        try:
            model = _network(setup)
            for batch in _while_wanted(batches):
                counts.add(model, batch.images, batch.labels, batch.start, batch.groups)
        except UserError as error:
            return error.with_traceback(None)
    return counts


# One piece at a time in a process: a network uses all threads that it may use.
_LOCK = threading.Lock()
_loaded: dict[str, Any] = {}


def _network(setup: Setup) -> Any:
    """The network of a setup; the last one is kept.

    Raises:
        ValueError: if this worker has other packages, and so might compute other numbers.
    """
    if setup.digest not in _loaded:
        here = versions_of_numbers()
        for name, wanted in setup.versions.items():
            if here.get(name) != wanted:
                raise UserError(
                    f"a worker has {name} {here.get(name, 'none')}, but the command {wanted}. Install the "
                    "same."
                )
        _loaded.clear()
        _loaded[setup.digest] = pickle.loads(setup.network)  # noqa: S301 (Dask's tasks are pickles anyway)
    return _loaded[setup.digest]


def _while_wanted(items: list[Any]) -> Iterator[Any]:
    """The items, as long as somebody waits for this task."""
    from distributed import get_worker

    try:
        worker = get_worker()
        task = worker.get_current_task()
    except ValueError:  # not in a task of Dask
        yield from items
        return
    for item in items:
        state = worker.state.tasks.get(task)
        if state is None or state.state == "cancelled":
            raise TaskFailedError("the command has ended. Run it again.")
        yield item
