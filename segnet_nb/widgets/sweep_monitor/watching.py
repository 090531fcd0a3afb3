"""A sweep in a thread of its own, and what it leaves to be read by the kernel's thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

MOST_ROWS = 200
_ORDER = ("running", "failed", "timed_out", "out_of_memory", "finished", "pruned", "waiting")


class SweepThread:
    """Runs ``sweep(source, view=...)`` in a daemon thread: a kernel that shuts down does not wait for it.

    Attributes:
        latest: ``[(rows, done, total, seconds left)]``, the newest alone; empty before the first.
        lines: of runs that have ended.
        outcome: what ``sweep`` returns or raises.
        dashboard: the address of Dask's dashboard; empty before there is one.
    """

    def __init__(self) -> None:
        self.latest: list[tuple[list[dict[str, Any]], int, int, float | None]] = []
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.outcome: Future[Any] = Future()
        self.dashboard = ""
        self._execution: Any = None
        self._ending = False

    def start(self, sweep: Callable[..., Any], source: Any, options: dict[str, Any]) -> None:
        """Start the sweep."""

        def work() -> None:
            try:
                self.outcome.set_result(sweep(source, progress=False, view=self, **options))
            except BaseException as error:  # handed to the cell that waits
                self.outcome.set_exception(error)

        threading.Thread(target=work, name="sweep", daemon=True).start()

    def stop(self, key: str) -> None:
        """End one run."""
        if self._execution is not None:
            self._execution.stop(key)

    def retry(self, key: str) -> None:
        """Run one again that has failed."""
        if self._execution is not None:
            self._execution.retry(key)

    def end(self) -> None:
        """End the sweep; finished runs are kept."""
        self._ending = True
        if self._execution is not None:
            self._execution.end()

    # --- what a view of a sweep has, see segnet_nb.sweeps.progress ----------------------------------------

    def started(self, execution: Any, dashboard: str) -> None:
        """The runs are about to start."""
        self._execution, self.dashboard = execution, dashboard
        if self._ending:
            execution.end()

    def changed(self, board: Any, run: Any, line: str) -> None:
        """A run has started or ended."""
        if run.state != "running":
            self.lines.put(line)
        self.tick(board)

    def tick(self, board: Any) -> None:
        """Keep what is to be shown now."""
        done = board.done_before + len(board.ended)
        self.latest[:] = [(rows_of(board), done, board.total, board.seconds_left())]

    def close(self) -> None:
        """Nothing: the kernel's thread sees the outcome."""


def rows_of(board: Any) -> list[dict[str, Any]]:
    """The runs to show, those at work first, then failed ones, then others from the last on."""

    def place(numbered: tuple[int, Any]) -> tuple[int, int]:
        number, run = numbered
        return _ORDER.index(run.state), number if run.state in ("running", "waiting") else -number

    return [
        {
            "key": run.key,
            "label": run.label,
            "state": run.state,
            "epoch": run.epoch,
            "epochs": run.epochs,
            "score": run.score,
            "seconds": run.seconds,
            "left": board.left_of(run),
            "error": run.error,
        }
        for _, run in sorted(enumerate(board.runs.values()), key=place)[:MOST_ROWS]
    ]
