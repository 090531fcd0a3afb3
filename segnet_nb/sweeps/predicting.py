"""``predict_files`` on the workers of Dask."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb._shared.errors import TaskFailedError, UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.image_listing import Source, list_images
from segnet_nb.inference.prediction_files import Results, carry_out, work_for
from segnet_nb.inference.prediction_record import absolute
from segnet_nb.inference.prediction_settings import identity_of
from segnet_nb.inference.prediction_work import Work, unreadable
from segnet_nb.sweeps import pieces
from segnet_nb.sweeps.piece_worker import SentImage, Setup, segment


def predict_files(
    model: Any,
    paths: Sequence[str | Path],
    output_dir: str | Path,
    classes: ClassList,
    *,
    scheduler: str = "local",
    processes: int | None = None,
    image_size: tuple[int, int] | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    tile: int | None = None,
    polygons: str | None = None,
    max_megapixels: float | None = None,
    redo: bool = False,
    values: np.ndarray | None = None,
    strict: bool = False,
    progress: Callable[[int, int], None] | None = None,
    on_failure: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Segment image files on the workers of Dask.

    It writes the same files as ``segnet_nb.predict_files``, bit for bit. Image files are read here and sent
    to the workers, which need no shared disk, and the results are written here as they come. If a worker
    dies, its images are sent to another one. In a script, call it under ``if __name__ == "__main__":``.

    Args:
        model: a ``keras.Model``: a network of this package.
        paths: image files, or folders of them.
        output_dir: folder to write to, created if needed.
        classes: the classes of the network.
        scheduler: ``"local"`` for processes of this machine, or an address such as ``tcp://host:8786``.
        processes: how many processes of this machine; None: as many as cores and memory allow.
        image_size: see ``segnet_nb.predict_files``, also for the other options.
        flip: average with the prediction of the mirrored image.
        scales: average predictions at these multiples of the size.
        tile: pixels from one tile of a large image to the next.
        polygons: ``"coco"`` or ``"labelme"``.
        max_megapixels: the largest image to read, in millions of pixels.
        redo: segment again what is done already.
        values: the value to write to masks for each class id, uint8.
        strict: refuse images that are not 8-bit RGB.
        progress: called with the number of finished images and of all images.
        on_failure: called with the message when an image cannot be segmented.

    Returns:
        The content of ``predictions.json``.

    Raises:
        FileNotFoundError: if a path does not exist.
        ModuleNotFoundError: if Dask is not installed.
        ValueError: as ``segnet_nb.predict_files``; if the scheduler cannot be reached, or a worker has other
            packages.
        RuntimeError: if the scheduler is lost; what is written is not done again by the next call.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> try:
        ...     predict_files(model, ["no-such-folder"], "out", CAMVID)
        ... except FileNotFoundError as error:
        ...     print(str(error)[:32])
        there is no image at no-such-fol
    """
    work = work_for(
        *(model, classes, output_dir),
        options={"image_size": image_size, "flip": flip, "scales": scales, "tile": tile},
        polygons=polygons,
        max_megapixels=max_megapixels,
        values=values,
        strict=strict,
    )
    listing = list_images(paths, output_dir)

    def segmented(sources: Sequence[Source]) -> Results:
        if sources:
            with pieces.workers(scheduler, processes, len(sources)) as client:
                yield from _on_workers(client, work, sources)

    return carry_out(work, listing, segmented, redo=redo, progress=progress, on_failure=on_failure)


def _on_workers(client: Any, work: Work, sources: Sequence[Source]) -> Results:
    segmenter = work.segmenter
    # Workers have another current folder; and the network is sent by itself.
    how: Any = replace(segmenter, model=None, folder=absolute(segmenter.folder))
    setup = Setup.of(segmenter.model, how)
    size = pieces.images_per_piece(len(sources), pieces.threads_of(client))
    unread: list[tuple[Source, UserError]] = []
    sent: dict[int, list[tuple[Source, SentImage]]] = {}

    def contents() -> Iterator[list[SentImage]]:
        read = _read(sources, unread)
        cutting = pieces.cut(read, size, lambda _: 1, lambda each: len(each[1].content))
        for number, piece in enumerate(cutting):
            sent[number] = [(source, replace(image, content=b"")) for source, image in piece]
            yield [image for _, image in piece]

    with closing(pieces.run_pieces(client, segment, setup, contents())) as results:
        for number, result in results:
            yield from _written(work, sent.pop(number), result)
            while unread:
                yield unread.pop()
    yield from unread


def _read(
    sources: Sequence[Source], unread: list[tuple[Source, UserError]]
) -> Iterator[tuple[Source, SentImage]]:
    for source in sources:
        try:
            identity = identity_of(source.path)
            content = source.path.read_bytes()
        except OSError as error:
            unread.append((source, unreadable(source.path, error)))
            continue
        moved = replace(source, path=absolute(source.path))
        yield source, SentImage(moved, os.fspath(source.path), identity, content)


def _written(work: Work, sent: list[tuple[Source, SentImage]], result: Any) -> Results:
    """Write the results of a piece; each image, and why it failed."""
    if isinstance(result, Exception):
        if isinstance(result, UserError):
            raise result  # of all images: a worker with other packages
        failed = TaskFailedError(pieces.reason(result))
        result = [UserError(f"{image.shown}: {failed}") for _, image in sent]
    for (source, _), found in zip(sent, result, strict=True):
        try:
            if isinstance(found, UserError):
                raise found
            work.write(source, *found)
        except UserError as error:
            yield source, error
        else:
            yield source, None
