"""Processes that run jobs. One that ran a notebook is kept for the next, since its imports take long."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

EXIT_SECONDS = 20  # for a process that has nothing to do to end by itself
_kept: list[RunProcess] = []  # without work, by this worker


class RunProcess:
    """A process in a session of its own that runs jobs one after the other, and ends with this one.

    Args:
        environment: variables that it has beside those of this process.
        log: where it writes until its first job.
    """

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.environment = dict(environment)
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "segnet_nb.sweeps.child"],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                env=os.environ | self.environment,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._family: dict[int, psutil.Process] = {}

    @property
    def returncode(self) -> int | None:
        """Its exit status; None while it lives."""
        return self._process.poll()

    def give(self, folder: Path) -> None:
        """Have it run the job in a folder; it writes ``result.json`` there when it is done.

        Raises:
            OSError: if it has ended.
        """
        self._family.clear()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(str(folder)).encode() + b"\n")
        self._process.stdin.flush()

    def memory(self) -> int:
        """Bytes that it holds with all that it started."""
        total = 0
        with suppress(psutil.Error):
            parent = psutil.Process(self.pid)
            for each in (parent, *parent.children(recursive=True)):
                self._family[each.pid] = each
                with suppress(psutil.Error):
                    total += each.memory_info().rss
        return total

    def kill_children(self) -> bool:
        """Kill what it started, so that it can still write a partial notebook; whether there was anything."""
        self.memory()
        children = [each for each in self._family.values() if each.pid != self.pid and each.is_running()]
        for each in children:
            with suppress(psutil.Error):
                each.kill()
        return bool(children)

    def kill(self) -> None:
        """Kill it, its group and what it started, and wait for its end."""
        self.memory()
        if self.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL) if hasattr(os, "killpg") else self._process.kill()
        self.kill_children()
        self._process.wait()
        self._close_pipe()

    def end(self) -> None:
        """Let it end by itself, which it does if it has nothing to do."""
        self._close_pipe()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(EXIT_SECONDS)
        self.kill()

    def _close_pipe(self) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()


def started(folder: Path, environment: Mapping[str, str], *, is_new: bool) -> RunProcess:
    """A process that runs the job in a folder: one that was kept, unless it must be new or there is none."""
    while _kept and not is_new:
        process = _kept.pop()
        if process.returncode is None and process.environment == environment:
            with suppress(OSError):  # killed just now
                process.give(folder)
                return process
        process.end()
    process = RunProcess(environment, folder / "log.txt")
    with suppress(OSError):  # then it has an exit status, and its log says why
        process.give(folder)
    return process


def keep(process: RunProcess) -> None:
    """Keep a process that has done its job for the next one, without what the job left."""
    process.kill_children()
    _kept.append(process)
