"""The reader's progress on disk: one small JSON file, written whole, never overwritten if it is not readable.

It is kept where ``SEGNET_NB_PROGRESS`` says, or as ``progress.json`` in the user's data folder. Without that
variable it is read and written only where a reader can be asked something, as in JupyterLab, Notebook and
VS Code: what papermill, nbconvert, nbval or pytest run leaves no trace, and shows nobody's answers.
"""

from __future__ import annotations

import copy
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs

from segnet_nb._shared.files import write_whole

VARIABLE = "SEGNET_NB_PROGRESS"
FORMAT = "segnet-nb progress"
VERSION = 1
_LARGEST = 1_000_000  # bytes; a complete one has about 10,000
_PARTS = ("self_tests", "tests", "exercises")

Content = dict[str, Any]

# What was done where nothing can be kept, for this session alone; by the file that it would be kept in.
_sessions: dict[Path | None, Content] = {}
# Sentences about the file that the reader has not been told yet.
_notices: list[str] = []


def place() -> Path | None:
    """The progress file, or None where none is kept.

    Example:
        >>> place() is None  # a doctest is no reader
        True
    """
    chosen = os.environ.get(VARIABLE, "")
    if chosen.strip().lower() == "off":
        return None
    if chosen:
        return Path(chosen).expanduser()
    if not _reader_is_there():
        return None
    return Path(platformdirs.user_data_dir("segnet-nb", appauthor=False)) / "progress.json"


def _reader_is_there() -> bool:
    """Whether somebody could answer ``input()``: front ends for people say so, programs say they cannot."""
    if "PYTEST_VERSION" in os.environ:
        return False
    console = sys.modules.get("IPython")
    shell = console.get_ipython() if console is not None else None
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return shell is not None or hasattr(sys, "ps1")


def empty() -> Content:
    """Progress without anything done."""
    return {"format": FORMAT, "version": VERSION, **{part: {} for part in _PARTS}}


def load() -> Content:
    """What the reader has done so far; never raises for a file that cannot be used.

    Returns:
        ``self_tests``: by the id of the question ``answer``, ``right``, ``first_right`` and ``when``;
        ``tests``: by ``"before"`` and ``"after"`` the ``answers``, ``right``, ``of`` and ``when``;
        ``exercises``: by number, such as ``"04.1"``, when it was solved.
    """
    return _usable(place())[0]


def change(edit: Callable[[Content], None]) -> Content:
    """Read the progress, change it and write it; return what is kept now.

    A file that cannot be written is no error: the change lasts for the session, and ``notices`` says so.

    Args:
        edit: changes the content in place.
    """
    path = place()
    content, writable = _usable(path)
    edit(content)
    if path is None or not writable:
        _sessions[path] = copy.deepcopy(content)
        return content
    try:
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        write_whole(path, text, concurrent=True)
    except OSError as error:
        _tell(f"Progress is not kept: {path} could not be written ({_reason(error)}).")
        _sessions[path] = copy.deepcopy(content)
    return content


def notices() -> list[str]:
    """Sentences about the file that were not told yet, each once."""
    found = _notices[:]
    _notices.clear()
    return found


def now() -> str:
    """The time as it is kept: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _usable(path: Path | None) -> tuple[Content, bool]:
    """The content, and whether the file may be written."""
    if path is None or path in _sessions:
        return copy.deepcopy(_sessions.get(path)) or empty(), False
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return empty(), True
    except OSError as error:
        _tell(f"Progress is not kept: {path} could not be read ({_reason(error)}).")
        return empty(), False
    content, problem = _parsed(data)
    if not problem:
        return content, True
    if problem == "newer":
        _tell(f"Progress is not kept: {path} is of a newer version of this package; update it to go on.")
        return empty(), False
    return empty(), _set_aside(path, problem)


def _parsed(data: bytes) -> tuple[Content, str]:
    """The content, and what is wrong with it."""
    try:
        content = json.loads(data) if len(data) <= _LARGEST else None
    except (ValueError, RecursionError):
        return {}, "is damaged"
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return {}, "is not a progress file of this package"
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        return {}, "newer"
    if version != VERSION or not all(_is_table(content.get(part), part) for part in _PARTS):
        return {}, "is damaged"
    return content, ""


def _is_table(part: Any, name: str) -> bool:
    if not isinstance(part, dict):
        return False
    if name == "exercises":
        return all(isinstance(when, str) for when in part.values())
    needed = {"self_tests": {"answer": str, "right": bool, "first_right": bool}}.get(
        name, {"answers": dict, "right": int, "of": int}
    )
    return all(
        isinstance(entry, dict) and all(isinstance(entry.get(key), kind) for key, kind in needed.items())
        for entry in part.values()
    )


def _set_aside(path: Path, problem: str) -> bool:
    """Rename a file that cannot be used, so that nothing is lost; whether a new one may be written."""
    for number in range(1, 1000):
        aside = path.with_name(f"{path.stem}-kept-{number}{path.suffix}")
        if not aside.exists():
            break
    else:
        return False
    try:
        path.rename(aside)
    except OSError as error:
        _tell(f"Progress is not kept: {path} {problem} and could not be renamed ({_reason(error)}).")
        return False
    _tell(f"The file {path} {problem}; it was kept as {aside.name}, and a new one begins.")
    return True


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _tell(sentence: str) -> None:
    if sentence not in _notices:
        _notices.append(sentence)
