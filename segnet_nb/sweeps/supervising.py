"""The process of a run: started, watched, and ended on request or at its limits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

POLL_SECONDS = 0.2
GRACE_SECONDS = 60  # for a run to write what it has after its time limit
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
STOPPED = "it was stopped"
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
    """Runs a job in a process of its own.

    Args:
        folder: of the process, with ``job.json``.
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
        self._family: dict[int, psutil.Process] = {}
        self._stopped: dict[str, Any] | None = None
        self._told = 0

    def run(self) -> tuple[dict[str, Any] | None, int]:
        """Run the process to its end or to its limits; why it was stopped, and its exit status."""
        with (self._folder / "log.txt").open("wb") as log:
            process = self._start(log)
        try:
            while process.poll() is None and self._is_wanted():
                self._report()
                if not self._may_go_on(process.pid):
                    break
                time.sleep(POLL_SECONDS)
        finally:
            _kill(process, self._family)
        return self._stopped, process.returncode

    def _start(self, log: Any) -> subprocess.Popen[bytes]:
        place = Path(self._job["cwd"])
        return subprocess.Popen(  # noqa: S603 (this package's own module)
            [sys.executable, "-m", "segnet_nb.sweeps.child", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=place if place.is_dir() else self._folder,
            env=os.environ | {name: str(self._job["threads"]) for name in THREADS},
            start_new_session=True,
        )

    def _may_go_on(self, pid: int) -> bool:
        memory, limit = _memory(pid, self._family), self._job["memory_gb"]
        if time.monotonic() > self._deadline:
            error = f"the time limit of {self._job['timeout_seconds']:g} s for the run was reached"
            self._stopped = self._stopped or {"state": "timed_out", "error": error}
            return False
        if self._stopped is not None:
            return True
        if limit is not None and memory > limit * 1e9:
            self._stopped = {
                "state": "out_of_memory",
                "error": f"the run used more than {limit:g} GB of memory",
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
        return _kill_kernels(pid, self._family)

    def _report(self) -> None:
        path = self._folder / PROGRESS_FILE
        with suppress(OSError, ValueError):
            when = path.stat().st_mtime_ns
            if when != self._told:
                self._tell(json.loads(path.read_text(encoding="utf-8")))
                self._told = when


def _memory(pid: int, family: dict[int, psutil.Process]) -> int:
    """Bytes that a process and all its children hold; the children are added to the family."""
    total = 0
    with suppress(psutil.Error):
        parent = psutil.Process(pid)
        for each in (parent, *parent.children(recursive=True)):
            family[each.pid] = each
            with suppress(psutil.Error):
                total += each.memory_info().rss
    return total


def _kill_kernels(pid: int, family: dict[int, psutil.Process]) -> bool:
    """Kill the children alone, so that the run can still write its partial notebook."""
    children = [each for each in family.values() if each.pid != pid and each.is_running()]
    for each in children:
        with suppress(psutil.Error):
            each.kill()
    return bool(children)


def _kill(process: subprocess.Popen[bytes], family: dict[int, psutil.Process]) -> None:
    """Kill a process, its group and every child that was seen, and wait for its end."""
    _memory(process.pid, family)
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
    for each in family.values():
        with suppress(psutil.Error):
            if each.pid != process.pid and each.is_running():
                each.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
