"""Parameters that are paths: given relative to the current folder, read relative to the notebook's."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segnet_nb.datasets.names import NAMES
from segnet_nb.inference import pretrained
from segnet_nb.reports.notebook_parameters import Parameter

# What a parameter's name or comment says if it may be a path.
_SAYS_PATH = re.compile(r"\b(path|file|folder|directory)\b", re.IGNORECASE)


def located(
    notebook: str | Path, values: Mapping[str, Any], declared: Mapping[str, Parameter]
) -> dict[str, Any]:
    """The values of parameters for a notebook that runs in its own folder.

    A relative path is looked up where the person is, then beside the notebook; one that exists in neither
    place, such as a folder to write, is taken as relative to where the person is.

    Args:
        notebook: path of the notebook.
        values: checked values by name.
        declared: the parameters of the notebook.
    """
    return {name: _located(Path(notebook), value, declared[name]) for name, value in values.items()}


def missing(notebook: str | Path, values: Mapping[str, Any], declared: Mapping[str, Parameter]) -> str:
    """Where paths that do not exist were looked for, as a line for a message; empty if all exist.

    Args:
        notebook: path of the notebook.
        values: values as they were given.
        declared: the parameters of the notebook.
    """
    here, there = Path.cwd(), Path(notebook).absolute().parent
    absent = [
        f"{name}={value!r}"
        for name, value in values.items()
        if _may_be_path(value, declared[name]) and not any(_exists(each / value) for each in (here, there))
    ]
    if not absent:
        return ""
    places = str(here) if here == there else f"{here} (the current folder) and {there} (that of the notebook)"
    return f"Not found in {places}: {', '.join(absent)}."


def _located(notebook: Path, value: Any, parameter: Parameter) -> Any:
    if not _may_be_path(value, parameter):
        return value
    path, folder = Path(value).expanduser(), notebook.absolute().parent
    if path.is_absolute():
        return str(path)
    here = Path.cwd() / path
    if not _exists(here) and (_exists(folder / path) or not _has_separator(value)):
        return value
    try:
        return Path(os.path.relpath(here, folder)).as_posix()
    except ValueError:  # on another drive
        return str(here)


def _may_be_path(value: Any, parameter: Parameter) -> bool:
    """Whether a value is text of a parameter that takes paths, and no name of data or weights."""
    if not isinstance(value, str) or not value or "://" in value or "\n" in value or "\0" in value:
        return False
    if value in NAMES or value in pretrained.available():
        return False
    return bool(_SAYS_PATH.search(f"{parameter.name} {parameter.help}"))


def _has_separator(value: str) -> bool:
    return "/" in value or os.sep in value


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long is no path
        return False
