"""Keras, imported without the startup messages of its backend: ``from ...framework import keras, ops``.

TensorFlow 2.21 writes messages about the processor to standard error while it is imported, regardless of
``TF_CPP_MIN_LOG_LEVEL``. In a notebook they would appear in red under the first cell. Errors are exceptions
and not affected.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from segnet_nb._shared.registration import register
from segnet_nb._shared.silence import silence, silent_descriptor


def _is_useful(record: logging.LogRecord) -> bool:
    """Whether to show a log record of TensorFlow.

    Each network has its own functions. TensorFlow warns about that, in notebooks on standard output, as if
    one function were retraced repeatedly.
    """
    return "triggered tf.function retracing" not in str(record.msg)


logging.getLogger("tensorflow").addFilter(_is_useful)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with silent_descriptor(2):
    import keras

register()
# The types that a checker infers for these are wrong: it thinks that every function may return None.
ops: Any = keras.ops
tree: Any = keras.tree

__all__ = ["keras", "ops", "silence", "tree"]
