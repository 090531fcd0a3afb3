"""The runs of a sweep on the workers of Dask: started as workers are free, and stored as they end."""

from __future__ import annotations

import queue
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from segnet_nb._shared.errors import TaskFailedError, UserError
from segnet_nb.sweeps import outputs, supervising, worker
from segnet_nb.sweeps.plan import Plan, PlannedRun
from segnet_nb.sweeps.progress import Board
from segnet_nb.sweeps.store import DONE, Store
from segnet_nb.sweeps.subjects import NotebookSubject

LOST_SECONDS = 20
COUNT_SECONDS = 5  # between looks at how many workers there are
POLL_SECONDS = 0.25


class Source(Protocol):
    """Where the runs come from."""

    def side_by_side(self, threads: int) -> int:
        """How many runs to start for so many threads of workers."""
        ...

    def next(self) -> PlannedRun | None:
        """The next run; None if there is none now."""
        ...

    def is_worse(self, key: str, epoch: dict[str, Any], /) -> bool:
        """Take the scores of an epoch; whether the run should be ended."""
        ...

    def ended(self, run: PlannedRun, record: dict[str, Any]) -> None:
        """Take the result of a run."""


class GivenRuns:
    """Runs that are known from the start.

    Args:
        runs: in order.
    """

    def __init__(self, runs: list[PlannedRun]) -> None:
        self._runs = list(reversed(runs))

    def side_by_side(self, threads: int) -> int:
        """Some more than there are threads, so that no worker waits; not all, to save memory."""
        return 2 * threads + 2

    def next(self) -> PlannedRun | None:
        """The next run in order."""
        return self._runs.pop() if self._runs else None

    def is_worse(self, _key: str, _epoch: dict[str, Any]) -> bool:
        """No run is ended early."""
        return False

    def ended(self, run: PlannedRun, record: dict[str, Any]) -> None:
        """Nothing depends on results."""


class Execution:
    """Runs what a source gives, until it gives no more and all have ended.

    Args:
        plan: of the sweep.
        source: of the runs.
        store: where they go.
        client: of Dask.
        board: that is told what happens.
    """

    def __init__(self, plan: Plan, source: Source, store: Store, client: Any, board: Board) -> None:
        self._plan, self._source, self._store, self._client, self._board = plan, source, store, client, board
        self._topic = f"segnet-nb-sweep-{uuid.uuid4().hex[:8]}"
        self._messages: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._runs: dict[str, PlannedRun] = {}
        self._futures: dict[str, Any] = {}
        self._starts: dict[str, int] = {}  # of each run, to name its tasks
        self._retries: dict[str, int] = {}
        self._places: dict[str, str] = {}  # the worker of each run at work
        self._stopping: dict[str, str] = {}
        self._ended: dict[str, str] = {}
        self._threads, self._counted = 1, float("-inf")
        self._ending = False

    def stop(self, key: str) -> None:
        """End one run; may be called from any thread."""
        self._messages.put(("stop", key))

    def retry(self, key: str) -> None:
        """Run one run again that did not finish; may be called from any thread."""
        self._messages.put(("retry", key))

    def end(self) -> None:
        """End all runs and start no more; may be called from any thread."""
        self._messages.put(("end",))

    def run(self) -> dict[str, str]:
        """Run until all have ended.

        Returns:
            How each run ended, by key.

        Raises:
            RuntimeError: if the scheduler was lost; finished runs are stored.
            OSError: if a run cannot be stored.
        """
        self._client.subscribe_topic(self._topic, lambda event: self._messages.put(("event", event[1])))
        try:
            self._fill()
            seen = time.monotonic()
            while self._futures and not self._ending:
                if self._client.status == "running":
                    seen = time.monotonic()
                elif time.monotonic() - seen > LOST_SECONDS or self._client.status == "closed":
                    raise self._lost()
                try:
                    what, *content = self._messages.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    self._board.tick()
                else:
                    getattr(self, f"_on_{what}")(*content)
                self._fill()
        finally:
            self._client.cancel(list(self._futures.values()))
        return self._ended

    def _fill(self) -> None:
        if time.monotonic() - self._counted > COUNT_SECONDS and self._client.status == "running":
            with suppress(OSError):  # lost just now, which is told otherwise
                self._threads = max(1, sum(self._client.nthreads().values()))
            self._counted = time.monotonic()
        while len(self._futures) < self._source.side_by_side(self._threads):
            run = self._source.next()
            if run is None:
                return
            self._runs[run.key] = run
            self._show_waiting(run)
            self._start(run.key)

    def _show_waiting(self, run: PlannedRun) -> None:
        varied = {name: value for name, value in run.parameters.items() if name not in self._plan.fixed}
        self._board.waiting(run.key, varied)

    def _start(self, key: str) -> None:
        number = self._starts[key] = self._starts.get(key, -1) + 1
        job = job_of(self._plan, self._runs[key], self._topic)
        name, resources = f"{self._topic}-{key}-{number}", self._plan.limits.resources
        future = self._client.submit(worker.run_job, job, key=name, pure=False, resources=resources)
        self._futures[key] = future
        future.add_done_callback(lambda _: self._messages.put(("done", key, number)))

    def _on_event(self, event: dict[str, Any]) -> None:
        key = event["key"]
        if key not in self._futures:  # of an earlier attempt
            return
        self._places[key] = event["address"]
        if event["state"] == "running":
            self._board.started(key)
            if key in self._stopping:  # its worker died before it could obey
                self._tell_worker(key)
            return
        self._board.epoch(key, event)
        if key not in self._stopping and self._source.is_worse(key, event):
            self._stopping[key] = "pruned"
            self._tell_worker(key)

    def _on_end(self) -> None:
        self._ending = True

    def _on_stop(self, key: str) -> None:
        if key not in self._futures or key in self._stopping:
            return
        self._stopping[key] = "stopped"
        if key in self._places:
            self._tell_worker(key)
        else:
            self._futures[key].cancel()

    def _tell_worker(self, key: str) -> None:
        with suppress(OSError):  # a worker that has just died
            self._client.run(
                supervising.stop, key, self._stopping[key], workers=[self._places[key]], on_error="ignore"
            )

    def _on_retry(self, key: str) -> None:
        if key in self._futures or self._ended.get(key, DONE[0]) in DONE:
            return
        del self._ended[key]
        self._retries.pop(key, None)
        self._show_waiting(self._runs[key])
        self._start(key)

    def _on_done(self, key: str, number: int) -> None:
        if number != self._starts[key] or key not in self._futures:
            return
        future, stopped = self._futures.pop(key), self._stopping.pop(key, None)
        self._places.pop(key, None)
        if future.status in ("cancelled", "lost") and not stopped:
            raise self._lost()
        record = self._record(key, future)
        tries = self._retries.get(key, 0)
        if record["state"] not in DONE and not stopped and tries < self._plan.limits.retries:
            self._retries[key] = tries + 1
            self._board.end(key, record, again=True)
            self._start(key)
            return
        self._ended[key] = record["state"]
        self._source.ended(self._runs[key], record)
        self._board.end(key, record)

    def _record(self, key: str, future: Any) -> dict[str, Any]:
        nothing = {"state": "failed", "seconds": 0, "scores": {}}
        if future.status in ("cancelled", "lost"):
            return nothing | {"error": supervising.STOPPED}
        try:
            archive, digest = future.result()
            if self._plan.outputs:
                archive = outputs.get(self._plan.outputs, key, digest)
        except Exception as error:  # its workers died too often, another version there, or a bug
            told = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            return nothing | {"error": told}
        return self._store.put(key, archive, digest)

    def _lost(self) -> TaskFailedError:
        total = len(self._runs)
        return TaskFailedError(
            f"the connection to Dask's scheduler was lost; {len(self._ended)} of {total} runs that "
            "were started are stored. Run the same command again: it runs what is missing."
        )


def job_of(plan: Plan, run: PlannedRun, topic: str) -> dict[str, Any]:
    """What a worker needs to run a run."""
    subject, limits = plan.subject, plan.limits
    job = {
        "key": run.key,
        "topic": topic,
        "kind": subject.kind,
        "parameters": run.parameters,
        "timeout_seconds": limits.timeout_seconds,
        "memory_gb": limits.memory_gb,
        "threads": limits.threads,
        "cwd": str(Path.cwd()),
        "outputs": plan.outputs,
        "versions": worker.versions_here(),
    }
    if isinstance(subject, NotebookSubject):
        return job | {"path": str(subject.path.absolute()), "content": subject.content}
    return job | {"config": subject.config(run.parameters)}
