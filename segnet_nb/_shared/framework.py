"""Keras, imported without the startup messages of its backend: ``from ...framework import keras, ops``.

TensorFlow 2.21 writes messages about the processor to standard error while it is imported, regardless of
``TF_CPP_MIN_LOG_LEVEL``. In a notebook they would appear in red under the first cell. Errors are exceptions
and not affected.
"""

from __future__ import annotations

import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

from segnet_nb._shared.registration import register


@contextmanager
def _silent_descriptor(number: int) -> Iterator[None]:
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
        with _silent_descriptor(2), redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _is_useful(record: logging.LogRecord) -> bool:
    """Whether to show a log record of TensorFlow.

    Each network has its own functions. TensorFlow warns about that, in notebooks on standard output, as if
    one function were retraced repeatedly.
    """
    return "triggered tf.function retracing" not in str(record.msg)


logging.getLogger("tensorflow").addFilter(_is_useful)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _silent_descriptor(2):
    import keras

register()
# The types that a checker infers for these are wrong: it thinks that every function may return None.
ops: Any = keras.ops
tree: Any = keras.tree

__all__ = ["keras", "ops", "silence", "tree"]
