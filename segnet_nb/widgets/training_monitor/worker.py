"""A training in a thread of its own, and what it leaves to be read by the kernel's thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np

from segnet_nb.training.loop import StopTraining
from segnet_nb.widgets.training_monitor.timing import seconds_left


class TrainingThread:
    """Runs ``train(config, ...)`` in a daemon thread: a kernel that shuts down does not wait for it.

    Args:
        labels_of: from the network after an epoch to the labels of the image shown, or None for none.

    Attributes:
        news: ``(history, best epoch, labels or None, line or None)`` after each epoch, and once at the
            start of a resumed run.
        latest: ``[(completed epochs, step, steps, loss)]`` of the last step; empty before the first.
        outcome: what ``train`` returns or raises.
        stop: set to end the training cleanly after the current step.
    """

    def __init__(self, labels_of: Callable[[Any], np.ndarray | None]) -> None:
        self.news: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self.latest: list[tuple[int, int, int, float]] = []
        self.outcome: Future[Any] = Future()
        self.stop = threading.Event()
        self._labels_of, self._run = labels_of, None

    def start(self, train: Callable[..., Any], config: Any, options: dict[str, Any]) -> None:
        """Start the training."""

        def work() -> None:
            try:
                callbacks = {"on_epoch": self._on_epoch, "on_step": self._on_step}
                self.outcome.set_result(train(config, progress=False, **callbacks, **options))
            except BaseException as error:  # handed to the cell that waits
                self.outcome.set_exception(error)

        threading.Thread(target=work, name="training", daemon=True).start()

    def _on_step(self, run: Any, step: int, steps: int, loss: float) -> None:
        if self._run is None:
            self._run = run
            self.news.put((list(run.history), run.best_epoch, None, None))
        self.latest[:] = [(len(run.history), step, steps, loss)]
        if self.stop.is_set() and step < steps:  # after its last step an epoch is completed
            raise StopTraining

    def _on_epoch(self, report: Any, model: Any) -> None:
        labels, run = self._labels_of(model), self._run
        assert run is not None, "a step comes before the end of its epoch"
        history, best = list(run.history), run.best_epoch
        left = seconds_left(history, report.epochs, 0.0, 0.0) or 0.0
        self.news.put((history, best, labels, report.line(history[best - 1]["mean_iou"], left)))
