"""Runs pieces of a large dataset on the workers of Dask; a few at a time, so that memory stays flat."""

from __future__ import annotations

import os
import queue
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from segnet_nb._shared.errors import TaskFailedError, UserError
from segnet_nb.sweeps import execute, piece_worker
from segnet_nb.sweeps.limits import Limits

RETRIES = 2  # of a piece that fails
MOST_IMAGES = 8  # of a piece: more are lost with a worker
MOST_BYTES = 32 << 20
AHEAD = 2  # pieces per thread of a worker that are sent and not done
LOST_SECONDS = 20
WORKERS_SECONDS = 300  # without a worker: a cluster may have to start one
_COUNT_SECONDS = 5


@contextmanager
def workers(scheduler: str, processes: int | None, most: int) -> Iterator[Any]:
    """A client of a scheduler, or of processes of this machine for ``"local"``, with checked workers.

    Args:
        scheduler: ``"local"`` or an address such as ``tcp://host:8786``.
        processes: how many processes of this machine; None: as many as cores and memory allow.
        most: how many could be busy.

    Raises:
        ModuleNotFoundError: if Dask is not installed.
        ValueError: if the scheduler cannot be reached, or a worker has other packages.
    """
    if processes is not None and (not isinstance(processes, int) or processes < 1):
        raise UserError(f"processes must be at least 1, got {processes!r}. Omit it to use all cores.")
    if processes is not None and scheduler != "local":
        raise UserError(f"processes are those of --scheduler local, but it is {scheduler}. Omit --processes.")
    address = None if scheduler == "local" else scheduler
    threads = max(1, (os.cpu_count() or 1) // (processes or most))
    with execute.connected(Limits(threads=threads), most, address, processes) as client:
        execute.check_workers(client)
        yield client


def threads_of(client: Any) -> int:
    """How many pieces the workers run at a time; at least 1."""
    return max(1, sum(client.nthreads().values()))


def images_per_piece(images: int, threads: int, batch: int = 1) -> int:
    """So many that each thread gets some pieces, in whole batches.

    Example:
        >>> images_per_piece(1000, 4), images_per_piece(12, 2), images_per_piece(12, 2, batch=2)
        (8, 1, 2)
    """
    each = min(MOST_IMAGES, images // (4 * threads))
    return max(batch, each // batch * batch)


def cut(
    items: Iterable[Any],
    size: int,
    images_of: Callable[[Any], int],
    bytes_of: Callable[[Any], int],
    most_bytes: int = MOST_BYTES,
) -> Iterator[list[Any]]:
    """Pieces of consecutive items, each with at least one.

    Args:
        items: images or batches, in order.
        size: images of a piece.
        images_of: how many images an item has.
        bytes_of: how many bytes an item has.
        most_bytes: of a piece with several items.

    Example:
        >>> list(cut("abbbbcd", 2, lambda _: 1, lambda _: 1))
        [['a', 'b'], ['b', 'b'], ['b', 'c'], ['d']]
        >>> list(cut([3, 3, 9, 1], 9, lambda _: 1, lambda item: item, most_bytes=7))
        [[3, 3], [9], [1]]
    """
    piece: list[Any] = []
    images = held = 0
    for item in items:
        count, more = images_of(item), bytes_of(item)
        if piece and (images + count > size or held + more > most_bytes):
            yield piece
            piece, images, held = [], 0, 0
        piece.append(item)
        images, held = images + count, held + more
    if piece:
        yield piece


def run_pieces(
    client: Any,
    task: Callable[[piece_worker.Setup, Any], Any],
    setup: piece_worker.Setup,
    pieces: Iterable[Any],
) -> Generator[tuple[int, Any]]:
    """Run pieces on the workers; each number of a piece, with its result, as they end.

    A piece that fails is run again, on another worker if there is one. If it fails each time, its result is
    the exception. Pieces are taken and sent only as fast as results are taken.

    Args:
        client: of Dask.
        task: what a worker does with a piece.
        setup: what all pieces need.
        pieces: in order.

    Raises:
        RuntimeError: if the scheduler was lost, or has no workers.
    """
    name = f"segnet-nb-{uuid.uuid4().hex[:8]}"
    shared = client.submit(piece_worker.held, setup, key=f"{name}-setup", pure=False)
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()
    waiting: dict[int, Any] = {}
    numbered, more = enumerate(pieces), True
    try:
        window, counted = AHEAD * threads_of(client), time.monotonic()
        while more or waiting:
            # The second condition holds back results that wait for an earlier piece.
            while more and len(waiting) < window and _spread(waiting) < 4 * window:
                number, piece = next(numbered, (0, None))
                if piece is None:
                    more = False
                    break
                key = f"{name}-{number}"
                waiting[number] = client.submit(task, shared, piece, key=key, pure=False, retries=RETRIES)
                waiting[number].add_done_callback(lambda _, number=number: ended.put(number))
                del piece
            if not waiting:
                return
            number = _next(client, ended)
            future = waiting.pop(number)
            yield number, _result(future)
            future.release()
            if time.monotonic() - counted > _COUNT_SECONDS:
                window, counted = AHEAD * threads_of(client), time.monotonic()
    finally:
        client.cancel([shared, *waiting.values()])


def _spread(numbers: dict[int, Any]) -> int:
    return max(numbers) - min(numbers) + 1 if numbers else 0


def _next(client: Any, ended: queue.SimpleQueue[int]) -> int:
    """The number of the next piece that ends."""
    seen = had_workers = counted = time.monotonic()
    while True:
        now = time.monotonic()
        if client.status == "running":
            seen = now
        elif client.status == "closed" or now - seen > LOST_SECONDS:
            raise _lost()
        try:
            return ended.get(timeout=0.5)
        except queue.Empty:
            pass
        if client.status == "running" and now - counted > _COUNT_SECONDS:
            counted = now
            had_workers = now if client.nthreads() else had_workers
        if now - had_workers > WORKERS_SECONDS:
            raise TaskFailedError(
                f"Dask's scheduler has had no worker for {WORKERS_SECONDS} s. Start some, such as "
                "`dask worker tcp://host:8786 --nthreads 1`, and run the same command again."
            )


def _result(future: Any) -> Any:
    if future.status in ("cancelled", "lost"):
        raise _lost()
    try:
        return future.result()
    except Exception as error:  # its workers died too often, or a bug
        return error


def reason(error: Exception) -> str:
    """Why a piece failed, in a sentence.

    Example:
        >>> reason(OSError("no space"))
        'it failed 3 times on the workers, at last with OSError: no space.'
    """
    if type(error).__name__ == "KilledWorker":
        return "each worker that had it died, often because memory ran out. Start workers with more memory."
    line = (str(error).strip().splitlines() or [""])[0][:300].rstrip(".")
    return f"it failed {RETRIES + 1} times on the workers, at last with {type(error).__name__}: {line}."


def _lost() -> TaskFailedError:
    return TaskFailedError("the connection to Dask's scheduler was lost. Run the same command again.")
