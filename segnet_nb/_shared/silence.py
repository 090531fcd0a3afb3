"""What compiled libraries announce on standard error, suppressed; needs no framework."""

from __future__ import annotations

import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr


@contextmanager
def silent_descriptor(number: int) -> Iterator[None]:
    """Discard what compiled code writes to a file descriptor."""
    try:
        original = os.dup(number)
    except OSError:  # a process without standard error
        yield
        return
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, number)
        yield
    finally:
        os.dup2(original, number)
        os.close(null)
        os.close(original)


@contextmanager
def silence() -> Iterator[None]:
    """Suppress messages of converters and compilers, whether printed, logged or warnings."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with silent_descriptor(2), redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
