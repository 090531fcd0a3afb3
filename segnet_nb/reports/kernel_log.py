"""What a kernel process writes to its terminal: read as it comes, of which only the end is kept."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import BinaryIO

_PIECE, _PIECES = 1 << 16, 4
_WAIT_SECONDS = 5.0


class KernelLog:
    r"""A pipe for the output of a process, which may write without an end; a file would fill the disk.

    Attributes:
        file: for the process to write to.

    Example:
        >>> with KernelLog() as log:
        ...     _ = log.file.write(b"[IPKernelApp] ready" + bytes([10]) + b"no such module")
        ...     log.file.flush()
        >>> log.last_lines()
        '\nno such module'
    """

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.file: BinaryIO = os.fdopen(writing, "wb")
        self._reading = os.fdopen(reading, "rb", buffering=0)
        self._kept: deque[bytes] = deque(maxlen=_PIECES)
        # A process that outlives the kernel may hold the pipe: nobody waits for that.
        self._thread = threading.Thread(target=self._read, name="kernel-log", daemon=True)

    def __enter__(self) -> KernelLog:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """No more is written by this process; waits for the rest, for some seconds."""
        self.file.close()
        self._thread.join(_WAIT_SECONDS)

    def last_lines(self, count: int = 8) -> str:
        """The last lines, without the messages of ipykernel, each on a new line."""
        lines = b"".join(self._kept).decode("utf-8", "replace").splitlines()
        said = [line[:1000] for line in lines if line.strip() and not line.startswith("[IPKernelApp]")]
        return "".join(f"\n{line}" for line in said[-count:])

    def _read(self) -> None:
        with self._reading:
            while piece := self._reading.read(_PIECE):
                self._kept.append(piece)
