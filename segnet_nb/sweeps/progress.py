"""How far the runs of a sweep are: their states and the time left, as a table that views show."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

WAITING, RUNNING = "waiting", "running"


@dataclass
class RunProgress:
    """A run as it is shown.

    Attributes:
        key: of the run.
        label: its parameters as text.
        state: ``"waiting"``, ``"running"``, or how it ended, see ``run.json``.
        epoch: completed epochs of a training, 0 before the first or for a notebook.
        epochs: of the training, or 0.
        score: the score that runs are compared by, 0..1; None before it is known.
        seconds: that it took, once it has ended.
        began: the time of its start by the board's clock.
        seconds_per_epoch: of the last epoch; None before the first.
        error: why it failed; empty if it did not.
    """

    key: str
    label: str
    state: str = WAITING
    epoch: int = 0
    epochs: int = 0
    score: float | None = None
    seconds: float | None = None
    began: float | None = None
    seconds_per_epoch: float | None = None
    error: str = ""


class View(Protocol):
    """What shows a board; ``started`` gets what can stop and retry runs, and Dask's dashboard."""

    def started(self, execution: Any, dashboard: str, /) -> None:
        """The runs are about to start."""

    def changed(self, board: Board, run: RunProgress, line: str, /) -> None:
        """Show that a run has started or ended; the line says so."""

    def tick(self, board: Board, /) -> None:
        """Show the board as it is now."""

    def close(self) -> None:
        """End."""


class Board:
    """The states of the runs of a sweep.

    Args:
        total: how many runs the plan has.
        done: how many of them were done before.
        score: the name of the score that is shown.
        views: that show it.
        clock: in seconds.
    """

    def __init__(
        self,
        total: int,
        done: int,
        score: str,
        views: Iterable[View] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.done_before, self.score_name = total, done, score
        self.runs: dict[str, RunProgress] = {}
        self._views, self._clock = list(views), clock

    @property
    def ended(self) -> list[RunProgress]:
        """The runs that have ended since the sweep was started."""
        return [run for run in self.runs.values() if run.state not in (WAITING, RUNNING)]

    @property
    def running(self) -> list[RunProgress]:
        """The runs at work."""
        return [run for run in self.runs.values() if run.state == RUNNING]

    def waiting(self, key: str, parameters: Mapping[str, Any]) -> None:
        """A run is waiting for a worker, perhaps again."""
        self.runs[key] = RunProgress(key, described(parameters))

    def started(self, key: str) -> None:
        """A run was started by a worker."""
        run = self.runs[key]
        again = run.state == RUNNING  # its worker died
        run.state, run.epoch, run.began, run.seconds_per_epoch = RUNNING, 0, self._clock(), None
        self._tell(run, f"{key}  running{' again' if again else ''}  {run.label}")

    def epoch(self, key: str, told: Mapping[str, Any]) -> None:
        """A training has completed an epoch."""
        run = self.runs[key]
        run.epoch, run.epochs = int(told["epoch"]), int(told["epochs"])
        run.score, run.seconds_per_epoch = told.get(self.score_name), told.get("seconds")
        self.tick()

    def end(self, key: str, record: Mapping[str, Any], *, again: bool = False) -> None:
        """A run has ended; ``again``: it will be run once more."""
        run = self.runs[key]
        run.score = record["scores"].get(self.score_name, run.score if record["state"] == "pruned" else None)
        run.seconds, run.error = record["seconds"], record["error"] or ""
        run.state = WAITING if again else record["state"]
        if again:
            self._tell(run, f"{key}  {record['state']}, run again: {run.error}")
            return
        parts = [run.state, f"{run.seconds:.0f} s"]
        parts += [f"{short(self.score_name)} {run.score:.3f}"] if run.score is not None else []
        parts += [run.error] if run.error else []
        self._tell(run, f"{key}  {', '.join(parts)}  ({self.summary()})")

    def tick(self) -> None:
        """Let the views show the board as it is now."""
        for view in self._views:
            view.tick(self)

    def close(self) -> None:
        """Let the views end."""
        for view in self._views:
            view.close()

    def summary(self) -> str:
        """How many runs are done and about how long the rest takes.

        Example:
            >>> Board(5, 2, "mean_iou").summary()
            '2 of 5'
        """
        left = self.seconds_left()
        count = f"{self.done_before + len(self.ended)} of {self.total}"
        return count if left is None else f"{count}, {duration(left)} left"

    def left_of(self, run: RunProgress) -> float | None:
        """About how many seconds a run at work still takes; None if that is not known."""
        if run.state != RUNNING or run.began is None:
            return None
        if run.epochs and run.seconds_per_epoch is not None:
            return (run.epochs - run.epoch) * run.seconds_per_epoch
        mean = self._mean_seconds()
        return None if mean is None else max(0.0, mean - (self._clock() - run.began))

    def seconds_left(self) -> float | None:
        """About how many seconds all runs still take; None before the first has ended or told an epoch."""
        at_work = [self.left_of(run) for run in self.running]
        known = [left for left in at_work if left is not None]
        mean = self._mean_seconds()
        if mean is None:
            spent = [self._clock() - run.began for run in self.running if run.began and run.epoch]
            mean = (sum(known) + sum(spent)) / len(known) if known else None
        if mean is None:
            return None
        rest = max(0, self.total - self.done_before - len(self.ended) - len(self.running))
        work = sum(known) + mean * (len(at_work) - len(known) + rest)
        return max([work / max(1, len(self.running)), *known])

    def _mean_seconds(self) -> float | None:
        finished = [run.seconds for run in self.ended if run.state == "finished" and run.seconds]
        return sum(finished) / len(finished) if finished else None

    def _tell(self, run: RunProgress, line: str) -> None:
        for view in self._views:
            view.changed(self, run, line)


def described(parameters: Mapping[str, Any]) -> str:
    """Parameters as one line.

    Example:
        >>> described({"rate": 0.1, "seed": 2})
        'rate=0.1 seed=2'
    """
    return " ".join(f"{name}={value}" for name, value in parameters.items())


def short(score: str) -> str:
    """The name of a score as it is shown."""
    return "mIoU" if score == "mean_iou" else score


def duration(seconds: float) -> str:
    """A time as it is shown.

    Example:
        >>> duration(95), duration(600), duration(9000)
        ('95 s', '10 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
