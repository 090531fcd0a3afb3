"""A run's end from outside its loop, if the loop does not see the deadline itself."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

GRACE_SECONDS = 5.0


class DeadlinePassedError(BaseException):
    """Raised in a thread that is still busy after the deadline; no ``Exception``, so not caught."""


class Watchdog:
    """Kills a kernel after the deadline, and raises an error in the thread that is still busy with it.

    A client looks at the clock between messages. One that is busy with a single message, or has a task that
    never lets another one run, does not. So a thread of its own waits for the deadline and a grace, in which
    the client normally ends the run, then kills the kernel, and after another grace stops the busy thread.

    Args:
        deadline: in seconds of ``time.monotonic()``.
        kill: ends the kernel; errors of it are ignored.

    Attributes:
        thread: the id of the thread to stop.

    Example:
        >>> with Watchdog(time.monotonic() + 1000, kill=print):
        ...     1 + 1
        2
    """

    def __init__(self, deadline: float, kill: Callable[[], object]) -> None:
        self.thread = threading.get_ident()
        self._deadline = deadline
        self._kill = kill
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Watchdog:
        threading.Thread(target=self._watch, name="report-deadline", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._ended.set()
            _raise_in(self.thread, None)  # one that has not been raised yet

    def _watch(self) -> None:
        if self._ended.wait(max(0.0, self._deadline + GRACE_SECONDS - time.monotonic())):
            return
        with suppress(Exception):
            self._kill()
        while not self._ended.wait(GRACE_SECONDS):
            with self._lock:
                if not self._ended.is_set():
                    _raise_in(self.thread, DeadlinePassedError)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(error) if error else None
    )


def kill_kernel(manager: Any) -> None:
    """Kill the process of a kernel and those that it started, at once.

    Args:
        manager: jupyter_client's kernel manager, or None.
    """
    provisioner = getattr(manager, "provisioner", None)
    group = getattr(provisioner, "pgid", None)
    if group and hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    process = getattr(provisioner, "process", None)
    if process is not None:
        with suppress(OSError):
            process.kill()
