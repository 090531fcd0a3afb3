"""The process of a run: started, watched, and ended on request or at its limits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from segnet_nb.sweeps.run_process import RunProcess, keep, started

POLL_SECONDS = 0.05
LOOK_SECONDS = 1.0  # between looks at the memory of all processes, which takes some milliseconds
LIMITED_LOOK_SECONDS = 0.2  # the same if it has a limit
GRACE_SECONDS = 60  # for a run to write what it has after its time limit
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
STOPPED = "it was stopped"
RESULT_FILE = "result.json"
# Between the worker and the process of a training: one is read before each step, the other after each epoch.
STOP_FILE, PROGRESS_FILE = "stop", "progress.json"

_stops: dict[str, str] = {}  # runs of this worker that are to end


def stop(key: str, how: str) -> None:
    """End a run of this worker, ``"pruned"`` or ``"stopped"``; the command calls it in the worker."""
    _stops[key] = how


def take_stop(key: str) -> str | None:
    """How a run is to end, once; None if it is not."""
    return _stops.pop(key, None)


class Supervisor:
    """Runs a job in a process that has no other job meanwhile.

    Args:
        folder: of the run, with ``job.json``.
        job: see ``execution.job_of``.
        is_wanted: whether anybody still waits for it.
        tell: called with the scores of each epoch.
    """

    def __init__(
        self,
        folder: Path,
        job: dict[str, Any],
        is_wanted: Callable[[], bool],
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        self._folder, self._job, self._is_wanted, self._tell = folder, job, is_wanted, tell
        self._deadline = time.monotonic() + job["timeout_seconds"] + GRACE_SECONDS
        self._stopped: dict[str, Any] | None = None
        self._told = 0
        self._next_look = 0.0

    def run(self) -> tuple[dict[str, Any] | None, int]:
        """Run the job to its end or to its limits; why it was stopped, and the exit status if it died."""
        threads = {name: str(self._job["threads"]) for name in THREADS}
        is_notebook = self._job["kind"] == "notebook"  # a training leaves the framework in its own state
        process = started(self._folder, threads, is_new=not is_notebook)
        is_done = False
        try:
            while process.returncode is None and self._is_wanted():
                if is_done := (self._folder / RESULT_FILE).exists():
                    break
                self._report()
                if not self._may_go_on(process):
                    break
                time.sleep(POLL_SECONDS)
        finally:
            if is_done and is_notebook and self._stopped is None:
                keep(process)
            elif is_done:
                process.end()
            else:
                process.kill()
        return self._stopped, process.returncode or 0

    def _may_go_on(self, process: RunProcess) -> bool:
        if time.monotonic() > self._deadline:
            error = f"the time limit of {self._job['timeout_seconds']:g} s for the run was reached"
            self._stopped = self._stopped or {"state": "timed_out", "error": error}
            return False
        if self._stopped is not None:
            return True
        if self._is_too_large(process):
            self._stopped = {
                "state": "out_of_memory",
                "error": f"the run used more than {self._job['memory_gb']:g} GB of memory",
            }
        elif how := take_stop(self._job["key"]):
            state = ("pruned", None) if how == "pruned" else ("failed", STOPPED)
            self._stopped = dict(zip(("state", "error"), state, strict=True))
            if self._job["kind"] == "training":
                (self._folder / STOP_FILE).touch()
                self._deadline = time.monotonic() + GRACE_SECONDS
                return True
        if self._stopped is None:
            return True
        self._deadline = time.monotonic() + GRACE_SECONDS
        return process.kill_children()

    def _is_too_large(self, process: RunProcess) -> bool:
        limit = self._job["memory_gb"]
        if time.monotonic() < self._next_look:
            return False
        # Also without a limit: what the process started is known then, and killed at the end.
        memory = process.memory()
        self._next_look = time.monotonic() + (LOOK_SECONDS if limit is None else LIMITED_LOOK_SECONDS)
        return limit is not None and memory > limit * 1e9

    def _report(self) -> None:
        path = self._folder / PROGRESS_FILE
        with suppress(OSError, ValueError):
            when = path.stat().st_mtime_ns
            if when != self._told:
                self._tell(json.loads(path.read_text(encoding="utf-8")))
                self._told = when
