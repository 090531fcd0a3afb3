"""``evaluate`` on the workers of Dask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, Literal

from segnet_nb._shared.errors import TaskFailedError, UserError
from segnet_nb.datasets.base import LabelledImages, batches
from segnet_nb.inference.counts import Counts, Scoring
from segnet_nb.inference.evaluation import Evaluation, check_request, evaluation_of, groups_of
from segnet_nb.sweeps import pieces
from segnet_nb.sweeps.piece_worker import Batch, Setup, score


def evaluate(
    model: Any,
    data: LabelledImages,
    *,
    scheduler: str = "local",
    processes: int | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    samples: int = 0,
    boundary: bool = True,
    by: str | None = None,
    absent: Literal["zero", "ignore"] = "zero",
    batch_size: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Predict every image of a dataset on the workers of Dask, and score the predictions.

    All scores are those of ``segnet_nb.evaluate``, bit for bit; only ``seconds`` differs, the sum over all
    workers. The images are read here and sent to the workers, which need no shared disk. If a worker dies,
    its images are sent to another one. In a script, call it under ``if __name__ == "__main__":``.

    Args:
        model: a ``keras.Model``: a network of this package with as many classes as the data.
        data: images and ground truth.
        scheduler: ``"local"`` for processes of this machine, or an address such as ``tcp://host:8786``.
        processes: how many processes of this machine; None: as many as cores and memory allow.
        flip: see ``segnet_nb.evaluate``, also for the other options.
        scales: average predictions at these multiples of the image size.
        samples: predictions per image of Monte Carlo dropout; 0: none.
        boundary: whether to compute the boundary F1 too.
        by: score each group of images too.
        absent: how classes without a pixel in the ground truth count.
        batch_size: images per batch.
        progress: called with the number of finished images and of all images.

    Returns:
        An ``Evaluation``.

    Raises:
        ModuleNotFoundError: if Dask is not installed.
        ValueError: as ``segnet_nb.evaluate``; if the scheduler cannot be reached, or a worker has other
            packages.
        RuntimeError: if the scheduler is lost, or some images failed again and again.

    Example:
        >>> from segnet_nb import datasets
        >>> from segnet_nb.inference import pretrained
        >>> data = datasets.load("synthetic", "val", image_size=(48, 64), count=2)
        >>> try:
        ...     evaluate(pretrained.load_pretrained("small-synthetic"), data, processes=0)
        ... except ValueError as error:
        ...     print(error)
        processes must be at least 1, got 0. Omit it to use all cores.
    """
    scoring = Scoring(data.classes, flip, tuple(scales), samples, boundary, by, absent)
    check_request(model, data, scoring)
    groups = groups_of(data, by)
    with pieces.workers(scheduler, processes, len(data)) as client:
        size = pieces.images_per_piece(len(data), pieces.threads_of(client), batch_size)
        found = _batches(data, batch_size, groups)
        cutting = pieces.cut(found, size, lambda each: len(each.images), _bytes_of)
        setup = Setup.of(model, scoring)
        with closing(pieces.run_pieces(client, score, setup, cutting)) as results:
            counts = merged(scoring, results, lambda done: progress and progress(done, len(data)))
    return evaluation_of(counts)


def _batches(data: LabelledImages, batch_size: int, groups: Sequence[str]) -> Iterator[Batch]:
    """The same batches as on one machine: the bits of a prediction may depend on its batch."""
    start = 0
    for images, labels in batches(data, batch_size):
        stop = start + len(labels)
        yield Batch(start, images, labels, tuple(groups[start:stop]))
        start = stop


def _bytes_of(batch: Batch) -> int:
    return batch.images.nbytes + batch.labels.nbytes


def merged(
    scoring: Scoring, results: Iterator[tuple[int, Any]], done: Callable[[int], object] = lambda _: None
) -> Counts:
    """The counts of all pieces, in the order of the dataset.

    Args:
        scoring: what is counted.
        results: the number of each piece from 0 and its counts, in any order.
        done: called with the number of images so far.

    Raises:
        RuntimeError: if a piece failed.
    """
    whole, waiting, following, images = Counts(scoring), dict[int, Counts](), 0, 0
    for number, result in results:
        if isinstance(result, UserError):
            raise result
        if isinstance(result, Exception):
            raise TaskFailedError(f"piece {number + 1} of the dataset: {pieces.reason(result)}") from result
        waiting[number] = result
        images += len(result.total().boundary_scores)
        while following in waiting:
            whole.merge(waiting.pop(following))
            following += 1
        done(images)
    return whole
