"""Executes a notebook through papermill so that it always ends: finished, failed or timed out.

It fixes four limitations of the standard client. That one waits for the reply to a cell in one long
poll and can miss a reply that has already come when an ``Output`` widget writes to the same channel
(nbclient 312, papermill 723); here the channel is polled every 0.2 s. It has a timeout per cell but
none for the whole run; here every cell gets the time left until one deadline. It stores everything
that a cell prints; here unlimited output is truncated. And a cell that exits with ``SystemExit(0)``
ends the run as if it had succeeded; here it is a failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any, BinaryIO

import papermill
from jupyter_client.client import KernelClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

from segnet_nb._shared import living_pages
from segnet_nb._shared.errors import TaskFailedError
from segnet_nb.reports.notebook_parameters import assignments
from segnet_nb.reports.page_engine import has_engine
from segnet_nb.reports.progress import Progress

ENGINE_NAME = "segnet-nb-report"
POLL_SECONDS = 0.2
START_SECONDS = 60
MAX_PRINTED = 1_000_000  # characters that one cell may print

# Failures are raised with more detail than the log has: without handlers of their own these loggers
# would also print to the terminal, across the progress bar.
_log = logging.getLogger("segnet_nb.reports.runner")
_log.addHandler(logging.NullHandler())
logging.getLogger("papermill").addHandler(logging.NullHandler())


class CellStoppedError(Exception):
    """A cell did not run to its end; the notebook up to this cell has been written."""

    def __init__(self, cell_index: int, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.cell_index = cell_index


@dataclass(frozen=True)
class _Request:
    """What ``ReportEngine`` needs to know beside what papermill passes.

    Attributes:
        timeout_seconds: time limit of the whole run.
        parameters_source: the source of the cell with the parameters.
        working_directory: of the kernel.
        show_progress: whether to show a progress bar.
    """

    timeout_seconds: float
    parameters_source: str
    working_directory: str
    show_progress: bool


def execute(
    source: Path,
    target: Path,
    values: dict[str, Any],
    *,
    kernel_name: str,
    timeout_seconds: float,
    progress: bool,
) -> None:
    """Execute a notebook into ``target``, which is written from the first cell on.

    Raises:
        CellStoppedError: if a cell raised, exited, ran past the deadline or lost its kernel.
        TaskFailedError: if the kernel did not start.
    """
    papermill.execute_notebook(
        _literal_path(source),
        _literal_path(target),
        parameters=values,
        engine_name=ENGINE_NAME,
        kernel_name=kernel_name,
        language="python",
        progress_bar=False,
        start_timeout=max(1, math.ceil(min(START_SECONDS, timeout_seconds))),
        execution_timeout=math.ceil(timeout_seconds),
        # Passed on to the engine below.
        request=_Request(timeout_seconds, assignments(values), str(source.parent), progress),
    )


def _literal_path(path: Path) -> str:
    # papermill formats paths with the parameters: braces in a folder name would be a field.
    return str(path.absolute()).replace("{", "{{").replace("}", "}}")


class ReportEngine(NBClientEngine):
    """papermill's engine with ``ReportClient`` instead of the standard client."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *_: Any,
        request: _Request,
        start_timeout: int,
        execution_timeout: int,
        **_options: Any,
    ) -> Any:
        """Execute the notebook that papermill has prepared."""
        for cell in nb_man.nb.cells:
            if "injected-parameters" in cell.metadata.get("tags", ()):
                cell.source = request.parameters_source
        # MPLBACKEND, set for tests and servers, would keep figures out of the report.
        environment = {key: item for key, item in os.environ.items() if key != "MPLBACKEND"}
        if has_engine():
            environment[living_pages.VARIABLE] = "1"
        progress = Progress(nb_man.nb.cells, enabled=request.show_progress)
        with contextlib.closing(progress), tempfile.TemporaryFile() as kernel_log:
            client = ReportClient(
                nb_man,
                seconds=request.timeout_seconds,
                progress=progress,
                kernel_name=kernel_name,
                timeout=execution_timeout,
                startup_timeout=start_timeout,
                iopub_timeout=30,
                coalesce_streams=True,
                stdout_file=progress,
                log=_log,
            )
            try:
                # The kernel process writes to a file: on the terminal it would break the bar.
                client.execute(
                    cwd=request.working_directory, env=environment, stdout=kernel_log, stderr=kernel_log
                )
            except RuntimeError as error:  # the kernel did not start
                raise TaskFailedError(f"{error}{_last_lines(kernel_log)}") from error


papermill_engines.register(ENGINE_NAME, ReportEngine)


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
        self._printed = 0
        self._other_tasks: set[Any] = set()

    def _seconds_left(self, cell: NotebookNode | None = None) -> float:
        # Never 0, which nbclient interprets as "no timeout".
        return max(POLL_SECONDS, self._deadline - time.monotonic())

    async def async_start_new_kernel_client(self) -> KernelClient:
        """Start the channels; the shell channel polls at short intervals."""
        client: Any = await super().async_start_new_kernel_client()
        client.shell_channel.get_msg = _polling(client.shell_channel.get_msg)
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def async_execute_cell(self, *args: Any, **options: Any) -> NotebookNode:
        """Execute a cell and cancel its listeners, which nbclient leaves running if the cell stops."""
        self._printed = 0
        self._other_tasks = {*asyncio.all_tasks()} - {asyncio.current_task()}
        try:
            return await super().async_execute_cell(*args, **options)
        finally:
            await self._async_cancel_listeners()

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
        """Add an output to the notebook; what a cell prints only up to a maximum length."""
        if msg["msg_type"] == "stream":
            room = MAX_PRINTED - self._printed
            if room < 0:
                return None
            text = msg["content"]["text"]
            self._printed += len(text)
            if len(text) > room:
                note = f"\n[cut: this cell printed more than {MAX_PRINTED:,} characters]\n"
                msg["content"]["text"] = text[:room] + note
        return super().output(outs, msg, display_id, cell_index)  # pyright: ignore[reportArgumentType]

    def papermill_execute_cells(self) -> None:
        """Execute the cells in order until one of them stops the run."""
        for index, cell in enumerate(self.nb.cells):
            self._progress.begin(index)
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
                self._refuse_error_outputs(index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
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

    def _stopped(self, index: int, error: Exception) -> CellStoppedError:
        cell = self.nb.cells[index]
        if isinstance(error, CellExecutionError):
            name, message = error.ename, error.evalue
            if name == "SystemExit":
                message += " (a cell stopped the kernel, so the cells after it were not run)"
        elif isinstance(error, DeadKernelError):
            name, message = "DeadKernelError", f"the kernel died{self._how_it_died()}"
        elif self._seconds_left() <= POLL_SECONDS:
            name = "TimeoutError"
            message = f"the time limit of {self._allowed_seconds:g} s for the whole run was reached"
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


def _last_lines(log: BinaryIO, count: int = 8) -> str:
    """The last lines that a kernel process wrote, without the messages of ipykernel."""
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").splitlines()
    said = [line for line in lines if line.strip() and not line.startswith("[IPKernelApp]")]
    return "".join(f"\n{line}" for line in said[-count:])


def _refuse_exit(execute_reply: dict[str, Any], **_: Any) -> None:
    # `exit()` raises nothing: the kernel continues for a moment, and may run some of the next cells.
    for payload in execute_reply["content"].get("payload", ()):
        if payload.get("source") == "ask_exit":
            raise CellExecutionError("", "SystemExit", "")


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
