"""Locks that end with their process, however that ends: a lock on an open file."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def locked(path: Path) -> BinaryIO:
    """Lock a file, which is created if needed; the lock ends when the file that is returned is closed.

    The id of this process is written into it.

    Args:
        path: the file; remove it before it is closed, so that nobody removes the lock of another process.

    Raises:
        OSError: if another process has the lock, or the file system has no locks.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with locked(Path(folder) / "a.lock"):
        ...         int((Path(folder) / "a.lock").read_text()) == os.getpid()
        True
    """
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


def released(path: Path, file: BinaryIO) -> None:
    """Remove the file of a lock and release it."""
    with suppress(OSError):
        path.unlink()
    file.close()
    with suppress(OSError):
        path.unlink()  # Windows cannot remove an open file


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
