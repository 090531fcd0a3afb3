"""Freed memory is kept for the next training step."""

from __future__ import annotations

import ctypes
import sys

# Of glibc's mallopt: free bytes that make the heap shrink; how many blocks may have pages of their own.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Let the next step have the memory of the last one.

    glibc gives large blocks back when they are freed, and the system clears new ones for every feature map:
    a part of each training step that ``benchmarks/freed_memory.py`` measures. Other systems keep their ways.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(_M_MMAP_MAX, 0)
            mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
