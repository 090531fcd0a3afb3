"""The files of a report while it runs: with a lock that ends with its process, cleared by the next run."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segnet_nb._shared import file_locks
from segnet_nb._shared.files import TEMPORARY

_LOCKS = "*.running-????????.lock"


@contextmanager
def running_files(folder: Path, stem: str) -> Iterator[Path]:
    """The path of the notebook that is being executed; its name is unique, and it is gone at the end.

    What killed runs left in the folder is removed first, and what this run leaves is removed last: every file
    whose name begins as this path without its extension.

    Args:
        folder: of the report; it exists.
        stem: of the report's name.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with running_files(Path(folder), "lesson") as running:
        ...         _ = running.write_text("{}")
        ...     running.name[:15], running.suffix, list(Path(folder).iterdir())
        ('lesson.running-', '.ipynb', [])
    """
    clear_dead_runs(folder)
    lock = folder / f"{stem}.running-{uuid.uuid4().hex[:8]}.lock"
    # A file system without locks: the report is made all the same, but what it leaves is not cleared.
    file = None
    with suppress(OSError):
        file = file_locks.locked(lock)
    try:
        yield lock.with_suffix(".ipynb")
    finally:
        _remove_files_of(lock)
        if file is not None:
            file_locks.released(lock, file)


def clear_dead_runs(folder: Path) -> None:
    """Remove what killed runs left in a folder; runs of other processes that still go on are kept."""
    for lock in folder.glob(_LOCKS):
        with suppress(OSError):  # it is held
            file = file_locks.locked(lock)
            _remove_files_of(lock)
            file_locks.released(lock, file)


def _remove_files_of(lock: Path) -> None:
    for path in lock.parent.iterdir():
        name = path.name
        # Names of temporary files have a prefix, and for concurrent writers a second one.
        if lock.stem + "." in name and (name.startswith((lock.stem, TEMPORARY))) and path != lock:
            with suppress(OSError):
                path.unlink()
