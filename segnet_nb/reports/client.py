"""A client that executes the cells of a notebook so that the run always ends: finished, failed or timed out.

It fixes five limitations of the standard client. That one waits for the reply to a cell in one long
poll and can miss a reply that has already come when an ``Output`` widget writes to the same channel
(nbclient 312, papermill 723); here the channel is polled every 0.2 s. It has a timeout per cell but
none for the whole run; here every cell gets the time left until one deadline, which a thread of its own
enforces if the client is too busy to look at the clock. It stores everything that a cell prints, with work
that is quadratic in the length of a line; here there are limits and linear work (``cell_outputs``). A cell
that exits with ``SystemExit(0)`` ends the run as if it had succeeded; here it is a failure. And the notebook
is written in place; here it is written whole, so that a full disk leaves the last whole one.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
from jupyter_client.client import KernelClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager

from segnet_nb._shared.files import write_whole
from segnet_nb.reports.cell_outputs import MAX_SHOWN, CellOutputs, shorten_error, shortened, size_of
from segnet_nb.reports.deadline import DeadlinePassedError, Watchdog, kill_kernel
from segnet_nb.reports.progress import Progress

POLL_SECONDS = 0.2


class CellStoppedError(Exception):
    """A cell did not run to its end; the notebook up to this cell has been written."""

    def __init__(self, cell_index: int, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.cell_index = cell_index


class ReportClient(PapermillNotebookClient):
    """A client that polls at short intervals, has one deadline and raises whatever stops a cell.

    Args:
        nb_man: papermill's manager of the notebook, which writes it after every cell.
        seconds: time limit of the whole run.
        progress: notified of each cell.
        **options: traits of nbclient's client.
    """

    def __init__(
        self,
        nb_man: NotebookExecutionManager,
        *,
        seconds: float,
        progress: Progress,
        **options: Any,
    ) -> None:
        super().__init__(nb_man, timeout_func=self._seconds_left, on_cell_executed=_refuse_exit, **options)
        self._allowed_seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._progress = progress
        self._outputs = CellOutputs()
        self._other_tasks: set[Any] = set()
        self._watchdog = Watchdog(self._deadline, lambda: kill_kernel(self.km))

    def execute(self, **options: Any) -> NotebookNode:
        """Execute the notebook; ends soon after the deadline, whatever keeps the client busy."""
        with self._watchdog:
            return super().execute(**options)

    def saving_to(self, target: Path) -> Callable[..., None]:
        """A function that writes the notebook with what cells have printed so far."""

        def save(**_: Any) -> None:
            self._outputs.refresh()
            write_whole(target, nbformat.writes(self.nb))
            self.nb_man.last_save_time = self.nb_man.now()

        return save

    def time_is_up(self) -> str:
        """That the deadline has passed, in words; empty if it has not."""
        if time.monotonic() < self._deadline - POLL_SECONDS:
            return ""
        return f"the time limit of {self._allowed_seconds:g} s for the whole run was reached"

    def _seconds_left(self, cell: NotebookNode | None = None) -> float:
        # Never 0, which nbclient interprets as "no timeout".
        return max(POLL_SECONDS, self._deadline - time.monotonic())

    async def async_start_new_kernel_client(self) -> KernelClient:
        """Start the channels; the shell channel polls at short intervals, the other one lets it run."""
        client: Any = await super().async_start_new_kernel_client()
        client.shell_channel.get_msg = _polling(client.shell_channel.get_msg)
        client.iopub_channel.get_msg = _yielding(client.iopub_channel.get_msg)
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def async_execute_cell(self, *args: Any, **options: Any) -> NotebookNode:
        """Execute a cell and cancel its listeners, which nbclient leaves running if the cell stops."""
        self._outputs = CellOutputs()
        self._watchdog.thread = threading.get_ident()  # in Jupyter, the loop has a thread of its own
        self._other_tasks = {*asyncio.all_tasks()} - {asyncio.current_task()}
        try:
            return await super().async_execute_cell(*args, **options)
        finally:
            await self._async_cancel_listeners()
            self._outputs.refresh()

    execute_cell = run_sync(async_execute_cell)

    async def _async_cancel_listeners(self) -> None:
        self._other_tasks.add(asyncio.current_task())
        listeners = asyncio.all_tasks() - self._other_tasks
        for task in listeners:
            task.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)

    _cancel_listeners = run_sync(_async_cancel_listeners)

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """Add an output to the notebook, within the limits of its cell."""
        kind, content = msg["msg_type"], msg["content"]
        if kind == "stream":
            return self._printed(outs, msg, display_id, cell_index)
        if kind == "error":
            shorten_error(content)
        elif not self._outputs.admits(content):
            return None
        return super().output(outs, msg, display_id, cell_index)  # pyright: ignore[reportArgumentType]

    def _printed(self, outs: list[NotebookNode], msg: dict[str, Any], *place: Any) -> None:
        content = msg["content"]
        if content["name"] == "stdout":
            self._progress.write(content["text"])
        if self.output_hook_stack[msg["parent_header"].get("msg_id")]:  # into an Output widget
            content["text"] = self._outputs.passed_on(content["text"])
            if content["text"]:
                super().output(outs, msg, *place)
            return
        if self.clear_before_next_output:
            outs[:] = []
            self.clear_display_id_mapping(place[1])
            self.clear_before_next_output = False
        self._outputs.write(outs, content["name"], content["text"])

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        if size_of(msg["content"]) <= MAX_SHOWN:
            super()._update_display_id(display_id, msg)

    def papermill_execute_cells(self) -> None:
        """Execute the cells in order until one of them stops the run."""
        for index, cell in enumerate(self.nb.cells):
            self._progress.begin(index)
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
                self._refuse_error_outputs(index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError, DeadlinePassedError) as error:
                raise self._stopped(index, error) from None
            except BaseException:  # Ctrl-C among them
                self._give_up(index)
                self._cancel_listeners()
                raise
            finally:
                self.nb_man.cell_complete(self.nb.cells[index], index)

    def _refuse_error_outputs(self, index: int) -> None:
        # A cell tagged `raises-exception`: papermill would report the failure only at the end.
        for output in self.nb.cells[index].get("outputs", ()):
            if output.output_type == "error":
                raise CellExecutionError("", output.ename, output.evalue)

    def _stopped(self, index: int, error: BaseException) -> CellStoppedError:
        cell = self.nb.cells[index]
        if isinstance(error, CellExecutionError):
            name, message = shortened(error.ename), shortened(error.evalue)
            if name == "SystemExit":
                message += " (a cell stopped the kernel, so the cells after it were not run)"
        elif message := self.time_is_up():
            name = "TimeoutError"
        elif isinstance(error, DeadKernelError):
            name, message = "DeadKernelError", f"the kernel died{self._how_it_died()}"
        else:
            name, message = "TimeoutError", "the kernel stopped responding after the cell"
        self._give_up(index)
        if not any(output.output_type == "error" for output in cell.outputs):
            # The kernel could not report it: without this output the report would not explain its end.
            text = f"{name}: {message}"
            cell.outputs.append(new_output("error", ename=name, evalue=message, traceback=[text]))
        return CellStoppedError(index, name, message.strip())

    def _give_up(self, index: int) -> None:
        self.nb_man.cell_exception(self.nb.cells[index], index)
        self.shutdown_kernel = "immediate"

    def _how_it_died(self) -> str:
        process = getattr(getattr(self.km, "provisioner", None), "process", None)
        code = getattr(process, "returncode", None)
        if code is None:
            return ""
        if code >= 0:
            return f" (exit code {code})"
        with contextlib.suppress(ValueError):
            return f" ({signal.Signals(-code).name}{_DEADLY.get(-code, '')})"
        return f" (signal {-code})"


_DEADLY = {9: ": killed, often because memory ran out", 11: ": a crash in compiled code"}


def _refuse_exit(execute_reply: dict[str, Any], **_: Any) -> None:
    # `exit()` raises nothing: the kernel continues for a moment, and may run some of the next cells.
    for payload in execute_reply["content"].get("payload", ()):
        if payload.get("source") == "ask_exit":
            raise CellExecutionError("", "SystemExit", "")


def _yielding(receive: Callable[..., Any]) -> Callable[..., Any]:
    async def get_msg(timeout: float | None = None) -> dict[str, Any]:
        await asyncio.sleep(0)  # messages that are there already would keep all other tasks from running
        return await receive(timeout=timeout)

    return get_msg


def _polling(receive: Callable[..., Any]) -> Callable[..., Any]:
    async def get_msg(timeout: float | None = None) -> dict[str, Any]:
        end = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            try:
                return await receive(timeout=min(POLL_SECONDS, max(0.0, left)))
            except Empty:
                if left <= POLL_SECONDS:
                    raise

    return get_msg
