"""One training at a time in a folder: a lock that ends with its process, however that ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

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
        file = _locked(path)
    except OSError as error:
        if isinstance(error, BlockingIOError | PermissionError) and path.exists():
            raise _taken(directory, path) from error
        raise
    try:
        yield
    finally:
        # Removed before it is released, so that nobody removes the lock of another process.
        with suppress(OSError):
            path.unlink()
        file.close()
        with suppress(OSError):
            path.unlink()  # Windows cannot remove an open file
        if created:
            with suppress(OSError):
                directory.rmdir()


def _locked(path: Path) -> BinaryIO:
    """The lock file, open and locked, with the id of this process in it."""
    while True:
        file = path.open("a+b")
        try:
            _lock(file)
        except OSError:
            file.close()
            raise
        # Between opening and locking, its holder may have removed it: then it locks nothing.
        if _is_named(path, file):
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            file.flush()
            return file
        file.close()


def _is_named(path: Path, file: BinaryIO) -> bool:
    with suppress(OSError):
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    return False


def _lock(file: BinaryIO) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(1 << 20)  # beyond the process id, which others may read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _taken(directory: Path, path: Path) -> UserRuntimeError:
    number = ""
    with suppress(OSError):
        number = path.read_text().strip()
    who = f"process {number}" if number.isdigit() else "another process"
    return UserRuntimeError(
        f"{who} is training in {directory}. Wait until it ends, stop it, or choose another directory "
        "(--run-dir), such as one with the learning rate in its name."
    )
