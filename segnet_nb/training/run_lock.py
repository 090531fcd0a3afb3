"""One training at a time in a folder: a lock that ends with its process, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segnet_nb._shared import file_locks
from segnet_nb._shared.errors import UserRuntimeError

LOCK = ".training.lock"


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Hold the lock of a run's folder, which is created if needed and removed again if it stays empty.

    Raises:
        RuntimeError: if another process trains in the folder; the message has its process id.
    """
    created = not directory.exists()
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / LOCK
    try:
        file = file_locks.locked(path)
    except OSError as error:
        if isinstance(error, BlockingIOError | PermissionError) and path.exists():
            raise _taken(directory, path) from error
        raise
    try:
        yield
    finally:
        file_locks.released(path, file)
        if created:
            with suppress(OSError):
                directory.rmdir()


def _taken(directory: Path, path: Path) -> UserRuntimeError:
    number = ""
    with suppress(OSError):
        number = path.read_text().strip()
    who = f"process {number}" if number.isdigit() else "another process"
    return UserRuntimeError(
        f"{who} is training in {directory}. Wait until it ends, stop it, or choose another directory "
        "(--run-dir), such as one with the learning rate in its name."
    )
