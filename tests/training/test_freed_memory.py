"""Freed memory is kept for the next step, in training alone."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

LARGE_BLOCKS = """
import ctypes, sys
from segnet_nb.training import freed_memory

class Information(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd".split()]
    _fields_ += [(f"rest{k}", ctypes.c_size_t) for k in range(5)]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Information
libc.malloc.restype = ctypes.c_void_p
if sys.argv[1] == "kept":
    freed_memory.keep_freed_memory()
before = libc.mallinfo2().hblks
assert libc.malloc(ctypes.c_size_t(64 << 20))
print(libc.mallinfo2().hblks - before)
"""


@pytest.mark.skipif(
    not (sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "mallinfo2")),
    reason="only glibc 2.33 and later tells which blocks have pages of their own",
)
@pytest.mark.parametrize(("kind", "blocks"), [("given back", 1), ("kept", 0)])
def test_large_blocks_have_no_pages_of_their_own(kind, blocks):
    # A block with pages of its own goes back to the system when it is freed; one on the heap is used again.
    done = subprocess.run(
        [sys.executable, "-c", LARGE_BLOCKS, kind], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == str(blocks), done.stderr
