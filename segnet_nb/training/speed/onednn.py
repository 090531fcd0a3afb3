"""TensorFlow's oneDNN kernels, for processes that train."""

from __future__ import annotations

import os
import platform
import sys

VARIABLE = "TF_ENABLE_ONEDNN_OPTS"
"""TensorFlow reads it while it is imported: 1 for the kernels of oneDNN, 0 for its own."""


def prefer_onednn() -> None:
    """Let TensorFlow use the kernels of oneDNN in this process, unless the environment says otherwise.

    By itself TensorFlow uses them on x86-64 processors with VNNI instructions only. On others too a training
    step is faster with them (docs/results.md). Predictions of small networks are slower, so this is for
    processes that train. It has no effect after TensorFlow was imported; numbers change by rounding alone.

    Example:
        >>> prefer_onednn()
    """
    if platform.machine().lower() in ("x86_64", "amd64") and "tensorflow" not in sys.modules:
        os.environ.setdefault(VARIABLE, "1")
