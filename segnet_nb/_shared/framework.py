"""Keras, imported once and without its backend's start-up messages: ``from ...framework import keras, ops``.

TensorFlow 2.21 writes notes about the processor to the process's standard error while it is imported,
whatever ``TF_CPP_MIN_LOG_LEVEL`` says. In a notebook they would stand red under the first cell of every
reader. Errors are exceptions and come through.
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


logging.getLogger("tensorflow").addFilter(_tells)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _silent_descriptor(2):
    import keras

register()
# The types that a checker infers for these are wrong: it thinks that every function may return None.
ops: Any = keras.ops
tree: Any = keras.tree

__all__ = ["keras", "ops", "silence", "tree"]
