"""Views of a sweep in a terminal: a live line for each run at work, or plain lines in a file."""

from __future__ import annotations

import shutil
import time
from typing import Any, TextIO

from segnet_nb.sweeps.progress import Board, RunProgress, duration, short

REDRAW_SECONDS = 0.5
LOWEST_HEIGHT = 4


def view_for(stream: TextIO) -> PlainView | LiveView:
    """The view that fits what the stream is."""
    return LiveView(stream) if stream.isatty() else PlainView(stream)


class PlainView:
    """A line whenever a run starts or ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def started(self, _: Any, dashboard: str) -> None:
        """Print where Dask's dashboard is."""
        print(f"Dask's dashboard: {dashboard} (needs bokeh)", file=self._stream, flush=True)

    def changed(self, _board: Board, _run: RunProgress, line: str) -> None:
        """Print the line."""
        print(line, file=self._stream, flush=True)

    def tick(self, _board: Board) -> None:
        """Nothing: a file is not drawn again."""

    def close(self) -> None:
        """Nothing."""


class LiveView:
    """Lines of the runs that have ended; below them one line for each run at work, and the total.

    Args:
        stream: a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._drawn, self._when = stream, 0, 0.0

    def started(self, _: Any, dashboard: str) -> None:
        """Print where Dask's dashboard is."""
        print(f"Dask's dashboard: {dashboard} (needs bokeh)", file=self._stream, flush=True)

    def changed(self, board: Board, run: RunProgress, line: str) -> None:
        """Print the line of a run that has ended, and draw the rest again."""
        self._draw(board, [] if run.state == "running" else [line])

    def tick(self, board: Board) -> None:
        """Draw again, if that was not just done."""
        if time.monotonic() - self._when >= REDRAW_SECONDS:
            self._draw(board, [])

    def close(self) -> None:
        """Remove the live lines."""
        self._stream.write(self._up())
        self._stream.flush()
        self._drawn = 0

    def _draw(self, board: Board, ended: list[str]) -> None:
        size = shutil.get_terminal_size()
        live = lines_of(board, size.columns - 1, max(LOWEST_HEIGHT, size.lines - 2))
        self._stream.write(self._up() + "".join(f"{line}\n" for line in [*ended, *live]))
        self._stream.flush()
        self._drawn, self._when = len(live), time.monotonic()

    def _up(self) -> str:
        # To the first live line, then clear to the end of the screen.
        return (f"\x1b[{self._drawn}A" if self._drawn else "") + "\r\x1b[J"


def lines_of(board: Board, width: int, height: int) -> list[str]:
    """The live lines: each run at work, as many as fit, and the total.

    Example:
        >>> board = Board(2, 1, "mean_iou")
        >>> board.waiting("0a", {"seed": 4})
        >>> board.started("0a")
        >>> board.epoch("0a", {"epoch": 1, "epochs": 3, "mean_iou": 0.25, "seconds": 30})
        >>> for line in lines_of(board, 100, 5):
        ...     print(line)
        0a  running  epoch 1 of 3  mIoU 0.250  60 s left  seed=4
        1 of 2 done, 1 running, 60 s left
    """
    rows = [_line(board, run)[:width] for run in board.running]
    if len(rows) > height - 1:
        rows = [*rows[: height - 2], f"... and {len(rows) - height + 2} more"]
    left = board.seconds_left()
    done = board.done_before + len(board.ended)
    total = f"{done} of {board.total} done, {len(board.running)} running"
    return [*rows, (total if left is None else f"{total}, {duration(left)} left")[:width]]


def _line(board: Board, run: RunProgress) -> str:
    parts = [run.key, "running"]
    parts += [f"epoch {run.epoch} of {run.epochs}"] if run.epochs else []
    parts += [f"{short(board.score_name)} {run.score:.3f}"] if run.score is not None else []
    left = board.left_of(run)
    parts += [f"{duration(left)} left"] if left is not None else []
    return "  ".join([*parts, run.label])
