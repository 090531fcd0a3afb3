"""Keep freed memory for the next training step. Only ``train`` does so: it changes the whole process."""

from __future__ import annotations

import ctypes
import sys

# Parameters of glibc's mallopt: free bytes above which the heap is trimmed; how many blocks may be mapped.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Let each training step reuse the memory of the step before, for the rest of the process.

    glibc returns large freed blocks to the system, which clears new ones for every feature map:
    ``benchmarks/freed_memory.py`` measures how much of a training step that takes. Other systems are left
    as they are.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(_M_MMAP_MAX, 0)
            mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
