"""Keras, imported once and in silence.

TensorFlow 2.21 writes notes about the processor to the process's standard error while it is imported,
whatever ``TF_CPP_MIN_LOG_LEVEL`` says. In a notebook they would stand red under the first cell of every
reader. Errors are exceptions and come through.
"""

from __future__ import annotations

import ctypes
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr


@contextmanager
def _silent_descriptor(number: int) -> Iterator[None]:
    """Send what compiled code writes to a file descriptor nowhere for a while."""
    try:
        kept = os.dup(number)
    except OSError:  # a process without standard error has nothing to silence
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, number)
        yield
    finally:
        os.dup2(kept, number)
        os.close(nowhere)
        os.close(kept)


@contextmanager
def silence() -> Iterator[None]:
    """Keep the notes of converters and compilers away, whether printed, logged or warned of."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with _silent_descriptor(2), redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _tells(record: logging.LogRecord) -> bool:
    """Whether a record of TensorFlow's is worth reading.

    Each network has functions of its own. TensorFlow warns of that, in notebooks on standard output, as if
    one function were traced again and again.
    """
    return "triggered tf.function retracing" not in str(record.msg)


# Of glibc's mallopt: free bytes that make the heap shrink; how many blocks may have pages of their own.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def _keep_freed_memory() -> None:
    """Let the next step have the memory of the last one.

    glibc gives large blocks back when they are freed, and the system clears new ones for every feature map:
    a part of each training step that ``benchmarks/freed_memory.py`` measures. Other systems keep their ways.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(_M_MMAP_MAX, 0)
            mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def load() -> None:
    """Import Keras, and with it the backend, unless it is there already."""
    logging.getLogger("tensorflow").addFilter(_tells)
    if "keras" not in sys.modules:
        _keep_freed_memory()
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with _silent_descriptor(2):
            import keras  # noqa: F401
