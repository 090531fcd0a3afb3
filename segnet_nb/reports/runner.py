"""Reports: parameters in, an executed notebook and an HTML page out.

``run`` checks the parameters before anything starts, always ends (there is a deadline, and a dead
kernel is detected), keeps the outputs of a failed run, and writes HTML that needs no network.
The notebooks stay plain papermill notebooks: ``papermill IN OUT -p NAME VALUE`` runs them too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import TaskFailedError, UserError
from segnet_nb._shared.files import write_whole
from segnet_nb.reports import finished, parameter_paths
from segnet_nb.reports.notebook_files import read_notebook
from segnet_nb.reports.notebook_parameters import Parameter, check_parameters, listing, read_parameters
from segnet_nb.reports.running_files import running_files

__all__ = ["Parameter", "ReportError", "ReportPaths", "listing", "parameters", "run", "write_html"]


class ReportError(TaskFailedError):
    """A notebook did not run to its end.

    Attributes:
        notebook_path: the executed notebook with the outputs up to the failure; None if nothing ran.
        html_path: the same as an HTML page; None if it was not requested.
        cell_index: index of the cell that stopped the run, in the notebook at ``notebook_path``;
            None if no cell did (the kernel did not start).
    """

    def __init__(
        self,
        message: str,
        *,
        notebook_path: Path | None = None,
        html_path: Path | None = None,
        cell_index: int | None = None,
    ) -> None:
        super().__init__(message)
        self.notebook_path = notebook_path
        self.html_path = html_path
        self.cell_index = cell_index


@dataclass(frozen=True)
class ReportPaths:
    """Paths of a report; unpacks as ``notebook, html = reports.run(...)``."""

    notebook: Path
    html: Path | None

    def __iter__(self) -> Iterator[Path | None]:
        return iter((self.notebook, self.html))


def parameters(notebook: str | Path) -> dict[str, Parameter]:
    """Return the parameters of a notebook: name, annotation, default and comment.

    Args:
        notebook: path of an ``.ipynb`` file.

    Raises:
        FileNotFoundError: if there is no such notebook.
        ValueError: if its parameters cell is not plain Python.
    """
    return read_parameters(notebook) or {}


def run(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    output_dir: str | Path = "reports",
    *,
    timeout_seconds: float = 3600,
    progress: bool = True,
    html: bool = True,
    name: str | None = None,
    trusted: bool = False,
) -> ReportPaths:
    """Execute a notebook with parameters and write it and its HTML page.

    The kernel runs in the notebook's own folder, as in Jupyter. The run is written under a temporary
    name and renamed at its end, so every report is complete.

    Args:
        notebook: path of an ``.ipynb`` file.
        parameters: values for names that its cell tagged ``parameters`` declares; text is read as
            the declared type (``"5"`` for an int), and a path is relative to the current folder.
        output_dir: folder for the results, created if needed.
        timeout_seconds: time limit of the whole run in seconds; then its kernel is killed.
        progress: show a progress bar over the cells and what long cells print.
        html: write the page too.
        name: appended to the names of the files: ``<notebook>-<name>.ipynb``.
        trusted: keep the notebook's own scripts, forms, style sheets and widgets in the page, which otherwise
            has those of this package alone.

    Returns:
        The paths of the notebook and of the page (None without ``html``).

    Raises:
        FileNotFoundError: if there is no such notebook.
        ValueError: if a parameter is unknown or has the wrong type, or another argument is impossible;
            nothing has run then.
        ReportError: if a cell raised, exited, took too long or lost its kernel. What ran is kept
            as ``<notebook>.failed.ipynb`` and ``.failed.html``.

    Example:
        ::

            paths = run("notebooks/reports/train.ipynb", {"epochs": 5}, name="five")
            print(paths.html)  # reports/train-five.html
    """
    source, folder = Path(notebook), Path(output_dir)
    given = check_parameters(source, parameters or {})
    declared = read_parameters(source) or {}
    values = parameter_paths.located(source, given, declared)
    _check_timeout(timeout_seconds)
    stem = source.stem + (f"-{_checked_name(name)}" if name is not None else "")
    _check_target(folder / f"{stem}.ipynb", source)
    kernel_name = _installed_kernel(source)
    folder.mkdir(parents=True, exist_ok=True)
    with running_files(folder, stem) as running:
        try:
            # Imported here: papermill takes more than a second, too long for a wrong parameter.
            from segnet_nb.reports import engine

            engine.execute(
                source,
                running,
                values,
                kernel_name=kernel_name,
                timeout_seconds=timeout_seconds,
                progress=progress,
            )
        except BaseException as error:
            if not running.exists():
                raise
            paths = finished.failed(source, running, folder / f"{stem}.failed.ipynb", html, trusted, error)
            if not isinstance(error, Exception):  # Ctrl-C: what ran is kept
                raise
            looked = parameter_paths.missing(source, given, declared)
            raise _report_error(source, paths, error, looked) from (
                None if hasattr(error, "cell_index") else error
            )
        for leftover in (f"{stem}.failed.ipynb", f"{stem}.failed.html"):
            (folder / leftover).unlink(missing_ok=True)
        return ReportPaths(*finished.succeeded(source, running, folder / f"{stem}.ipynb", html, trusted))


def write_html(
    notebook: str | Path,
    target: str | Path | None = None,
    *,
    images_from: Path | None = None,
    trusted: bool = False,
) -> Path:
    """Write an executed notebook as one HTML file that needs no network.

    Figures are embedded and formulas rendered. Standalone widgets stay interactive, others show their
    stored image; mermaid diagrams show their source. Scripts, forms and style sheets of outputs and Markdown
    are removed, and so are widgets of other packages.

    Args:
        notebook: path of an executed notebook.
        target: path to write; None: that of the notebook with the extension ``.html``.
        images_from: the folder that images in its Markdown are relative to; None: that of the notebook.
        trusted: keep the notebook's own scripts, forms, style sheets and widgets.

    Returns:
        The path written.

    Raises:
        FileNotFoundError: if there is no such notebook.
    """
    from segnet_nb.reports import html as html_page

    source = Path(notebook)
    path = source.with_suffix(".html") if target is None else Path(target)
    write_whole(path, html_page.page(source, images_from=images_from, trusted=trusted), concurrent=True)
    return path


def _check_timeout(seconds: float) -> None:
    if not (isinstance(seconds, int | float) and 0 < seconds < math.inf):
        raise UserError(
            f"timeout_seconds must be a number above 0, got {seconds!r}. A run always has a deadline: give a "
            "large one if it takes long."
        )


def _check_target(target: Path, source: Path) -> None:
    if target.resolve() == source.resolve():
        raise UserError(
            f"the report would overwrite the notebook itself, {source}. Give another output_dir, or a name."
        )


def _checked_name(name: str) -> str:
    if not re.fullmatch(r"[\w.-]+", name):
        raise UserError(
            f"name becomes part of a file name: use letters, digits, '_', '-' and '.', got {name!r}."
        )
    return name


def _installed_kernel(source: Path) -> str:
    from jupyter_client.kernelspec import KernelSpecManager

    name = read_notebook(source).metadata.get("kernelspec", {}).get("name", "python3")
    installed = sorted(KernelSpecManager().find_kernel_specs())
    if name not in installed:
        raise UserError(
            f"{source} needs the kernel '{name}', which is not installed; installed: "
            f"{', '.join(installed) or 'none'}. Choose one in Jupyter and save the notebook."
        )
    return name


def _report_error(
    source: Path, paths: tuple[Path, Path | None], error: Exception, looked: str
) -> ReportError:
    notebook, html = paths
    cell_index, where = getattr(error, "cell_index", None), ""
    if cell_index is not None:
        cells = read_notebook(notebook).cells
        lines = cells[cell_index].source.strip().splitlines() or [""]
        where = f" at cell {cell_index + 1} of {len(cells)} (`{lines[0][:100]}`)"
    kept = " and ".join(str(path) for path in paths if path is not None)
    message = f"{source} stopped{where}:\n  {finished.reason(error)}\nWhat ran is kept in {kept}."
    return ReportError(
        f"{message}\n{looked}" if looked else message,
        notebook_path=notebook,
        html_path=html,
        cell_index=cell_index,
    )
