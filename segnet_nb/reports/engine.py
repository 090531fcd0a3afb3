"""Executes a notebook through papermill with the client of this package, ``ReportClient``."""

from __future__ import annotations

import contextlib
import logging
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

from segnet_nb._shared import living_pages
from segnet_nb._shared.errors import TaskFailedError
from segnet_nb.reports.client import ReportClient
from segnet_nb.reports.deadline import DeadlinePassedError
from segnet_nb.reports.kernel_log import KernelLog
from segnet_nb.reports.notebook_parameters import assignments, recorded
from segnet_nb.reports.page_engine import has_engine
from segnet_nb.reports.progress import Progress

ENGINE_NAME = "segnet-nb-report"
START_SECONDS = 60

# Failures are raised with more detail than the log has: without handlers of their own these loggers
# would also print to the terminal, across the progress bar.
_log = logging.getLogger("segnet_nb.reports.runner")
_log.addHandler(logging.NullHandler())
logging.getLogger("papermill").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class _Request:
    """What ``ReportEngine`` needs to know beside what papermill passes.

    Attributes:
        target: the notebook to write.
        timeout_seconds: time limit of the whole run.
        parameters_source: the source of the cell with the parameters.
        working_directory: of the kernel.
        show_progress: whether to show a progress bar.
    """

    target: Path
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
        TaskFailedError: if the kernel did not start, or did not end.
        OSError: if the notebook cannot be written.
    """
    papermill.execute_notebook(
        _literal_path(source),
        None,  # papermill would write in place
        parameters=recorded(values),
        engine_name=ENGINE_NAME,
        kernel_name=kernel_name,
        language="python",
        progress_bar=False,
        start_timeout=max(1, math.ceil(min(START_SECONDS, timeout_seconds))),
        execution_timeout=math.ceil(timeout_seconds),
        # Passed on to the engine below.
        request=_Request(target, timeout_seconds, assignments(values), str(source.parent), progress),
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
        with contextlib.closing(progress), KernelLog() as log:
            client = ReportClient(
                nb_man,
                seconds=request.timeout_seconds,
                progress=progress,
                kernel_name=kernel_name,
                timeout=execution_timeout,
                startup_timeout=start_timeout,
                iopub_timeout=30,
                log=_log,
            )
            nb_man.save = client.saving_to(request.target)
            nb_man.save()
            try:
                # The kernel process must not write to the terminal: it would break the bar.
                client.execute(
                    cwd=request.working_directory, env=environment, stdout=log.file, stderr=log.file
                )
            except (RuntimeError, DeadlinePassedError) as error:  # the kernel did not start, or did not end
                log.close()
                reason = client.time_is_up() or f"{error}{log.last_lines()}"
                raise TaskFailedError(reason) from error


papermill_engines.register(ENGINE_NAME, ReportEngine)
