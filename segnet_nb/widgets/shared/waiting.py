"""Wait for work in a thread while the kernel stays free to answer widgets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


async def until_done(
    outcome: Future[Any], look: Callable[[float], None], stop: Callable[[], None], every: float
) -> None:
    """Look at work in a thread again and again until it is done.

    The first interrupt of the cell asks the work to stop and waits for its end; the second one is raised.

    Args:
        outcome: what the work sets when it is done.
        look: called with the seconds since the start, and once more at the end.
        stop: asks the work to end.
        every: seconds between two looks.

    Raises:
        asyncio.CancelledError: at the second interrupt.
    """
    began, interrupted = time.monotonic(), False
    while not outcome.done():
        try:
            await asyncio.sleep(every)
        except asyncio.CancelledError:  # how an interrupt of the cell arrives
            if interrupted:
                raise
            interrupted = True
            if task := asyncio.current_task():
                task.uncancel()
            stop()
        look(time.monotonic() - began)
    look(time.monotonic() - began)
