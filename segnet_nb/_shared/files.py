"""Files that are written whole or not at all: to a temporary file first, which is then renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TEMPORARY = "part-"  # a prefix, since some writers require the file extension


@contextmanager
def written_whole(path: str | Path, *, concurrent: bool = False, durable: bool = False) -> Iterator[Path]:
    """A temporary path to write to, renamed to ``path`` when the block ends without an error.

    Parent folders are created. After an error the temporary file is removed and ``path`` is unchanged. A
    killed process may leave the temporary file, whose name starts with ``part-``; the next writer of ``path``
    overwrites it.

    Args:
        path: the file to write.
        concurrent: whether several processes may write it at the same time; each then gets a temporary
            name of its own, and the last one to finish wins.
        durable: whether the file must survive a power failure once it has its name: it is flushed to the
            disk before.

    Raises:
        OSError: from the file system; its ``filename`` is ``path``.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with written_whole(Path(folder) / "a.txt") as temporary:
        ...         _ = temporary.write_text("done")
        ...     [path.name for path in Path(folder).iterdir()]
        ['a.txt']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    own = f"{uuid.uuid4().hex[:8]}-" if concurrent else ""
    temporary = path.with_name(f"{TEMPORARY}{own}{path.name}")
    try:
        yield temporary
        if durable:
            _flush(temporary)
        temporary.replace(path)
        if durable:
            _flush(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary)):
            error.filename = str(path)  # what users know; for a full disk there is no name at all
        raise


def _flush(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk; not every system can flush a folder."""
    try:
        handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise
    finally:
        os.close(handle)


def write_whole(
    path: str | Path, content: str | bytes, *, concurrent: bool = False, durable: bool = False
) -> None:
    """Write text (UTF-8) or bytes to a file, whole or not at all; see ``written_whole``.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_whole(Path(folder) / "new" / "a.txt", "done")
        ...     (Path(folder) / "new" / "a.txt").read_text()
        'done'
    """
    data = content.encode() if isinstance(content, str) else content
    with written_whole(path, concurrent=concurrent, durable=durable) as temporary:
        temporary.write_bytes(data)


def digest_of(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits.

    Raises:
        OSError: if it cannot be read.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
