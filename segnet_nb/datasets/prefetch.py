"""Compute ahead in threads, in order and within bounds."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from segnet_nb._shared.errors import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST_WORKERS = 8


def worker_count(workers: int | None = None) -> int:
    """The number of threads: that one, or with None one per core, at most 8.

    Raises:
        ValueError: if it is below 1.

    Example:
        >>> worker_count(3)
        3
    """
    if workers is None:
        return min(_MOST_WORKERS, os.cpu_count() or 1)
    if workers < 1:
        raise UserError(f"workers must be at least 1, or None for one per core, but got {workers}.")
    return workers


def in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int | None = None,
    ahead: int | None = None,
) -> Generator[Result, None, None]:
    """The results of a function, in the order of the items, computed by threads while they are used.

    The order and the results do not depend on the number of threads. Threads suffice for images: Pillow
    decodes and resizes without the global interpreter lock. Closing the generator, or an error, ends the
    threads.

    Args:
        function: called once for each item, in any thread.
        items: taken one by one, only as far as results are computed.
        workers: number of threads; None: one per core, at most 8.
        ahead: how many results may be computed or waiting at a time, at least ``workers``; this bounds the
            memory. None: twice the number of threads.

    Yields:
        One result per item.

    Raises:
        Exception: what the function raised, in place of its result.

    Example:
        >>> list(in_order(lambda number: number * number, range(5), workers=2))
        [0, 1, 4, 9, 16]
    """
    workers = worker_count(workers)
    ahead = 2 * workers if ahead is None else max(workers, ahead)
    remaining = iter(items)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="prefetch")
    try:
        pending: deque[Future[Result]] = deque(
            pool.submit(function, item) for item in islice(remaining, ahead)
        )
        while pending:
            result = pending.popleft().result()
            pending.extend(pool.submit(function, item) for item in islice(remaining, 1))
            yield result
            del result  # so that it is free while the next one is awaited
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
